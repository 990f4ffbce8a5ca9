// A paged JSON API, page by page: where the next page is, how often a failed one is tried, and the
// bounds that keep an endless one from being read for ever.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>

#include "base/clock.h"
#include "base/json.h"
#include "base/random.h"
#include "net/client.h"

namespace tenon::ingest {

struct PageRules {
  std::string url;         // of the first page
  net::Headers headers;    // with secrets; sent to the URL's own origin only
  std::string items = {};  // path to the list in an answer; empty: the answer itself
  enum class Next { kNone, kLink, kCursor, kOffset, kPage } next = Next::kNone;
  std::string next_path = {};  // of kLink: path to the URL, empty: the Link header; of kCursor
  std::string parameter = {};  // of the query: "cursor", "offset", "page" unless given
  std::int64_t page_size = 0;  // items that one page is asked for; 0: as the server likes
  std::string size_parameter = "limit";
  std::int64_t first_page = 1;
  std::int64_t pages_max = 10000;
  std::size_t page_bytes_max = 32u << 20;
};

struct PagerDeps {
  net::ClientDeps net;
  Clock& clock;
  Random& random;
  std::function<bool(std::chrono::milliseconds)> wait;  // false: stop
  std::function<bool()> cancelled;
  std::function<void(std::string_view level, const std::string& message)> note;
};

struct Page {
  std::int64_t number = 0;  // from 1
  json::array items;
  std::size_t bytes = 0;
};

// Not thread-safe.
class Pager {
 public:
  // Begins where `checkpoint` (of another Pager with these rules) says; empty: at the start.
  // kInvalidArgument for a URL that cannot be asked.
  static Result<std::unique_ptr<Pager>> Open(PageRules rules, const PagerDeps& deps,
                                             const json::object& checkpoint);

  // The next page; false after the last one. Errors: those of net::Client, kInvalidArgument for an
  // answer that is no page of items, kForbidden for a next page at another origin or an answer 401
  // or 403, kTooLarge for more pages than allowed or pages that go in circles.
  Result<bool> Next(Page& page);

  // Where the page after the last one read is.
  [[nodiscard]] json::object checkpoint() const;

 private:
  Pager(PageRules rules, const PagerDeps& deps);
  [[nodiscard]] std::string UrlOfPage() const;
  Result<net::Response> Get(const std::string& url);
  Result<> MoveOn(const net::Response& response, const json::value& document, std::size_t items);
  Result<> MoveTo(const net::Response& response, const std::string& reference);

  const PageRules rules_;
  const PagerDeps deps_;
  net::Client client_;
  std::int64_t pages_ = 0;
  int empty_pages_ = 0;  // in a row
  bool done_ = false;
  std::string url_;     // of the next page, with kLink
  std::string cursor_;  // with kCursor
  std::int64_t offset_ = 0, page_ = 0;
  std::unordered_set<std::string> seen_;  // digests of what pages were named by
};

// Adds `name=value` to a URL's query.
std::string WithParameter(const std::string& url, std::string_view name, std::string_view value);

}  // namespace tenon::ingest
