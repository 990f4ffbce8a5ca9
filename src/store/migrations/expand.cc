#include "store/migrations/expand.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "store/migrations/convert.h"
#include "store/migrations/ddl.h"
#include "store/migrations/triggers.h"

namespace tenon {
namespace {

const std::string* NewNameOf(const TableEdit& edit, const std::string& old_name) {
  for (const auto& [from, to] : edit.renamed) {
    if (from == old_name) return &to;
  }
  return nullptr;
}

bool IsKey(const PhysicalTable& table, const std::string& column) {
  return std::find(table.primary_key.begin(), table.primary_key.end(), column) !=
         table.primary_key.end();
}

// A key cannot stand twice, so its column is renamed at once.
bool StandsTwice(const TableEdit& edit, const std::string& old_name) {
  return NewNameOf(edit, old_name) != nullptr && !IsKey(edit.from, old_name);
}

bool StaysNarrow(const PhysicalColumn& from, const PhysicalColumn& to) {
  const auto is_text = [](const std::string& type) {
    return type == "text" || type.starts_with("varchar");
  };
  return is_text(from.sql_type) && is_text(to.sql_type) &&
         !ConvertPostgres(from, to, QuoteName(to.name)).safe;
}

PhysicalColumn Both(const PhysicalColumn& from, const PhysicalColumn& to) {
  PhysicalColumn out = to;
  out.nullable = from.nullable || to.nullable;
  if (StaysNarrow(from, to)) out.sql_type = from.sql_type;
  if (from.check_sql.empty() || to.check_sql.empty()) {
    out.check_sql.clear();
  } else if (from.check_sql.ends_with(fmt::format(" OR ({})", to.check_sql))) {
    out.check_sql = from.check_sql;  // an earlier expand has it
  } else if (from.check_sql != to.check_sql) {
    out.check_sql = fmt::format("({}) OR ({})", from.check_sql, to.check_sql);
  }
  return out;
}

// The check as it reads over the column's new name.
std::string CheckUnder(const PhysicalColumn& column, const std::string& new_name) {
  std::string sql = column.check_sql;
  const std::string before = QuoteName(column.name), after = QuoteName(new_name);
  for (std::size_t at = 0; (at = sql.find(before, at)) != sql.npos; at += after.size()) {
    sql.replace(at, before.size(), after);
  }
  return sql;
}

// What nodes of the new version write comes here too, so that it takes whatever the new name takes.
PhysicalColumn OldName(const PhysicalColumn& from, const PhysicalColumn& to) {
  PhysicalColumn out = from;
  out.kept = true;
  out.nullable = true;
  out.default_sql.clear();
  out.neutral_sql.clear();
  if (from.kind == to.kind && ConvertPostgres(from, to, QuoteName(to.name)).safe) {
    out.sql_type = to.sql_type;
  }
  if (CheckUnder(from, to.name) != to.check_sql) out.check_sql.clear();
  out.moved_to = to.name;
  return out;
}

PhysicalColumn NewColumn(const PhysicalColumn& to, const std::string* old_name) {
  PhysicalColumn out = to;
  if (old_name != nullptr) {
    out.nullable = true;
    out.default_sql.clear();
    out.check_sql.clear();
    out.fill_sql = QuoteName(*old_name);
  } else if (out.default_sql.empty()) {
    out.nullable = true;
  }
  return out;
}

std::vector<PhysicalColumn> Columns(const TableEdit& edit) {
  std::vector<PhysicalColumn> out;
  std::set<std::string> placed;
  for (const PhysicalColumn& from : edit.from.columns) {
    const std::string* moved = NewNameOf(edit, from.name);
    if (moved != nullptr && !IsKey(edit.from, from.name)) {
      out.push_back(OldName(from, *edit.to.Find(*moved)));
      continue;
    }
    const PhysicalColumn* to = edit.to.Find(moved != nullptr ? *moved : from.name);
    if (to == nullptr) {
      out.push_back(from);  // a name from an earlier expand; contract takes it
      continue;
    }
    out.push_back(Both(from, *to));
    placed.insert(to->name);
  }
  for (const PhysicalColumn& to : edit.to.columns) {
    if (placed.contains(to.name)) continue;
    const std::string* old_name = nullptr;
    for (const auto& [from, renamed] : edit.renamed) {
      if (renamed == to.name) old_name = &from;
    }
    out.push_back(NewColumn(to, old_name));
  }
  return out;
}

bool SameReference(const PhysicalReference& a, const PhysicalReference& b) {
  return a.columns == b.columns && a.table == b.table && a.target_columns == b.target_columns &&
         a.on_delete == b.on_delete;
}

std::vector<PhysicalReference> References(const TableEdit& edit) {
  std::vector<PhysicalReference> out;
  for (const PhysicalReference& to : edit.to.references) {
    const bool there =
        std::any_of(edit.from.references.begin(), edit.from.references.end(),
                    [&](const PhysicalReference& from) { return SameReference(from, to); });
    const std::string& column = to.columns.back();
    const bool is_new = edit.from.Find(column) == nullptr &&
                        std::none_of(edit.renamed.begin(), edit.renamed.end(),
                                     [&](const auto& pair) { return pair.second == column; });
    if (there || is_new) out.push_back(to);
  }
  return out;
}

std::vector<PhysicalCheck> Checks(const TableEdit& edit) {
  std::vector<PhysicalCheck> out;
  for (const PhysicalCheck& to : edit.to.checks) {
    for (const PhysicalCheck& from : edit.from.checks) {
      if (from.sql == to.sql) out.push_back(to);
    }
  }
  return out;
}

std::vector<PhysicalIndex> Indexes(const TableEdit& edit) {
  std::vector<PhysicalIndex> out = edit.to.indexes;
  for (const PhysicalIndex& from : edit.from.indexes) {
    const bool replaced = std::any_of(
        out.begin(), out.end(), [&](const PhysicalIndex& to) { return to.name == from.name; });
    if (!replaced) out.push_back(from);
  }
  return out;
}

void AddMissing(const std::vector<std::string>& from, std::vector<std::string>& values) {
  for (const std::string& value : from) {
    if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
  }
}

std::vector<PhysicalEnum> Enums(const TableEdit& edit) {
  std::vector<PhysicalEnum> out = edit.to.enums;
  for (const PhysicalEnum& from : edit.from.enums) {
    const auto same = std::find_if(out.begin(), out.end(), [&](const PhysicalEnum& item) {
      return item.column == from.column;
    });
    if (same == out.end()) {
      if (StandsTwice(edit, from.column)) {
        out.push_back(from);
        const std::string& moved = *NewNameOf(edit, from.column);
        for (const PhysicalEnum& to : edit.to.enums) {
          if (to.column == moved) AddMissing(to.values, out.back().values);
        }
      }
      continue;
    }
    AddMissing(from.values, same->values);
  }
  return out;
}

}  // namespace

TableEdit Expanded(const TableEdit& edit) {
  TableEdit out = edit;
  std::erase_if(out.renamed, [&](const auto& pair) { return !IsKey(edit.from, pair.first); });
  out.to.columns = Columns(edit);
  out.to.references = References(edit);
  out.to.checks = Checks(edit);
  out.to.indexes = Indexes(edit);
  out.to.enums = Enums(edit);
  const std::string enums = PostgresEnumTriggerName(out.to);
  std::erase_if(out.to.triggers,
                [&](const PhysicalTrigger& trigger) { return trigger.name == enums; });
  if (!out.to.enums.empty()) out.to.triggers.push_back(PostgresEnumTrigger(out.to));
  if (auto sync = PostgresSyncTrigger(out.to)) out.to.triggers.push_back(std::move(*sync));
  return out;
}

std::vector<std::string> NotRolling(const TableEdit& edit) {
  std::vector<std::string> out;
  const std::string& table = edit.to.name;
  if (edit.from.partition != edit.to.partition) out.push_back(table + " is made anew");
  for (const PhysicalColumn& from : edit.from.columns) {
    const std::string* moved = NewNameOf(edit, from.name);
    const PhysicalColumn* to = edit.to.Find(moved != nullptr ? *moved : from.name);
    if (to == nullptr) continue;
    if (moved != nullptr && IsKey(edit.from, from.name)) {
      out.push_back(fmt::format("the key {}.{} becomes {}", table, from.name, *moved));
    }
    const bool only_wider =
        from.kind == to->kind && ConvertPostgres(from, *to, QuoteName(to->name)).safe;
    if (from.kind != to->kind || !(only_wider || StaysNarrow(from, *to))) {
      out.push_back(fmt::format("{}.{} changes from {} to {}", table, from.name, from.sql_type,
                                to->sql_type));
    }
  }
  for (const TableEdit::RenamedValue& item : edit.renamed_values) {
    out.push_back(fmt::format("the value {} of {}.{} becomes {}", item.old_value, table,
                              item.column, item.new_value));
  }
  if (edit.from.primary_key.size() != edit.to.primary_key.size()) {
    out.push_back("the key of " + table + " changes");
  }
  return out;
}

}  // namespace tenon
