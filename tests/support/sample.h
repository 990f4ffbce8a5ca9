// Valid rows made from the model alone: whatever an entity requires, with the rows that it refers
// to made first. Tests that hold for every entity walk the model with it, so that a new entity is
// covered on the day it is written.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "http/message.h"
#include "model/model.h"

namespace tenon::testing {

// A row that the sampler made through the API.
struct SampleRow {
  const model::Entity* entity = nullptr;
  std::string id;    // as it stands in URLs
  json::object row;  // the answer
};

// Not thread-safe. Values are numbered, so that no two rows of a sampler share a unique one.
class Sampler {
 public:
  using Send = std::function<http::Response(http::Request)>;

  Sampler(const model::Model& model, Send send) : model_(model), send_(std::move(send)) {}

  // A smallest valid body for a create; makes the rows that it must refer to.
  Result<json::object> Body(const model::Entity& entity);
  // Creates such a row.
  Result<SampleRow> Create(const model::Entity& entity);

  // A value of the type; `example` is the field's own.
  Result<json::value> Sample(const model::Type& type, const std::string& example = "");

  // Everything made so far, referred-to rows included.
  [[nodiscard]] const std::vector<SampleRow>& made() const { return made_; }

 private:
  Result<json::value> SampleField(const model::Field& field, const json::object& body);
  Result<json::value> SampleShape(const model::Shape& shape);
  std::string NewUuid();

  const model::Model& model_;
  Send send_;
  std::vector<SampleRow> made_;
  std::uint64_t number_ = 0;
};

// Whether clients may create rows of it with the general route: not the engine's, and a permit
// line, where there are any, lets somebody.
bool ClientsCreate(const model::Entity& entity);

// The last part of a Location header: the id as it stands in URLs.
std::string IdFrom(const http::Response& response);

// The whole answer, however the server holds it; streams are read to their end.
std::string BodyOf(const http::Response& response);

}  // namespace tenon::testing
