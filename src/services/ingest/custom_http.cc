// Any paged JSON API as rows of any entity.
#include <fmt/format.h>

#include <array>
#include <boost/json/serialize.hpp>

#include "base/text.h"
#include "net/url.h"
#include "services/ingest/http_pages.h"
#include "services/ingest/item_mapping.h"
#include "services/ingest/sources.h"

namespace tenon::ingest {
namespace {

constexpr std::size_t kShownItemMax = 4096;
constexpr std::array<std::pair<std::string_view, PageRules::Next>, 5> kNext = {
    {{"none", PageRules::Next::kNone},
     {"link", PageRules::Next::kLink},
     {"cursor", PageRules::Next::kCursor},
     {"offset", PageRules::Next::kOffset},
     {"page", PageRules::Next::kPage}}};

Result<PageRules> RulesOf(const json::object& options, const SourceSecrets& secrets) {
  PageRules rules;
  rules.url = OptionText(options, "url");
  rules.items = OptionText(options, "items");
  const std::string next = OptionText(options, "next");
  for (const auto& [name, kind] : kNext) {
    if (name == next) rules.next = kind;
  }
  rules.next_path = OptionText(options, "next_path");
  rules.parameter = OptionText(options, "parameter");
  rules.page_size = OptionInt(options, "page_size", 0);
  if (const std::string name = OptionText(options, "size_parameter"); !name.empty()) {
    rules.size_parameter = name;
  }
  rules.first_page = OptionInt(options, "first_page", rules.first_page);
  rules.pages_max = OptionInt(options, "pages_max", rules.pages_max);
  rules.headers = secrets.headers;
  return rules;
}

Result<ItemMapping> MappingOf(const json::object& options, const std::string& origin) {
  ItemMapping mapping;
  mapping.origin = origin;
  if (std::string table = OptionText(options, "entity"); !table.empty()) mapping.table = table;
  mapping.key = OptionText(options, "item_key");
  mapping.fields = TRY(ReadPairs("map", OptionTexts(options, "map")));
  mapping.constants = TRY(ReadPairs("set", OptionTexts(options, "set")));
  return mapping;
}

std::string OriginOf(const json::object& options) {
  std::string name = OptionText(options, "name");
  if (!name.empty()) return "custom-http:" + name;
  name = OptionText(options, "url");
  return "custom-http:" + name.substr(0, name.find('?'));
}

Result<> Read(SourceContext& context) {
  const json::object& options = context.options;
  const std::string origin = OriginOf(options);
  const ItemMapping mapping = TRY(MappingOf(options, origin));
  RowSink& sink = context.sink;
  const PagerDeps deps{.net = TRY(context.net()),
                       .clock = context.clock,
                       .random = context.random,
                       .wait = context.wait,
                       .cancelled = [&sink] { return sink.Cancelled(); },
                       .note = [&sink](std::string_view level,
                                       const std::string& message) { sink.Note(level, message); }};
  auto pager = TRY(Pager::Open(TRY(RulesOf(options, context.secrets)), deps, context.checkpoint));
  sink.Begin(origin, {mapping.table});
  sink.Phase("items", 0);
  if (!context.checkpoint.empty()) sink.Partial("the job goes on in the middle of its pages");
  std::int64_t bytes = 0;
  Page page;
  while (!sink.Cancelled() && TRY(pager->Next(page))) {
    bytes += static_cast<std::int64_t>(page.bytes);
    sink.Bytes(bytes, 0);
    std::uint64_t number = 0;
    for (const json::value& item : page.items) {
      const Position at{.offset = 0, .line = ++number};
      const std::string where = fmt::format("page {}, item {}", page.number, number);
      auto row = RowOf(mapping, item);
      if (!row) {
        TRY(sink.Reject(at, where, row.error().message,
                        Ellipsis(json::serialize(item), kShownItemMax)));
        continue;
      }
      TRY(sink.Put({.table = mapping.table, .fields = *std::move(row), .at = at, .where = where}));
    }
    sink.SetCheckpoint(pager->checkpoint());
  }
  return {};
}

constexpr std::array<std::string_view, 1> kRequired = {"url"};

Result<> Check(const json::object& options) {
  auto checked = CheckOptions(*FindSource("custom-http"), options, kRequired);
  Error error = checked ? Error(Code::kInvalidField, "the options of custom-http are wrong")
                        : std::move(checked).error();
  const auto wrong = [&](std::string_view name, std::string code, std::string message) {
    error.fields.push_back({fmt::format("options.{}", name), std::move(code), std::move(message)});
  };
  if (const std::string url = OptionText(options, "url"); !url.empty()) {
    if (const auto parsed = net::ParseUrl(url); !parsed) {
      wrong("url", "format", parsed.error().message);
    }
  }
  const std::string next = OptionText(options, "next");
  const auto* known =
      std::ranges::find(kNext, next, &std::pair<std::string_view, PageRules::Next>::first);
  if (!next.empty() && known == kNext.end()) {
    wrong("next", "enum", "is none, link, cursor, offset or page");
  }
  if (next == "cursor" && OptionText(options, "next_path").empty()) {
    wrong("next_path", "required", "is required: where in an answer the cursor stands");
  }
  for (const std::string_view name : {"map", "set"}) {
    const auto pairs = ReadPairs(name, OptionTexts(options, name));
    if (!pairs) error.fields.push_back(pairs.error().fields.front());
  }
  if (error.fields.empty()) return {};
  return Fail(std::move(error));
}

}  // namespace

SourceKind CustomHttpSource() {
  return {.name = "custom-http",
          .summary = "Import the items of a paged JSON API as rows of any entity",
          .options = {{"url", "URL", "the first page"},
                      {"entity", "TABLE", "whose rows the items become (default graph_nodes)"},
                      {"items", "WHERE", "where in an answer the list is, such as data.items"},
                      {"item_key", "WHERE", "what tells items apart, such as id"},
                      {"map", "PATH=FIELD", "value of the item to field of the row", true},
                      {"set", "FIELD=VALUE", "field with the same value in every row", true},
                      {"next", "none|link|cursor|offset|page", "how further pages are asked for"},
                      {"next_path", "WHERE", "where the next link or cursor stands"},
                      {"parameter", "NAME", "query parameter of the cursor, offset or page"},
                      {"page_size", "N", "items a page, asked for by size_parameter", false, true},
                      {"size_parameter", "NAME", "query parameter of the size (default limit)"},
                      {"first_page", "N", "number of the first page (default 1)", false, true},
                      {"pages_max", "N", "fail beyond so many pages (default 10000)", false, true},
                      {"header", "NAME: VALUE", "sent with each request; kept sealed", true, false,
                       true},
                      {"name", "NAME", "what the API is called here (default: its URL)"}},
          .fails_on_reject = false,
          .check = Check,
          .read = Read};
}

}  // namespace tenon::ingest
