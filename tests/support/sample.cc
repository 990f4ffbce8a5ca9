#include "support/sample.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <future>

#include "api/openapi_schema.h"
#include "support/node_world.h"

namespace tenon::testing {
namespace {

using model::Type;
using model::TypeKind;

json::value IntSample(const Type& type, const std::string& example) {
  std::int64_t number = 0;
  const char* end = example.data() + example.size();
  if (!example.empty() && std::from_chars(example.data(), end, number).ptr == end) return number;
  number = std::max<std::int64_t>(type.min.value_or(1), 1);
  return type.max ? std::min(number, *type.max) : number;
}

std::string TextSample(const Type& type, const std::string& example) {
  const std::string text = example.empty() ? "sample" : example;
  return type.length_max ? text.substr(0, static_cast<std::size_t>(*type.length_max)) : text;
}

}  // namespace

bool ClientsCreate(const model::Entity& entity) {
  if (!TakesCreate(entity)) return false;
  if (entity.permits.empty()) return true;
  return std::ranges::any_of(entity.permits, [](const model::Permit& permit) {
    return std::ranges::find(permit.actions, "create") != permit.actions.end();
  });
}

std::string IdFrom(const http::Response& response) {
  const std::string location(response.headers.Get("Location"));
  return location.substr(location.rfind('/') + 1);
}

std::string BodyOf(const http::Response& response) {
  if (response.shared_body) return *response.shared_body;
  if (!response.stream) return response.body;
  std::string body;
  for (bool more = true; more;) {
    std::promise<Result<std::optional<std::string>>> promise;
    auto future = promise.get_future();
    response.stream->Next(
        [&](Result<std::optional<std::string>> piece) { promise.set_value(std::move(piece)); });
    auto piece = future.get();
    more = piece && piece->has_value();
    if (more) body += **piece;
  }
  return body;
}

std::string Sampler::NewUuid() { return fmt::format("0c7a2f1e-5a90-4f6a-9f0b-{:012x}", ++number_); }

Result<json::value> Sampler::SampleShape(const model::Shape& shape) {
  json::object object;
  for (const model::ShapeField& field : shape.fields) {
    if (field.required) object[field.name] = TRY(Sample(field.type, field.example.value_or("")));
  }
  return object;
}

Result<json::value> Sampler::Sample(const Type& type, const std::string& example) {
  const auto text = [&](const char* otherwise) {
    return json::string(example.empty() ? otherwise : example.c_str());
  };
  switch (type.kind) {
    case TypeKind::kUuid:
      return json::string(NewUuid());
    case TypeKind::kUlid:
      return json::string(fmt::format("01H5C3S5J5{:016d}", ++number_));
    case TypeKind::kText:
      return json::string(TextSample(type, example));
    case TypeKind::kInt:
      return IntSample(type, example);
    case TypeKind::kDecimal:
      return text("1");
    case TypeKind::kFloat:
      return 1.5;
    case TypeKind::kBool:
      return true;
    case TypeKind::kTime:
      return text("2026-11-21T08:00:00Z");
    case TypeKind::kDuration:
      return text("PT5M");
    case TypeKind::kEnum:
      return json::string(type.enumeration->values.front().name);
    case TypeKind::kIp:
      return text("192.0.2.1");
    case TypeKind::kUrl:
      return text("https://example.com/sample");
    case TypeKind::kCron:
      return text("0 6 * * 1-5");
    case TypeKind::kTimezone:
      return text("UTC");
    case TypeKind::kLiteral:
      return json::string(type.literal);
    case TypeKind::kList:
      // Documents in a list are checked against each other (edges and nodes); none is a valid list.
      return type.element->IsJson() ? json::array() : json::array{TRY(Sample(*type.element))};
    case TypeKind::kMap:
      return json::object{{NewUuid(), TRY(Sample(*type.element))}};
    case TypeKind::kNull:
      return nullptr;
    case TypeKind::kJson:
    case TypeKind::kSecret:
      break;
  }
  const model::Shape* shape =
      type.union_ != nullptr ? type.union_->cases.front().second : type.shape;
  if (shape != nullptr) return SampleShape(*shape);
  if (type.kind == TypeKind::kSecret) return json::string("a secret");
  return json::object{{"sample", true}};
}

Result<json::value> Sampler::SampleField(const model::Field& field, const json::object& body) {
  if (field.reference) {
    const SampleRow target = TRY(Create(*field.reference->target));
    const auto& key = target.entity->key;
    const auto named = std::ranges::find_if(key, [](const auto* part) { return !part->tenant; });
    return target.row.at((named == key.end() ? key.front() : *named)->name);
  }
  if (field.type.by) {
    const std::string value(body.at(field.type.by->field).as_string());
    for (const auto& [name, shape] : field.type.by->cases) {
      if (name == value) return SampleShape(*shape);
    }
    return json::object();
  }
  json::value value = TRY(Sample(field.type, field.example.value_or("")));
  // Names tell rows apart; what checks want of a value is in its example, so it stays the end.
  if (field.type.kind == TypeKind::kText && (field.unique || field.search)) {
    value = json::string(fmt::format("n{}{}", ++number_, std::string_view(value.as_string())));
  }
  return value;
}

Result<json::object> Sampler::Body(const model::Entity& entity) {
  json::object body;
  for (const model::Field& field : entity.fields) {
    if (!IsCreatable(entity, field) || !field.RequiredOnCreate()) continue;
    body[field.name] = TRY(SampleField(field, body));
  }
  return body;
}

Result<SampleRow> Sampler::Create(const model::Entity& entity) {
  const json::object body = TRY(Body(entity));
  const http::Response response =
      send_(MakeRequest("POST", "/v1/" + entity.table, json::serialize(body)));
  if (response.status != 201) {
    return Fail(Code::kInternal, fmt::format("{}: {} {}, for {}", entity.table, response.status,
                                             response.body, json::serialize(body)));
  }
  SampleRow row{&entity, IdFrom(response), TRY(ParseJson(BodyOf(response))).as_object()};
  made_.push_back(row);
  return row;
}

}  // namespace tenon::testing
