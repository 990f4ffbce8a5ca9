#include "services/openlineage/marks.h"

#include <array>

#include "base/json.h"

namespace tenon::openlineage {

Result<Marks> Marks::Load(Reader& reader, const Uuid& tenant, const Uuid& subject) {
  Marks marks;
  const std::array<Value, 2> parameters = {Value(tenant), Value(subject)};
  std::string text;
  TRY(reader.Query("SELECT marks FROM lineage_marks WHERE tenant_id = $1 AND subject = $2",
                   parameters, [&](const Row& row) -> Result<bool> {
                     text = row.Text(0);
                     return false;
                   }));
  if (text.empty()) return marks;
  marks.fresh_ = false;
  const json::value document = TRY(ParseJson(text));
  if (!document.is_object()) return Fail(Code::kInternal, "lineage_marks: no object");
  for (const auto& member : document.get_object()) {
    // "TIME DIGEST"; the time is 27 characters.
    if (!member.value().is_string()) continue;
    const std::string_view mark = member.value().get_string();
    const auto time = ParseTime(mark.substr(0, 27));
    if (!time) continue;
    marks.marks_[std::string(member.key())] = {
        *time, mark.size() > 28 ? std::string(mark.substr(28)) : ""};
  }
  return marks;
}

const Mark* Marks::Find(std::string_view name) const {
  const auto found = marks_.find(name);
  return found == marks_.end() ? nullptr : &found->second;
}

Marks::Outcome Marks::Offer(const std::string& name, const Mark& mark) {
  const auto [at, fresh] = marks_.try_emplace(name, mark);
  if (fresh) {
    moved_ = true;
    return Outcome::kNew;
  }
  if (!(at->second < mark)) return Outcome::kLost;
  moved_ = true;
  const bool same = at->second.digest == mark.digest;
  at->second = mark;
  return same ? Outcome::kSame : Outcome::kNew;
}

bool Marks::OfferEarlier(const std::string& name, Time time) {
  const auto [at, fresh] = marks_.try_emplace(name, Mark{time, ""});
  if (!fresh && at->second.time <= time) return false;
  at->second.time = time;
  moved_ = true;
  return true;
}

bool Marks::Set(const std::string& name, const Mark& mark) {
  const auto [at, fresh] = marks_.try_emplace(name, mark);
  if (!fresh && at->second == mark) return false;
  at->second = mark;
  moved_ = true;
  return true;
}

void Marks::Drop(const std::function<bool(std::string_view, const Mark&)>& which) {
  const auto gone =
      std::erase_if(marks_, [&](const auto& mark) { return which(mark.first, mark.second); });
  if (gone > 0) moved_ = true;
}

Result<void> Marks::Save(Transaction& transaction, const Uuid& tenant, const Uuid& subject,
                         Time now) {
  if (!moved_) return {};
  std::string text = "{";
  for (const auto& [name, mark] : marks_) {
    if (text.size() > 1) text += ',';
    AppendJsonString(name, text);
    text += ":\"";
    AppendTime(mark.time, text);
    text += ' ';
    text += mark.digest;
    text += '"';
  }
  text += '}';
  const std::array<Value, 4> parameters = {Value(tenant), Value(subject), Value(std::move(text)),
                                           Value(now)};
  TRY(transaction.Queue(
      "INSERT INTO lineage_marks (tenant_id, subject, marks, updated_at) VALUES ($1, $2, $3, $4) "
      "ON CONFLICT (tenant_id, subject) DO UPDATE SET marks = excluded.marks, "
      "updated_at = excluded.updated_at",
      parameters));
  moved_ = false;
  return {};
}

}  // namespace tenon::openlineage
