#include <fmt/format.h>

#include <iostream>

#include "cli/commands.h"
#include "cli/rows.h"

namespace tenon::cli {
namespace {

json::array Names(const std::string& text) {
  json::array names;
  std::size_t start = 0;
  while (start < text.size()) {
    const std::size_t comma = std::min(text.find(',', start), text.size());
    if (comma > start) names.emplace_back(text.substr(start, comma - start));
    start = comma + 1;
  }
  return names;
}

// A duration from now, or a time.
Result<std::string> Expiry(Session& session, const std::string& text) {
  if (const std::optional<Duration> duration = ParseShortDuration(text)) {
    return FormatTime(session.environment().clock->Now() + *duration);
  }
  if (const std::optional<Time> time = ParseTime(text)) return FormatTime(*time);
  return Fail(Code::kInvalidArgument,
              "--expires takes a duration such as 90d or a time such as 2027-01-01T00:00:00Z, "
              "not '" +
                  text + "'");
}

// The new key alone on standard output, all else on standard error: `KEY=$(tenon keys create ...)`.
void PrintKey(Session& session, const json::value& row) {
  if (session.format() != Format::kTable) return PrintValue(session, row);
  const json::value* key = row.is_object() ? row.get_object().if_contains("key") : nullptr;
  if (key == nullptr || !key->is_string()) return PrintValue(session, row);
  session.out() << std::string_view(key->get_string()) << "\n" << std::flush;
  const json::value* id = row.get_object().if_contains("id");
  session.Note(fmt::format("this is the only time that the key is shown; its id is {}",
                           id == nullptr ? "unknown" : Cell(*id)));
}

// --user takes an id or an e-mail address.
Result<std::string> UserId(Session& session, const std::string& user) {
  if (Uuid::Parse(user)) return user;
  Api* api = TRY(session.api());
  Target target("/v1/users");
  std::string quoted;
  AppendJsonString(user, quoted);
  target.Add("filter", "email = " + quoted).Add("page_size", "1");
  const json::value page = TRY(api->Call("GET", target));
  const json::value* items = page.is_object() ? page.get_object().if_contains("items") : nullptr;
  if (items == nullptr || !items->is_array() || items->get_array().empty()) {
    return Fail(Code::kNotFound, "there is no user with the e-mail address " + user);
  }
  return std::string(items->get_array()[0].at("id").as_string());
}

Result<int> RunCreate(Session& session, const Arguments& arguments) {
  json::object body = {{"name", arguments.Get("NAME")},
                       {"roles", Names(arguments.Get("roles", "reader"))}};
  if (arguments.Has("user")) body["user_id"] = TRY(UserId(session, arguments.Get("user")));
  if (arguments.Has("expires")) {
    body["expires_at"] = TRY(Expiry(session, arguments.Get("expires")));
  }
  Api* api = TRY(session.api());
  const json::value row = TRY(api->Call("POST", Target("/v1/api_keys"), json::value(body)));
  PrintKey(session, row);
  return 0;
}

Result<int> RunList(Session& session, const Arguments& arguments) {
  Api* api = TRY(session.api());
  RowPrinter printer(
      session, nullptr,
      {"id", "name", "prefix", "roles", "created_at", "expires_at", "last_used_at", "revoked_at"});
  std::string token;
  do {
    Target target("/v1/api_keys");
    target.Add("order_by", "created_at desc").Add("page_size", "1000").AddIf("page_token", token);
    if (!arguments.Has("all")) target.Add("filter", "revoked_at is null");
    const json::value page = TRY(api->Call("GET", target));
    if (!page.is_object() || !page.get_object().contains("items")) break;
    printer.Page(page.at("items").as_array());
    const json::value* next = page.get_object().if_contains("next_page_token");
    token = next != nullptr && next->is_string() ? std::string(next->get_string()) : "";
  } while (!token.empty());
  printer.End();
  return 0;
}

// An id, or the part of the key that lists show.
Result<std::string> KeyId(Session& session, const std::string& word) {
  if (Uuid::Parse(word)) return word;
  Api* api = TRY(session.api());
  std::string prefix = word.starts_with("tnn_") ? word.substr(4, 8) : word;
  std::string quoted;
  AppendJsonString(prefix, quoted);
  Target target("/v1/api_keys");
  target.Add("filter", "prefix = " + quoted).Add("page_size", "2");
  const json::value page = TRY(api->Call("GET", target));
  const json::value* items = page.is_object() ? page.get_object().if_contains("items") : nullptr;
  if (items == nullptr || !items->is_array() || items->get_array().empty()) {
    return Fail(Code::kNotFound, "there is no key with the id or prefix " + prefix);
  }
  if (items->get_array().size() > 1) {
    return Fail(Code::kConflict, "more than one key has the prefix " + prefix + "; give its id");
  }
  return std::string(items->get_array()[0].at("id").as_string());
}

Result<int> RunRevoke(Session& session, const Arguments& arguments) {
  Api* api = TRY(session.api());
  for (const std::string& word : arguments.All("ID")) {
    const std::string id = TRY(KeyId(session, word));
    Target target("/v1/api_keys");
    target.Segment(id).Text(":revoke");
    const Result<json::value> revoked = api->Call("POST", target, json::value(json::object{}));
    // The only condition of revoking is that it was not done yet.
    const bool before = !revoked && revoked.error().code == Code::kConflict;
    if (!revoked && !before) return Fail(revoked.error());
    session.Note("key " + id + (before ? " was revoked before" : " is refused from now on"));
  }
  return 0;
}

Result<int> RunRotate(Session& session, const Arguments& arguments) {
  const std::string id = TRY(KeyId(session, arguments.Get("ID")));
  json::object body;
  if (arguments.Has("overlap")) body["overlap"] = arguments.Get("overlap");
  if (arguments.Has("expires")) {
    const std::string expires = arguments.Get("expires");
    body["expires_at"] =
        expires == "never" ? json::value() : json::value(TRY(Expiry(session, expires)));
  }
  Api* api = TRY(session.api());
  Target target("/v1/api_keys");
  target.Segment(id).Text(":rotate");
  PrintKey(session, TRY(api->Call("POST", target, json::value(body))));
  return 0;
}

constexpr std::string_view kGroup = "Access";

}  // namespace

Command KeysCreateCommand() {
  return {
      .name = "keys create",
      .group = std::string(kGroup),
      .summary = "Make an API key and show it once",
      .details =
          "The key is the only thing on standard output. It can do no more than its user\n"
          "and than you.",
      .examples = {"tenon keys create ci --roles writer --expires 90d",
                   "tenon keys create reports --user ada@example.com"},
      .positionals = {{"NAME", "what the key is for"}},
      .options = {{"roles", "NAMES", "reader (default), writer, operator, approver, admin, system"},
                  {"user", "USER", "whose key it is, by id or e-mail address (default: you)"},
                  {"expires", "WHEN", "a duration such as 90d, or a time"}},
      .run = RunCreate};
}

Command KeysListCommand() {
  return {.name = "keys list",
          .group = std::string(kGroup),
          .summary = "List API keys; the keys themselves are never shown",
          .details = "",
          .examples = {"tenon keys list", "tenon keys list --all -o json"},
          .positionals = {},
          .options = {{"all", "", "revoked ones as well"}},
          .run = RunList};
}

Command KeysRevokeCommand() {
  return {.name = "keys revoke",
          .group = std::string(kGroup),
          .summary = "Refuse API keys from now on",
          .details = "",
          .examples = {"tenon keys revoke ID", "tenon keys revoke tnn_Ab12Cd34"},
          .positionals = {{"ID", "id or prefix of the key", true, true}},
          .options = {},
          .run = RunRevoke};
}

Command KeysRotateCommand() {
  return {
      .name = "keys rotate",
      .group = std::string(kGroup),
      .summary = "Replace an API key by a new one with the same roles",
      .details =
          "The old key is refused at once, or after --overlap. The new one expires when the\n"
          "old one would have, unless --expires says otherwise.",
      .examples = {"tenon keys rotate ID --overlap 24h", "tenon keys rotate ID --expires 90d"},
      .positionals = {{"ID", "id or prefix of the key"}},
      .options = {{"overlap", "DURATION", "let the old key work so much longer (at most 30d)"},
                  {"expires", "WHEN", "of the new key: a duration such as 90d, a time, or never"}},
      .run = RunRotate};
}

}  // namespace tenon::cli
