#include "api/openlineage.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <memory>
#include <mutex>
#include <utility>

#include "api/context.h"
#include "base/text.h"

namespace tenon {
namespace {

using openlineage::Event;
using openlineage::Inlet;

constexpr std::size_t kBatchEventsMax = 10000;

// What became of a batch, in the words of OpenLineage's own API.
struct Batch {
  explicit Batch(ExchangePtr of) : exchange(std::move(of)) {}

  struct Failed {
    std::size_t index = 0;
    std::string reason;
    bool retriable = false;
  };

  void Note(std::size_t index, const Error& error) {
    std::string reason = error.message;
    for (const FieldError& field : error.fields) {
      if (reason.find(field.path + " " + field.message) != std::string::npos) continue;
      reason += fmt::format("; {} {}", field.path, field.message);
    }
    const bool retriable =
        error.code == Code::kTooManyRequests || Info(error.code).http_status >= 500;
    const std::lock_guard lock(mutex);
    failed.push_back({index, Ellipsis(reason, 2000), retriable});
  }

  void Answer() {
    const std::lock_guard lock(mutex);
    std::ranges::sort(failed, {}, &Failed::index);
    std::size_t retriable = 0;
    json::array list;
    for (const Failed& one : failed) {
      retriable += one.retriable ? 1 : 0;
      list.push_back(
          json::object{{"index", one.index}, {"reason", one.reason}, {"retriable", one.retriable}});
    }
    const std::size_t good = received - failed.size();
    const std::string_view status = failed.empty() ? "success"
                                    : good > 0     ? "partial_success"
                                                   : "failure";
    json::object answer{{"status", status},
                        {"summary", json::object{{"received", received},
                                                 {"successful", good},
                                                 {"failed", failed.size()},
                                                 {"retriable", retriable},
                                                 {"non_retriable", failed.size() - retriable}}},
                        {"failed_events", std::move(list)}};
    exchange->SendJson(failed.empty() ? 200 : good > 0 ? 207 : 400, json::serialize(answer));
  }

  ExchangePtr exchange;
  std::size_t received = 0;
  std::mutex mutex;
  std::vector<Failed> failed;        // guarded by mutex
  std::vector<std::size_t> indices;  // of the events that were posted
  std::size_t next = 0;              // of indices; on the inlet's thread only
};

void HandleOne(Inlet& inlet, const ExchangePtr& exchange) {
  const auto read = [&]() -> Result<std::vector<Event>> {
    const json::value document = TRY(ParseJson(exchange->request.body));
    std::vector<Event> events;
    events.push_back(TRY(openlineage::Decode(document, inlet.LatestTaken())));
    return events;
  };
  auto events = read();
  if (!events) return exchange->Fail(events.error());
  auto taken = inlet.Post(exchange->caller, *std::move(events), [exchange](Result<void> written) {
    if (!written) return exchange->Fail(written.error());
    // As Marquez answers: created, with nothing to say.
    http::Response response;
    response.status = 201;
    exchange->Send(std::move(response));
  });
  if (!taken) exchange->Fail(taken.error());
}

Result<json::array> EventsOf(const std::string& body) {
  json::value document = TRY(ParseJson(body));
  if (document.is_object()) {
    json::value* events = document.get_object().if_contains("events");
    if (events != nullptr) document = json::value(std::move(*events));
  }
  if (!document.is_array()) {
    return Fail(Code::kInvalidArgument, "a batch is a JSON array of OpenLineage events");
  }
  if (document.get_array().size() > kBatchEventsMax) {
    return Fail(Code::kTooLarge, fmt::format("a batch has at most {} events; this has {}",
                                             kBatchEventsMax, document.get_array().size()));
  }
  return std::move(document.get_array());
}

void HandleMany(Inlet& inlet, const ExchangePtr& exchange) {
  auto documents = EventsOf(exchange->request.body);
  if (!documents) return exchange->Fail(documents.error());
  auto batch = std::make_shared<Batch>(exchange);
  batch->received = documents->size();
  std::vector<Event> events;
  for (std::size_t i = 0; i < documents->size(); ++i) {
    auto event = openlineage::Decode((*documents)[i], inlet.LatestTaken());
    if (!event) {
      batch->Note(i, event.error());
      continue;
    }
    events.push_back(*std::move(event));
    batch->indices.push_back(i);
  }
  if (events.empty()) return batch->Answer();
  auto taken = inlet.Post(exchange->caller, std::move(events), [batch](Result<void> written) {
    const std::size_t index = batch->indices[batch->next++];
    if (!written) batch->Note(index, written.error());
    if (batch->next == batch->indices.size()) batch->Answer();
  });
  if (!taken) exchange->Fail(taken.error());
}

}  // namespace

std::vector<Route> OpenLineageRoutes(Inlet& inlet) {
  const auto one = [&inlet](const ApiContext&, const ExchangePtr& exchange) {
    HandleOne(inlet, exchange);
  };
  const auto many = [&inlet](const ApiContext&, const ExchangePtr& exchange) {
    HandleMany(inlet, exchange);
  };
  using enum Access;
  using enum Where;
  return {
      {"POST", "/api/v1/lineage", kCaller, kInline, one},
      {"POST", "/api/v2/lineage", kCaller, kInline, one},
      {"POST", "/api/v1/lineage/batch", kCaller, kPool, many},
      {"POST", "/api/v2/lineage/batch", kCaller, kPool, many},
  };
}

}  // namespace tenon
