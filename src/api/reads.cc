// GET /v1/TABLE/{id}, GET /v1/TABLE, GET /v1/TABLE/{id}/history.
#include <utility>

#include "api/endpoints.h"
#include "api/query.h"
#include "base/limits.h"

namespace tenon {
namespace {

// One record, or 304 when the client already has it.
void SendRow(Exchange& exchange, std::shared_ptr<const GetResult> row) {
  http::Response response;
  if (!row->etag.empty()) response.headers.Set("ETag", "\"" + row->etag + "\"");
  // A key decides what is seen: shared caches keep nothing, the client's own asks again.
  response.headers.Set("Cache-Control", "private, no-cache");
  const std::string_view known = exchange.request.headers.Get("If-None-Match");
  if (!known.empty() && !row->etag.empty() && MatchesNone(known, row->etag)) {
    response.status = 304;
    return exchange.Send(std::move(response));
  }
  response.headers.Set("Content-Type", "application/json");
  // Shared with the cache: the bytes are not copied.
  response.shared_body = std::shared_ptr<const std::string>(row, &row->body);
  exchange.Send(std::move(response));
}

Result<GetOptions> ReadGetOptions(const http::Request& request) {
  GetOptions options;
  options.fields = TRY(ListParameter(request, "fields"));
  options.expand = TRY(ListParameter(request, "expand"));
  options.with_deleted = TRY(BoolParameter(request, "deleted", false));
  if (const auto text = request.Query("as_of")) {
    options.as_of = ParseTime(*text);
    if (!options.as_of) {
      return BadParameter("as_of", "must be a time with an offset, such as 2026-11-21T08:00:00Z");
    }
  }
  return options;
}

Result<ListQuery> ReadListQuery(const http::Request& request) {
  ListQuery query;
  query.filter = TextParameter(request, "filter");
  query.order_by = TextParameter(request, "order_by");
  query.page_size =
      static_cast<int>(TRY(IntParameter(request, "page_size", 1, limits::kPageSizeMax, 0)));
  query.page_token = TextParameter(request, "page_token");
  query.fields = TRY(ListParameter(request, "fields"));
  query.expand = TRY(ListParameter(request, "expand"));
  query.count = TRY(BoolParameter(request, "count", false));
  query.with_deleted = TRY(BoolParameter(request, "deleted", false));
  return query;
}

}  // namespace

void HandleGet(const ApiContext& api, const ExchangePtr& exchange) {
  // The plain read is the commonest request there is: nothing but the cache, when it is there.
  const bool plain = exchange->request.query.empty();
  if (plain) {
    if (auto row = api.engine.Cached(exchange->caller, *exchange->entity, exchange->id)) {
      return SendRow(*exchange, std::move(row));
    }
  }
  const auto send = [exchange](Result<GetResult> row) {
    if (!row) return exchange->Fail(row.error());
    SendRow(*exchange, std::make_shared<const GetResult>(std::move(*row)));
  };
  if (plain) return api.engine.GetSoon(exchange->caller, *exchange->entity, exchange->id, send);
  const auto options = ReadGetOptions(exchange->request);
  if (!options) return exchange->Fail(options.error());
  send(api.engine.Get(exchange->caller, *exchange->entity, exchange->id, *options));
}

void HandleList(const ApiContext& api, const ExchangePtr& exchange) {
  const auto query = ReadListQuery(exchange->request);
  if (!query) return exchange->Fail(query.error());
  auto page = api.engine.List(exchange->caller, *exchange->entity, *query);
  if (!page) return exchange->Fail(page.error());
  exchange->SendJson(200, std::move(*page));
}

void HandleHistory(const ApiContext& api, const ExchangePtr& exchange) {
  const http::Request& request = exchange->request;
  const auto size = IntParameter(request, "page_size", 1, limits::kPageSizeMax, 0);
  if (!size) return exchange->Fail(size.error());
  auto page = api.engine.History(exchange->caller, *exchange->entity, exchange->id,
                                 static_cast<int>(*size), TextParameter(request, "page_token"));
  if (!page) return exchange->Fail(page.error());
  exchange->SendJson(200, std::move(*page));
}

}  // namespace tenon
