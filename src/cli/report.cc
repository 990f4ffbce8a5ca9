#include "cli/report.h"

#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "cli/rows.h"
#include "cli/table.h"

namespace tenon::cli {
namespace {

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string Advice(const Error& error, const ReportContext& context) {
  if (context.where.empty()) return "";
  // What names another address is not about this server: a source that an import reads.
  if (Contains(error.message, "://") && !Contains(error.message, context.where)) return "";
  switch (error.code) {
    case Code::kUnauthenticated:
      return context.has_key
                 ? "the key was not accepted; list keys with tenon keys list under a valid one, or "
                   "log in again: tenon login"
                 : "give a key with --key, TENON_API_KEY or tenon login; a fresh server keeps its "
                   "first one in DIR/admin.key";
    case Code::kForbidden:
      return "ask an admin of the tenant for a key with the role: tenon keys create --roles ROLE";
    case Code::kUnavailable:
      if (context.is_default) {
        return "start a server with: tenon serve --data ./data; or name another with --url";
      }
      return Contains(error.message, "refused")
                 ? "is the server running? another one is named with --url or TENON_URL"
                 : "";
    case Code::kOutcomeUnknown:
      return "read the row again before trying once more: the write may have happened";
    default:
      return "";
  }
}

// Members of the problem that help a person and that the message does not say already; the rest is
// for programs.
std::string Details(const Error& error) {
  std::string out;
  for (const auto& member : error.details) {
    const std::string_view key = member.key();
    // Only a defect is worth looking up in the server's log.
    if (key == "trace_id" && !Info(error.code).log_as_error) continue;
    if (key == "offset" || key == "line" || key == "column" || member.value().is_null()) continue;
    std::string name(key);
    for (char& c : name) c = c == '_' ? ' ' : c;
    std::string text;
    if (member.value().is_array()) {
      for (const boost::json::value& item : member.value().get_array()) {
        text += (text.empty() ? "" : ", ") + Cell(item);
      }
      if (text.empty()) text = "none";
    } else {
      text = Cell(member.value());
    }
    if (Contains(error.message, text)) continue;
    out += fmt::format("  {}: {}\n", name, Printable(text));
  }
  return out;
}

// A line for each wrong field; a single one is often the whole message already.
std::string Fields(const Error& error, const Style& style) {
  std::string out;
  for (const FieldError& field : error.fields) {
    const std::string text = field.message.empty() ? field.code : field.message;
    if (error.fields.size() == 1 && Contains(error.message, text) &&
        (field.path.empty() || Contains(error.message, field.path))) {
      continue;
    }
    out +=
        "  " + (field.path.empty() ? "" : style.Bold(Printable(field.path)) + ": ") + text + "\n";
  }
  return out;
}

}  // namespace

std::string RenderError(const Error& error, const ReportContext& context, const Style& style) {
  std::string out = style.Red("error:") + " " + error.message + "\n";
  out += Fields(error, style);
  out += Details(error);
  if (error.retry_after_s) {
    out += fmt::format("  try again in {} s\n", *error.retry_after_s);
  }
  if (const std::string advice = Advice(error, context); !advice.empty()) {
    out += style.Cyan("hint:") + " " + advice + "\n";
  }
  return out;
}

}  // namespace tenon::cli
