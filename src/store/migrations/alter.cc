#include "store/migrations/alter.h"

#include <fmt/format.h>

#include <algorithm>

#include "store/migrations/convert.h"
#include "store/migrations/ddl.h"
#include "store/migrations/sql_text.h"

namespace tenon {
namespace {

void Add(std::string& script, const std::string& statement) { script += statement + ";\n"; }

const std::string* SourceOf(const TableEdit& edit, const PhysicalColumn& column) {
  for (const auto& [from, to] : edit.renamed) {
    if (to == column.name) return &from;
  }
  return edit.from.Find(column.name) != nullptr ? &column.name : nullptr;
}

bool SameColumn(const PhysicalColumn& a, const PhysicalColumn& b) {
  return a.kind == b.kind && a.sql_type == b.sql_type && a.scale == b.scale &&
         a.nullable == b.nullable && a.default_sql == b.default_sql && a.check_sql == b.check_sql;
}

bool SameReferences(const PhysicalTable& a, const PhysicalTable& b) {
  return std::equal(a.references.begin(), a.references.end(), b.references.begin(),
                    b.references.end(), [](const auto& x, const auto& y) {
                      return x.columns == y.columns && x.table == y.table &&
                             x.target_columns == y.target_columns && x.on_delete == y.on_delete;
                    });
}

bool SameChecks(const PhysicalTable& a, const PhysicalTable& b) {
  return std::equal(
      a.checks.begin(), a.checks.end(), b.checks.begin(), b.checks.end(),
      [](const auto& x, const auto& y) { return x.name == y.name && x.sql == y.sql; });
}

bool Same(const PhysicalIndex& a, const PhysicalIndex& b) {
  return CreateIndexSql({}, a) == CreateIndexSql({}, b);
}
bool Same(const PhysicalTrigger& a, const PhysicalTrigger& b) {
  return a.name == b.name && a.table == b.table && a.sql == b.sql;
}

template <typename Item>
bool HasSame(const std::vector<Item>& list, const Item& item) {
  return std::any_of(list.begin(), list.end(), [&](const Item& i) { return Same(i, item); });
}

// ALTER TABLE ADD COLUMN takes a constant default only, and none without one may be NOT NULL.
bool CanBeAdded(const PhysicalColumn& column) {
  const bool constant = !column.default_sql.starts_with('(');
  const bool same_fill = column.fill_sql.empty() || column.fill_sql == column.default_sql;
  return constant && same_fill && (column.nullable || !column.default_sql.empty());
}

bool NeedsRebuild(const TableEdit& edit) {
  if (!edit.renamed.empty() || edit.from.primary_key != edit.to.primary_key ||
      !SameReferences(edit.from, edit.to) || !SameChecks(edit.from, edit.to)) {
    return true;
  }
  for (const PhysicalColumn& column : edit.from.columns) {
    if (edit.to.Find(column.name) == nullptr) return true;
  }
  for (const PhysicalColumn& column : edit.to.columns) {
    const PhysicalColumn* before = edit.from.Find(column.name);
    if (before == nullptr ? !CanBeAdded(column) : !SameColumn(*before, column)) return true;
  }
  return false;
}

std::string RenameValues(const TableEdit& edit, const PhysicalColumn& column,
                         const std::string& value) {
  std::string cases;
  for (const TableEdit::RenamedValue& item : edit.renamed_values) {
    if (item.column == column.name) {
      cases +=
          fmt::format(" WHEN {} THEN {}", QuoteText(item.old_value), QuoteText(item.new_value));
    }
  }
  return cases.empty() ? value : fmt::format("CASE {}{} ELSE {} END", value, cases, value);
}

std::string NewValue(const PhysicalColumn& column) {
  if (!column.fill_sql.empty()) return column.fill_sql;
  if (!column.default_sql.empty()) return column.default_sql;
  return column.nullable ? "NULL" : column.neutral_sql;
}

// The value that a row of the old table gets in the column of the new one.
std::string CopyOf(const TableEdit& edit, const PhysicalColumn& column, AlterSql& out) {
  const std::string* source = SourceOf(edit, column);
  const std::string table = QuoteName(edit.from.name);
  if (source == nullptr) {
    const std::string value = NewValue(column);
    if (!column.nullable && column.fill_sql.empty() && column.default_sql.empty()) {
      out.guards.push_back(
          {fmt::format("SELECT count(*) FROM {}", table),
           fmt::format("{}.{} is required and new, and {} has rows: give it a default, or make it "
                       "nullable with '?'",
                       edit.to.name, column.name, edit.to.name)});
    }
    return value;
  }
  const PhysicalColumn& before = *edit.from.Find(*source);
  const std::string quoted = QuoteName(*source);
  const Conversion conversion = Convert(before, column, quoted);
  if (!conversion.safe) {
    out.guards.push_back(
        {fmt::format("SELECT count(*) FROM {} WHERE {} IS NOT NULL", table, quoted),
         fmt::format("{}.{} cannot change from {} to {} while rows hold values in it: add a field "
                     "under another name, copy the values, then drop the old one with "
                     "--drop {}.{}",
                     edit.to.name, column.name, before.kind, column.kind, edit.to.name,
                     column.name)});
  }
  std::string value = RenameValues(edit, column, conversion.sql);
  if (before.nullable && !column.nullable) {
    const std::string fill = column.fill_sql.empty() ? column.default_sql : column.fill_sql;
    if (!fill.empty()) return fmt::format("coalesce({}, {})", value, fill);
    out.guards.push_back(
        {fmt::format("SELECT count(*) FROM {} WHERE {} IS NULL", table, quoted),
         fmt::format("{}.{} becomes required, and rows of {} have none: fill them first, or give "
                     "it a default",
                     edit.to.name, column.name, edit.to.name)});
  }
  return value;
}

// The way of sqlite.org/lang_altertable.html, section 7: a new table, the rows, the old name.
void Rebuild(const TableEdit& edit, AlterSql& out) {
  const std::string temporary = "new_" + edit.to.name;
  Add(out.sql, CreateTableSql(edit.to, Dialect::kSqlite, temporary));
  std::vector<std::string> names;
  std::vector<std::string> values;
  for (const PhysicalColumn& column : edit.to.columns) {
    names.push_back(column.name);
    values.push_back(CopyOf(edit, column, out));
  }
  Add(out.sql, fmt::format("INSERT INTO {} ({})\n  SELECT {}\n  FROM {}", QuoteName(temporary),
                           NameList(names), fmt::join(values, ", "), QuoteName(edit.from.name)));
  Add(out.sql, "DROP TABLE " + QuoteName(edit.from.name));
  Add(out.sql,
      fmt::format("ALTER TABLE {} RENAME TO {}", QuoteName(temporary), QuoteName(edit.to.name)));
}

void AddColumns(const TableEdit& edit, AlterSql& out) {
  for (const PhysicalColumn& column : edit.to.columns) {
    if (edit.from.Find(column.name) != nullptr) continue;
    Add(out.sql, fmt::format("ALTER TABLE {} ADD COLUMN {}", QuoteName(edit.to.name),
                             ColumnSql(edit.to, column, Dialect::kSqlite)));
  }
}

// Values of named enums: rows must follow a rename, and none may hold a value that is gone.
void ChangeEnums(const TableEdit& edit, bool rebuilt, AlterSql& out) {
  for (const PhysicalEnum& item : edit.to.enums) {
    const PhysicalColumn* column = edit.to.Find(item.column);
    const std::string* source = column == nullptr ? nullptr : SourceOf(edit, *column);
    if (source == nullptr) continue;
    std::vector<std::string> legal = item.values;
    for (const TableEdit::RenamedValue& renamed : edit.renamed_values) {
      if (renamed.column != item.column) continue;
      legal.push_back(renamed.old_value);
      if (!rebuilt) {
        Add(out.sql, fmt::format("UPDATE {} SET {} = {} WHERE {} = {}", QuoteName(edit.to.name),
                                 QuoteName(item.column), QuoteText(renamed.new_value),
                                 QuoteName(item.column), QuoteText(renamed.old_value)));
      }
    }
    for (const PhysicalEnum& before : edit.from.enums) {
      const bool lost = std::any_of(before.values.begin(), before.values.end(), [&](const auto& v) {
        return std::find(legal.begin(), legal.end(), v) == legal.end();
      });
      if (before.column != *source || !lost) continue;
      out.guards.push_back(
          {fmt::format("SELECT count(*) FROM {} WHERE {} NOT IN ({})", QuoteName(edit.from.name),
                       QuoteName(*source), TextList(legal)),
           fmt::format("rows of {} hold a value of {} that the enum no longer has: change them "
                       "first, or say what it is called now with 'was'",
                       edit.to.name, item.column)});
    }
  }
}

void DropOld(const TableEdit& edit, bool rebuild, AlterSql& out) {
  for (const PhysicalTrigger& trigger : edit.from.triggers) {
    if (rebuild || !HasSame(edit.to.triggers, trigger)) {
      Add(out.sql, DropTriggerSql(trigger, Dialect::kSqlite));
    }
  }
  for (const PhysicalIndex& index : edit.from.indexes) {
    if (!rebuild && !HasSame(edit.to.indexes, index)) Add(out.sql, DropIndexSql(index));
  }
}

void MakeNew(const TableEdit& edit, bool rebuild, const PhysicalSchema& others, AlterSql& out) {
  for (const PhysicalIndex& index : edit.to.indexes) {
    if (rebuild || !HasSame(edit.from.indexes, index)) {
      Add(out.sql, CreateIndexSql(edit.to, index));
    }
  }
  for (const PhysicalTrigger& trigger : edit.to.triggers) {
    const bool there = trigger.table == edit.to.name || others.Find(trigger.table) != nullptr;
    if (there && (rebuild || !HasSame(edit.from.triggers, trigger))) Add(out.sql, trigger.sql);
  }
  if (!rebuild) return;
  for (const PhysicalTable& other : others.tables) {
    if (other.name == edit.to.name) continue;
    for (const PhysicalTrigger& trigger : other.triggers) {
      if (trigger.table == edit.to.name) Add(out.sql, trigger.sql);
    }
  }
}

}  // namespace

TableEdit TableEdit::Reversed() const {
  TableEdit back{to, from, {}, {}};
  for (const auto& [old_name, new_name] : renamed) back.renamed.emplace_back(new_name, old_name);
  for (const RenamedValue& item : renamed_values) {
    std::string column = item.column;
    for (const auto& [old_name, new_name] : renamed) {
      if (new_name == column) column = old_name;
    }
    back.renamed_values.push_back({column, item.new_value, item.old_value});
  }
  return back;
}

AlterSql AlterTable(const TableEdit& edit, const PhysicalSchema& others) {
  if (others.dialect == Dialect::kPostgres) return PostgresAlterTable(edit, others);
  AlterSql out;
  out.rebuilds = NeedsRebuild(edit);
  DropOld(edit, out.rebuilds, out);
  if (out.rebuilds) {
    Rebuild(edit, out);
  } else {
    AddColumns(edit, out);
  }
  ChangeEnums(edit, out.rebuilds, out);
  MakeNew(edit, out.rebuilds, others, out);
  return out;
}

std::string CreateTableWithAll(const PhysicalTable& table, const PhysicalSchema& others) {
  std::string sql = CreateTableWithIndexes(table, others);
  for (const PhysicalTrigger& trigger : table.triggers) {
    if (trigger.table == table.name || others.Find(trigger.table) != nullptr) {
      Add(sql, trigger.sql);
    }
  }
  // Triggers of tables that were made before the one they are on.
  for (const PhysicalTable& other : others.tables) {
    for (const PhysicalTrigger& trigger : other.triggers) {
      if (trigger.table == table.name && other.name != table.name) Add(sql, trigger.sql);
    }
  }
  return sql;
}

std::string DropTableWithAll(const PhysicalTable& table, const PhysicalSchema& others) {
  std::string sql;
  if (others.dialect == Dialect::kPostgres) return PostgresDropTable(table, others);
  for (const PhysicalTrigger& trigger : table.triggers) {
    if (trigger.table != table.name) Add(sql, DropTriggerSql(trigger, others.dialect));
  }
  Add(sql, "DROP TABLE " + QuoteName(table.name));
  return sql;
}

std::string DescribeEdit(const TableEdit& edit) {
  std::vector<std::string> parts;
  const std::string& table = edit.to.name;
  for (const auto& [from, to] : edit.renamed) {
    parts.push_back(fmt::format("rename column {}.{} to {}", table, from, to));
  }
  for (const PhysicalColumn& column : edit.to.columns) {
    const std::string* source = SourceOf(edit, column);
    if (source == nullptr) {
      parts.push_back(fmt::format("add column {}.{}", table, column.name));
      continue;
    }
    const PhysicalColumn& before = *edit.from.Find(*source);
    if (column.kept && !before.kept) {
      parts.push_back(fmt::format("keep column {}.{}, no longer in the model", table, column.name));
    } else if (!SameColumn(before, column)) {
      parts.push_back(fmt::format("change column {}.{}", table, column.name));
    }
  }
  for (const PhysicalColumn& column : edit.from.columns) {
    const bool renamed = std::any_of(edit.renamed.begin(), edit.renamed.end(),
                                     [&](const auto& r) { return r.first == column.name; });
    if (!renamed && edit.to.Find(column.name) == nullptr) {
      parts.push_back(fmt::format("drop column {}.{}", table, column.name));
    }
  }
  for (const PhysicalIndex& index : edit.to.indexes) {
    if (!HasSame(edit.from.indexes, index)) parts.push_back("add index " + index.name);
  }
  for (const PhysicalIndex& index : edit.from.indexes) {
    if (!HasSame(edit.to.indexes, index)) parts.push_back("drop index " + index.name);
  }
  if (edit.from.primary_key != edit.to.primary_key) parts.push_back("change key of " + table);
  if (!SameReferences(edit.from, edit.to)) parts.push_back("change references of " + table);
  if (!SameChecks(edit.from, edit.to)) parts.push_back("change checks of " + table);
  if (parts.empty()) parts.push_back("change triggers of " + table);
  return fmt::format("{}", fmt::join(parts, "; "));
}

}  // namespace tenon
