#include "store/postgres/look_ups.h"

#include <bit>
#include <charconv>

namespace tenon {
namespace {

constexpr std::size_t kTogetherMax = 64;
constexpr std::size_t kBytesMax = 256 << 10;

// A placeholder with its type: where it stands, and the type.
struct Typed {
  std::size_t at = 0, size = 0;
  std::string_view type;
};

bool IsOfName(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

// Empty when one is not as LookUps::Fits wants them.
std::vector<Typed> TypedIn(std::string_view sql) {
  std::vector<Typed> all;
  for (std::size_t at = sql.find('$'); at != sql.npos; at = sql.find('$', at + 1)) {
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(sql.data() + at + 1, sql.data() + sql.size(), number);
    std::string_view rest = sql.substr(static_cast<std::size_t>(end - sql.data()));
    if (error != std::errc() || number != all.size() + 1 || !rest.starts_with("::")) return {};
    rest.remove_prefix(2);
    std::size_t letters = 0;
    while (letters < rest.size() && IsOfName(rest[letters])) ++letters;
    const bool ends = letters == rest.size() || rest[letters] == ' ';
    if (letters == 0 || !ends) return {};
    const std::string_view type = rest.substr(0, letters);
    all.push_back(
        {at, static_cast<std::size_t>(type.data() + type.size() - sql.data()) - at, type});
  }
  return all;
}

}  // namespace

bool LookUps::Fits(std::string_view sql) {
  return sql.starts_with("SELECT ") && sql.find('\'') == sql.npos && !TypedIn(sql).empty();
}

std::string SqlOfLookUps(std::string_view sql, std::size_t times) {
  const std::vector<Typed> typed = TypedIn(sql);
  std::string out = "SELECT t.*, k.n FROM (VALUES ";
  std::size_t number = 0;
  for (std::size_t i = 1; i <= times; ++i) {
    out += (i == 1 ? "(" : ", (") + std::to_string(i);
    for (const Typed& one : typed) {
      out += ", $" + std::to_string(++number) + "::";
      out += one.type;
    }
    out += ')';
  }
  out += ") AS k (n";
  for (std::size_t i = 1; i <= typed.size(); ++i) out += ", p" + std::to_string(i);
  out += ") CROSS JOIN LATERAL (";
  std::size_t done = 0;
  for (std::size_t i = 0; i < typed.size(); ++i) {
    out += sql.substr(done, typed[i].at - done);
    out += "k.p" + std::to_string(i + 1);
    done = typed[i].at + typed[i].size;
  }
  out += sql.substr(done);
  // Not to be joined otherwise than one by one, whatever the statistics say.
  return out + " OFFSET 0) AS t";
}

bool LookUps::full() const {
  return found_.size() >= kTogetherMax || parameters_.bytes() >= kBytesMax;
}

Result<void> LookUps::Add(std::span<const Value> parameters, FoundRows& found) {
  TRY(parameters_.Append(parameters));
  found_.push_back(&found);
  return {};
}

void LookUps::Send(PgConnection& connection, std::size_t tag) {
  if (found_.empty()) return;
  const std::span<const char* const> all = parameters_.pointers();
  const std::size_t each = all.size() / found_.size();
  for (std::size_t sent = 0; sent < found_.size();) {
    const std::size_t some = std::bit_floor(found_.size() - sent);
    const auto result = std::make_shared<PgResult>();
    for (std::size_t i = 0; i < some; ++i) {
      *found_[sent + i] = {result, some == 1 ? 0 : static_cast<std::int64_t>(i) + 1};
    }
    connection.QueueEncoded(some == 1 ? sql_ : SqlOfLookUps(sql_, some),
                            all.subspan(sent * each, some * each), result.get(), tag);
    sent += some;
  }
  parameters_.Clear();
  found_.clear();
}

}  // namespace tenon
