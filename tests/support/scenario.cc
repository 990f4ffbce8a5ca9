#include "support/scenario.h"

#include <fmt/format.h>
#include <re2/re2.h>
#include <yaml-cpp/yaml.h>

#include <boost/json/serialize.hpp>
#include <cctype>
#include <map>
#include <memory>
#include <optional>

namespace tenon::testing {
namespace {

struct State {
  std::map<std::string, json::value> names;
  std::vector<std::string> differences;
};

bool IsName(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// "$run" inside text becomes its value.
std::string Substitute(const std::string& text, const State& state) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '$') {
      out += text[i];
      continue;
    }
    std::size_t end = i + 1;
    while (end < text.size() && IsName(text[end])) ++end;
    const auto found = state.names.find(text.substr(i + 1, end - i - 1));
    if (found == state.names.end()) {
      out += text.substr(i, end - i);
    } else {
      out += found->second.is_string() ? std::string(found->second.as_string())
                                       : json::serialize(found->second);
    }
    i = end - 1;
  }
  return out;
}

json::value ToJson(const YAML::Node& node, const State& state) {
  if (node.IsSequence()) {
    json::array array;
    for (const auto& item : node) array.push_back(ToJson(item, state));
    return array;
  }
  if (node.IsMap()) {
    json::object object;
    for (const auto& item : node) {
      object[item.first.as<std::string>()] = ToJson(item.second, state);
    }
    return object;
  }
  if (!node.IsDefined() || node.IsNull()) return nullptr;
  const std::string text = node.as<std::string>();
  if (node.Tag() == "!") return json::string(Substitute(text, state));  // it stood in quotes
  if (text == "true" || text == "false") return text == "true";
  static const RE2 number(R"(-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?)");
  if (RE2::FullMatch(text, number)) {
    auto parsed = ParseJson(text);
    if (parsed) return *parsed;
  }
  // A value that is nothing but a name keeps its type.
  if (text.size() > 1 && text[0] == '$') {
    const auto found = state.names.find(text.substr(1));
    if (found != state.names.end()) return found->second;
  }
  return json::string(Substitute(text, state));
}

void Match(const YAML::Node& wanted, const json::value* actual, const std::string& path,
           State& state);

void MatchScalar(const YAML::Node& wanted, const json::value* actual, const std::string& path,
                 State& state) {
  const std::string text = wanted.IsNull() ? "null" : wanted.as<std::string>();
  const auto differ = [&](const std::string& what) {
    state.differences.push_back(fmt::format(
        "{}: {}, got {}", path, what, actual == nullptr ? "nothing" : json::serialize(*actual)));
  };
  if (text == "!absent") {
    if (actual != nullptr) differ("expected no such member");
    return;
  }
  if (actual == nullptr) {
    if (!wanted.IsNull()) differ("expected " + text);
    return;
  }
  if (text == "*") {
    if (actual->is_null()) differ("expected a value");
    return;
  }
  const std::string shown =
      actual->is_string() ? std::string(actual->as_string()) : json::serialize(*actual);
  if (text.size() > 1 && text[0] == '~') {
    if (!RE2::PartialMatch(shown, text.substr(1))) differ("expected to match " + text.substr(1));
    return;
  }
  if (text.size() > 1 && text[0] == '$' && !state.names.contains(text.substr(1))) {
    state.names[text.substr(1)] = *actual;
    return;
  }
  const json::value expected = ToJson(wanted, state);
  if (CanonicalJson(expected) != CanonicalJson(*actual)) {
    differ("expected " + json::serialize(expected));
  }
}

void Match(const YAML::Node& wanted, const json::value* actual, const std::string& path,
           State& state) {
  if (wanted.IsScalar() || wanted.IsNull()) return MatchScalar(wanted, actual, path, state);
  if (wanted.IsMap()) {
    if (actual == nullptr || !actual->is_object()) {
      state.differences.push_back(path + ": expected an object, got " +
                                  (actual == nullptr ? "nothing" : json::serialize(*actual)));
      return;
    }
    for (const auto& item : wanted) {
      const std::string key = item.first.as<std::string>();
      Match(item.second, actual->as_object().if_contains(key), path + "." + key, state);
    }
    return;
  }
  if (actual == nullptr || !actual->is_array()) {
    state.differences.push_back(path + ": expected a list");
    return;
  }
  std::size_t count = wanted.size();
  const bool open =
      count > 0 && wanted[count - 1].IsScalar() && wanted[count - 1].as<std::string>() == "...";
  if (open) --count;
  const json::array& items = actual->as_array();
  if (open ? items.size() < count : items.size() != count) {
    state.differences.push_back(fmt::format("{}: expected {}{} items, got {}: {}", path, count,
                                            open ? " or more" : "", items.size(),
                                            json::serialize(items)));
    return;
  }
  for (std::size_t i = 0; i < count; ++i) {
    Match(wanted[i], &items[i], fmt::format("{}[{}]", path, i), state);
  }
}

std::optional<int> HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

std::string PercentDecode(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) && HexDigit(text[i + 2])) {
      out += static_cast<char>(*HexDigit(text[i + 1]) * 16 + *HexDigit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

// In a scenario a query is written as a person reads it; only %, & and # need escapes.
http::Request RequestOf(const std::string& method, const std::string& target) {
  http::Request request;
  request.method = method;
  const std::size_t mark = target.find('?');
  request.path = PercentDecode(target.substr(0, mark));
  if (request.path != target.substr(0, mark)) request.raw_path = target.substr(0, mark);
  std::string rest = mark == std::string::npos ? "" : target.substr(mark + 1);
  while (!rest.empty()) {
    const std::size_t end = rest.find('&');
    const std::string item = rest.substr(0, end);
    rest = end == std::string::npos ? "" : rest.substr(end + 1);
    const std::size_t equals = item.find('=');
    request.query.emplace_back(
        PercentDecode(item.substr(0, equals)),
        equals == std::string::npos ? "" : PercentDecode(item.substr(equals + 1)));
  }
  request.remote_address = "192.0.2.7";
  request.headers.Set("User-Agent", "scenario");
  return request;
}

void RunCall(const YAML::Node& step, const std::string& verb, World& world, State& state) {
  std::string method = verb;
  for (char& c : method) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  const std::string target = Substitute(step[verb].as<std::string>(), state);
  http::Request request = RequestOf(method, target);
  if (step["headers"]) {
    for (const auto& header : step["headers"]) {
      request.headers.Set(header.first.as<std::string>(),
                          Substitute(header.second.as<std::string>(), state));
    }
  }
  if (step["raw"]) {
    request.body = step["raw"].as<std::string>();
  } else if (step["body"]) {
    request.body = json::serialize(ToJson(step["body"], state));
  }
  const std::string as = step["as"] ? step["as"].as<std::string>() : "admin";
  const http::Response response = world.Call(as, std::move(request));
  const std::string body = response.shared_body ? *response.shared_body : response.body;
  const std::string where = method + " " + target;
  const int expected = step["expect"] ? step["expect"].as<int>() : 200;
  if (response.status != expected) {
    state.differences.push_back(
        fmt::format("{}: expected {}, got {}: {}", where, expected, response.status, body));
    return;
  }
  if (step["reply_text"]) {
    const std::string wanted = step["reply_text"].as<std::string>();
    if (!RE2::PartialMatch(body, wanted)) {
      state.differences.push_back(fmt::format("{}: expected text {}, got {}", where, wanted, body));
    }
  }
  if (step["reply_without"]) {
    const std::string unwanted = Substitute(step["reply_without"].as<std::string>(), state);
    if (body.find(unwanted) != std::string::npos) {
      state.differences.push_back(fmt::format("{}: the answer has {}: {}", where, unwanted, body));
    }
  }
  if (step["reply"]) {
    const auto parsed = ParseJson(body);
    if (!parsed) {
      state.differences.push_back(where + ": the answer is not JSON: " + body);
    } else {
      Match(step["reply"], &*parsed, where, state);
    }
  }
  if (step["reply_headers"]) {
    for (const auto& header : step["reply_headers"]) {
      const std::string name = header.first.as<std::string>();
      const json::value value = json::string(response.headers.Get(name));
      Match(header.second, response.headers.Has(name) ? &value : nullptr, where + " " + name,
            state);
    }
  }
}

void RunStep(const YAML::Node& step, World& world, State& state) {
  for (const char* verb : {"get", "post", "patch", "delete", "put", "head", "options"}) {
    if (step[verb]) return RunCall(step, verb, world, state);
  }
  Result<void> done;
  if (step["advance"]) {
    const auto by = ParseShortDuration(step["advance"].as<std::string>());
    if (!by) {
      state.differences.push_back("advance: not a duration");
      return;
    }
    done = world.Advance(*by);
  } else if (step["purge"]) {
    done = world.Purge();
  } else if (step["work"]) {
    done = world.Work();
  } else if (step["log"]) {
    const auto rows = world.NewLogRows();
    if (!rows) {
      state.differences.push_back("log: " + rows.error().message);
      return;
    }
    const json::value value = *rows;
    Match(step["log"], &value, "log", state);
  } else {
    state.differences.push_back("a step that says nothing to do");
  }
  if (!done) state.differences.push_back(done.error().message);
}

}  // namespace

std::vector<std::string> RunScenario(const std::string& path, const MakeWorld& make_world) {
  State state;
  try {
    const YAML::Node file = YAML::LoadFile(path);
    auto world = make_world(file["model"] ? file["model"].as<std::string>() : std::string());
    if (!world) return {"the world: " + world.error().message};
    int number = 0;
    for (const auto& step : file["steps"]) {
      ++number;
      const std::size_t before = state.differences.size();
      RunStep(step, **world, state);
      for (std::size_t i = before; i < state.differences.size(); ++i) {
        state.differences[i] = fmt::format("step {} (line {}): {}", number, step.Mark().line + 1,
                                           state.differences[i]);
      }
      // What follows a step that went wrong tells nothing more.
      if (state.differences.size() > before) break;
    }
  } catch (const YAML::Exception& error) {
    state.differences.push_back(error.what());
  }
  return state.differences;
}

}  // namespace tenon::testing
