#include "services/ingest/http_pages.h"

#include <fmt/format.h>

#include <boost/json/serialize.hpp>

#include "base/hash.h"
#include "base/text.h"
#include "net/retry.h"
#include "net/url.h"
#include "services/ingest/json_fields.h"
#include "services/ingest/page_link.h"

namespace tenon::ingest {
namespace {

// Pages that are empty and still name a next one: some APIs filter after they cut pages.
constexpr int kEmptyPagesMax = 100;
constexpr std::size_t kCursorBytesMax = 4096;

net::ClientOptions OptionsOf(const PageRules& rules, const PagerDeps& deps) {
  net::ClientOptions options;
  options.limits.body_bytes_max = rules.page_bytes_max;
  options.cancelled = deps.cancelled;
  return options;
}

bool IsJson(const net::Response& response) {
  const auto type = net::Find(response.headers, "Content-Type");
  if (!type) return true;
  const std::string_view name = type->substr(0, type->find(';'));
  return name.find("json") != std::string_view::npos || net::EqualFold(name, "text/plain") ||
         net::EqualFold(name, "application/octet-stream");
}

// What the server said of its refusal, as far as it is text that one can show.
std::string Said(const net::Response& response) {
  std::string said;
  const auto document = ParseJson(response.body);
  if (document && document->is_object()) {
    for (const std::string_view name : {"detail", "message", "error", "title"}) {
      if (said.empty()) said = TextIn(document->get_object(), name);
    }
  }
  return said.empty() ? "" : ": " + Ellipsis(said, 200);
}

Result<> CheckStatus(const net::Response& response, const std::string& url) {
  if (response.status >= 200 && response.status < 300) return {};
  Code code = Code::kInvalidArgument;
  if (response.status == 401 || response.status == 403) code = Code::kForbidden;
  if (response.status == 404 || response.status == 410) code = Code::kNotFound;
  if (net::IsWorthRetrying(response)) code = Code::kUnavailable;
  return Fail(code, fmt::format("{} answered {}{}", url, response.status, Said(response)));
}

std::string TextOf(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_int64() || value.is_uint64()) return json::serialize(value);
  return "";
}

// Without its query: what may be shown of a URL that has keys in it.
std::string Shown(const std::string& url) { return url.substr(0, url.find('?')); }

}  // namespace

std::string WithParameter(const std::string& url, std::string_view name, std::string_view value) {
  const std::string whole = url.substr(0, url.find('#'));
  const char joint = whole.find('?') == std::string::npos ? '?' : '&';
  return fmt::format("{}{}{}={}", whole, joint, net::PercentEncode(name),
                     net::PercentEncode(value));
}

Pager::Pager(PageRules rules, const PagerDeps& deps)
    : rules_(std::move(rules)), deps_(deps), client_(deps.net, OptionsOf(rules_, deps)) {}

Result<std::unique_ptr<Pager>> Pager::Open(PageRules rules, const PagerDeps& deps,
                                           const json::object& checkpoint) {
  TRY(net::ParseUrl(rules.url));
  if (rules.parameter.empty()) {
    rules.parameter = rules.next == PageRules::Next::kCursor   ? "cursor"
                      : rules.next == PageRules::Next::kOffset ? "offset"
                                                               : "page";
  }
  std::unique_ptr<Pager> pager(new Pager(std::move(rules), deps));
  pager->url_ = pager->rules_.url;
  pager->page_ = pager->rules_.first_page;
  if (!checkpoint.empty()) {
    if (std::string url = TextIn(checkpoint, "url"); !url.empty()) pager->url_ = std::move(url);
    pager->cursor_ = TextIn(checkpoint, "cursor");
    const auto number = [&](std::string_view name, std::int64_t& into) {
      const json::value* value = checkpoint.if_contains(name);
      if (value != nullptr && value->is_int64()) into = value->get_int64();
    };
    number("offset", pager->offset_);
    number("page", pager->page_);
    number("pages", pager->pages_);
    pager->done_ = FlagIn(checkpoint, "done", false);
  }
  return pager;
}

json::object Pager::checkpoint() const {
  json::object checkpoint{{"pages", pages_}};
  if (done_) checkpoint["done"] = true;
  switch (rules_.next) {
    case PageRules::Next::kNone:
      break;
    case PageRules::Next::kLink:
      checkpoint["url"] = url_;
      break;
    case PageRules::Next::kCursor:
      checkpoint["cursor"] = cursor_;
      break;
    case PageRules::Next::kOffset:
      checkpoint["offset"] = offset_;
      break;
    case PageRules::Next::kPage:
      checkpoint["page"] = page_;
      break;
  }
  return checkpoint;
}

std::string Pager::UrlOfPage() const {
  std::string url = rules_.next == PageRules::Next::kLink ? url_ : rules_.url;
  // A link that the server gave says all by itself.
  if (rules_.page_size > 0 && (rules_.next != PageRules::Next::kLink || pages_ == 0)) {
    url = WithParameter(url, rules_.size_parameter, std::to_string(rules_.page_size));
  }
  switch (rules_.next) {
    case PageRules::Next::kNone:
    case PageRules::Next::kLink:
      break;
    case PageRules::Next::kCursor:
      if (!cursor_.empty()) url = WithParameter(url, rules_.parameter, cursor_);
      break;
    case PageRules::Next::kOffset:
      url = WithParameter(url, rules_.parameter, std::to_string(offset_));
      break;
    case PageRules::Next::kPage:
      url = WithParameter(url, rules_.parameter, std::to_string(page_));
      break;
  }
  return url;
}

Result<net::Response> Pager::Get(const std::string& url) {
  net::Request request{.method = "GET", .url = url, .headers = rules_.headers};
  if (!net::Find(request.headers, "Accept")) {
    request.headers.emplace_back("Accept", "application/json");
  }
  const net::RetryDeps retry{
      .clock = deps_.clock,
      .random = deps_.random,
      .wait = deps_.wait,
      .note = [&](int, std::string_view why, std::chrono::milliseconds wait) {
        if (!deps_.note) return;
        deps_.note("warn", fmt::format("{}: {}; again in {} ms", Shown(url), why, wait.count()));
      }};
  return net::SendWithRetries(client_, request, {}, retry);
}

Result<bool> Pager::Next(Page& page) {
  if (done_) return false;
  if (pages_ >= rules_.pages_max) {
    return Fail(Code::kTooLarge,
                fmt::format("{} has over {} pages; raise pages_max if that is right",
                            Shown(rules_.url), rules_.pages_max));
  }
  const std::string url = UrlOfPage();
  const Digest digest = Sha256(url);
  if (!seen_.emplace(reinterpret_cast<const char*>(digest.data()), digest.size()).second) {
    return Fail(Code::kTooLarge, fmt::format("page {} of {} names a page that was read before",
                                             pages_, Shown(rules_.url)));
  }
  const net::Response response = TRY(Get(url));
  TRY(CheckStatus(response, Shown(url)));
  if (!IsJson(response)) {
    const auto type = net::Find(response.headers, "Content-Type");
    return Fail(Code::kInvalidArgument, fmt::format("{} answered {}, not JSON", Shown(url),
                                                    Ellipsis(type.value_or(""), 100)));
  }
  auto document = ParseJson(response.body);
  if (!document) return Fail(std::move(document).error().In(Shown(url)));
  const json::value* found = AtPath(*document, rules_.items);
  if (found == nullptr || !found->is_array()) {
    return Fail(Code::kInvalidArgument,
                fmt::format("{} has no list of items{}", Shown(url),
                            rules_.items.empty() ? "; name the path to it with items"
                                                 : fmt::format(" at {}", rules_.items)));
  }
  page.number = ++pages_;
  page.bytes = response.body.size();
  page.items = found->get_array();
  TRY(MoveOn(response, *document, page.items.size()));
  return true;
}

Result<> Pager::MoveOn(const net::Response& response, const json::value& document,
                       std::size_t items) {
  empty_pages_ = items == 0 ? empty_pages_ + 1 : 0;
  if (empty_pages_ > kEmptyPagesMax) {
    return Fail(Code::kTooLarge,
                fmt::format("{} gave {} empty pages in a row", Shown(rules_.url), empty_pages_));
  }
  switch (rules_.next) {
    case PageRules::Next::kNone:
      done_ = true;
      return {};
    case PageRules::Next::kLink: {
      std::string link;
      if (rules_.next_path.empty()) {
        link = LinkOf(response.headers, "next").value_or("");
      } else if (const json::value* value = AtPath(document, rules_.next_path)) {
        link = TextOf(*value);
      }
      done_ = link.empty();
      return done_ ? Result<>() : MoveTo(response, link);
    }
    case PageRules::Next::kCursor: {
      const json::value* value = AtPath(document, rules_.next_path);
      std::string cursor = value != nullptr ? TextOf(*value) : "";
      if (cursor.size() > kCursorBytesMax) {
        return Fail(Code::kTooLarge, fmt::format("the cursor of page {} has over {} bytes", pages_,
                                                 kCursorBytesMax));
      }
      done_ = cursor.empty();
      cursor_ = std::move(cursor);
      return {};
    }
    case PageRules::Next::kOffset:
      offset_ += static_cast<std::int64_t>(items);
      break;
    case PageRules::Next::kPage:
      ++page_;
      break;
  }
  done_ =
      items == 0 || (rules_.page_size > 0 && static_cast<std::int64_t>(items) < rules_.page_size);
  return {};
}

// The headers go along, so the page must be where they were meant for.
Result<> Pager::MoveTo(const net::Response& response, const std::string& reference) {
  const net::Url base = TRY(net::ParseUrl(response.url));
  auto next = net::ResolveUrl(base, reference);
  if (!next) return Fail(std::move(next).error().In(fmt::format("the link of page {}", pages_)));
  const net::Url first = TRY(net::ParseUrl(rules_.url));
  if (next->Origin() != first.Origin()) {
    return Fail(Code::kForbidden, fmt::format("page {} names {} as the next, which is not {}",
                                              pages_, next->Origin(), first.Origin()));
  }
  url_ = next->ToString();
  return {};
}

}  // namespace tenon::ingest
