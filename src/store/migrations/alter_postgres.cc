// Tables changed in place on PostgreSQL. What would hold a lock for long is left to the end
// (indexes.h): indexes are built concurrently, constraints come NOT VALID and are validated.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "store/migrations/alter.h"
#include "store/migrations/convert.h"
#include "store/migrations/ddl.h"
#include "store/migrations/sql_text.h"

namespace tenon {
namespace {

struct NamedSql {
  std::string name;
  std::string sql;
  const PhysicalReference* reference = nullptr;  // null: a check
};

void ReplaceAll(std::string& text, const std::string& what, const std::string& with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at)) {
    text.replace(at, what.size(), with);
    at += with.size();
  }
}

class Alteration {
 public:
  Alteration(const TableEdit& edit, const PhysicalSchema& others)
      : edit_(edit), others_(others), table_(QuoteName(edit.to.name)), from_(Renamed(edit)) {}

  AlterSql Run() {
    if (edit_.from.partition != edit_.to.partition) return Remake();
    DropTriggers();
    RenameColumns();
    DropConstraints();
    MoveIndexes();
    AddColumns();
    for (const PhysicalColumn& column : edit_.to.columns) ChangeColumn(column);
    RenameValues();
    GuardEnums();
    SetRequired();
    DropColumns();
    ChangeKey();
    AddConstraints();
    ChangePolicies();
    for (const PhysicalTrigger& trigger : edit_.to.triggers) {
      if (!HasTrigger(edit_.from, trigger)) Add(trigger.sql);
    }
    return std::move(out_);
  }

 private:
  void Add(const std::string& statement) { out_.sql += statement + ";\n"; }
  // Changes rows, but not when they were last changed (triggers.h).
  void Update(const std::string& statement) {
    if (!updates_) Add("SET LOCAL tenon.keep_times = 'on'");
    updates_ = true;
    Add("UPDATE " + table_ + " SET " + statement);
  }
  void Alter(const std::string& action) { Add("ALTER TABLE " + table_ + " " + action); }
  void Guard(const std::string& sql, const std::string& message) {
    out_.guards.push_back({sql, message});
  }

  // The table as it is once its columns have their new names, which PostgreSQL carries into
  // indexes and constraints by itself.
  static PhysicalTable Renamed(const TableEdit& edit) {
    PhysicalTable table = edit.from;
    for (const auto& [from, to] : edit.renamed) {
      const std::string old_name = QuoteName(from);
      const std::string new_name = QuoteName(to);
      for (PhysicalColumn& column : table.columns) {
        ReplaceAll(column.check_sql, old_name, new_name);
        if (column.name == from) column.name = to;
      }
      for (PhysicalReference& reference : table.references) {
        std::replace(reference.columns.begin(), reference.columns.end(), from, to);
        ReplaceAll(reference.on_delete, old_name, new_name);
      }
      for (PhysicalCheck& check : table.checks) ReplaceAll(check.sql, old_name, new_name);
      for (PhysicalIndex& index : table.indexes) {
        ReplaceAll(index.columns_sql, old_name, new_name);
        ReplaceAll(index.where_sql, old_name, new_name);
      }
      std::replace(table.primary_key.begin(), table.primary_key.end(), from, to);
    }
    return table;
  }

  static bool HasTrigger(const PhysicalTable& table, const PhysicalTrigger& trigger) {
    return std::any_of(table.triggers.begin(), table.triggers.end(), [&](const auto& item) {
      return item.name == trigger.name && item.sql == trigger.sql;
    });
  }

  // Name under which the column's check stands after the renaming of columns: the old one.
  std::string OldCheckName(const PhysicalColumn& column) const {
    for (const auto& [from, to] : edit_.renamed) {
      if (to == column.name) return ColumnCheckName(edit_.from, *edit_.from.Find(from));
    }
    return ColumnCheckName(edit_.from, column);
  }

  // Every constraint of the table; those inline in a column that is added are left out.
  std::vector<NamedSql> ConstraintsBefore() const {
    std::vector<NamedSql> out;
    for (const PhysicalColumn& column : from_.columns) {
      if (!column.check_sql.empty()) {
        out.push_back({OldCheckName(column), fmt::format("CHECK ({})", column.check_sql)});
      }
    }
    AddTableConstraints(from_, out);
    return out;
  }
  std::vector<NamedSql> ConstraintsAfter() const {
    std::vector<NamedSql> out;
    for (const PhysicalColumn& column : edit_.to.columns) {
      if (!column.check_sql.empty() && from_.Find(column.name) != nullptr) {
        out.push_back(
            {ColumnCheckName(edit_.to, column), fmt::format("CHECK ({})", column.check_sql)});
      }
    }
    AddTableConstraints(edit_.to, out);
    return out;
  }
  bool WaitsForIndex(const PhysicalReference& reference) const {
    const PhysicalTable* target =
        reference.table == edit_.to.name ? &from_ : others_.Find(reference.table);
    return target != nullptr && !CanReferTo(*target, reference);
  }
  void AddTableConstraints(const PhysicalTable& table, std::vector<NamedSql>& out) const {
    for (const PhysicalCheck& check : table.checks) {
      out.push_back({check.name, fmt::format("CHECK ({})", check.sql)});
    }
    for (const PhysicalReference& reference : table.references) {
      // One to a table of a later model is added when that is made.
      if (reference.table != table.name && others_.Find(reference.table) == nullptr) continue;
      out.push_back({reference.name,
                     fmt::format("FOREIGN KEY ({}) REFERENCES {} ({}){}",
                                 NameList(reference.columns), QuoteName(reference.table),
                                 NameList(reference.target_columns), reference.on_delete),
                     &reference});
    }
  }

  AlterSql Remake();
  void DropTriggers();
  void RenameColumns();
  void DropConstraints();
  void AddConstraints();
  void MoveIndexes();
  void AddColumns();
  void ChangeColumn(const PhysicalColumn& column);
  void ChangeType(const PhysicalColumn& before, const PhysicalColumn& column);
  void RenameValues();
  void GuardEnums();
  void SetRequired();
  void DropColumns();
  void ChangeKey();
  void ChangePolicies();
  void GuardUnique(const PhysicalIndex& index);
  void GuardConstraint(const NamedSql& constraint);

  const TableEdit& edit_;
  const PhysicalSchema& others_;
  const std::string table_;
  const PhysicalTable from_;  // with the new column names
  AlterSql out_;
  bool updates_ = false;
};

// A table cannot become partitioned in place, nor the other way round.
AlterSql Alteration::Remake() {
  Guard("SELECT count(*) FROM " + QuoteName(edit_.from.name),
        fmt::format("{} can be partitioned by month, or no longer be, only while it is empty: "
                    "export its rows, delete them, migrate, and import them again",
                    edit_.to.name));
  PhysicalSchema rest = others_;
  std::erase_if(rest.tables, [&](const auto& table) { return table.name == edit_.to.name; });
  out_.rebuilds = true;
  out_.sql = DropTableWithAll(edit_.from, rest) + CreateTableWithAll(edit_.to, rest);
  return std::move(out_);
}

void Alteration::DropTriggers() {
  for (const PhysicalTrigger& trigger : edit_.from.triggers) {
    if (!HasTrigger(edit_.to, trigger)) Add(DropTriggerSql(trigger, Dialect::kPostgres));
  }
}

void Alteration::RenameColumns() {
  for (const auto& [from, to] : edit_.renamed) {
    Alter(fmt::format("RENAME COLUMN {} TO {}", QuoteName(from), QuoteName(to)));
  }
}

void Alteration::DropConstraints() {
  const std::vector<NamedSql> after = ConstraintsAfter();
  for (const NamedSql& before : ConstraintsBefore()) {
    const auto same = std::find_if(after.begin(), after.end(),
                                   [&](const NamedSql& item) { return item.sql == before.sql; });
    if (same == after.end()) {
      Alter("DROP CONSTRAINT IF EXISTS " + QuoteName(before.name));
    } else if (same->name != before.name) {
      Alter(
          fmt::format("RENAME CONSTRAINT {} TO {}", QuoteName(before.name), QuoteName(same->name)));
    }
  }
}

void Alteration::AddConstraints() {
  const std::vector<NamedSql> before = ConstraintsBefore();
  for (const NamedSql& after : ConstraintsAfter()) {
    const bool there = std::any_of(before.begin(), before.end(),
                                   [&](const NamedSql& item) { return item.sql == after.sql; });
    if (there) continue;
    if (after.reference != nullptr && WaitsForIndex(*after.reference)) {
      for (std::string& sql : AddReferenceLaterSql(edit_.to, *after.reference)) {
        out_.after.push_back(std::move(sql));
      }
      continue;
    }
    GuardConstraint(after);
    // A partitioned table takes no NOT VALID reference.
    const bool whole = !edit_.to.partition.empty() && after.reference != nullptr;
    Alter(fmt::format("ADD CONSTRAINT {} {}{}", QuoteName(after.name), after.sql,
                      whole ? "" : " NOT VALID"));
    if (!whole) {
      out_.after.push_back(
          fmt::format("ALTER TABLE {} VALIDATE CONSTRAINT {}", table_, QuoteName(after.name)));
    }
  }
}

// Rows that a new constraint would refuse, asked of the table as it is now: a constraint that
// speaks of new or changed columns is left to the database.
void Alteration::GuardConstraint(const NamedSql& constraint) {
  if (!constraint.sql.starts_with("CHECK")) return;
  std::string condition = constraint.sql.substr(5);
  for (const PhysicalColumn& column : edit_.to.columns) {
    if (condition.find(QuoteName(column.name)) == std::string::npos) continue;
    const PhysicalColumn* before = edit_.from.Find(column.name);
    if (before == nullptr || before->sql_type != column.sql_type) return;
    for (const TableEdit::RenamedValue& item : edit_.renamed_values) {
      if (item.column == column.name) return;
    }
  }
  Guard(fmt::format("SELECT count(*) FROM {} WHERE NOT {}", table_, condition),
        fmt::format("{}: rows that are there do not fit the check {}: change them first, or take "
                    "the change out of the model",
                    edit_.to.name, constraint.name));
}

void Alteration::MoveIndexes() {
  const auto text = [](const PhysicalIndex& index) {
    PhysicalIndex nameless = index;
    nameless.name.clear();
    return CreateIndexSql({}, nameless);
  };
  std::set<std::string> served;
  for (const PhysicalIndex& before : from_.indexes) {
    const auto same = std::find_if(
        edit_.to.indexes.begin(), edit_.to.indexes.end(), [&](const PhysicalIndex& index) {
          return text(index) == text(before) && !served.contains(index.name);
        });
    if (same != edit_.to.indexes.end()) {
      served.insert(same->name);
      if (same->name != before.name) {
        Add(fmt::format("ALTER INDEX {} RENAME TO {}", QuoteName(before.name),
                        QuoteName(same->name)));
      }
      continue;
    }
    const bool replaced = std::any_of(edit_.to.indexes.begin(), edit_.to.indexes.end(),
                                      [&](const auto& index) { return index.name == before.name; });
    if (replaced) {
      // It serves until the new one is built.
      Add(fmt::format("ALTER INDEX {} RENAME TO {}", QuoteName(before.name),
                      QuoteName(ReplacedIndexName(before.name))));
      out_.after.push_back("DROP INDEX CONCURRENTLY " + QuoteName(ReplacedIndexName(before.name)));
    } else {
      Add("DROP INDEX IF EXISTS " + QuoteName(before.name));
    }
  }
  std::vector<std::string> built;
  for (const PhysicalIndex& index : edit_.to.indexes) {
    if (served.contains(index.name)) continue;
    GuardUnique(index);
    built.push_back(BuildIndexSql(edit_.to, index));
  }
  out_.after.insert(out_.after.begin(), built.begin(), built.end());
}

void Alteration::GuardUnique(const PhysicalIndex& index) {
  if (!index.unique) return;
  std::string columns = index.columns_sql;
  ReplaceAll(columns, " DESC", "");
  std::string present = "TRUE";
  for (const PhysicalColumn& column : edit_.to.columns) {
    if (index.columns_sql.find(QuoteName(column.name)) == std::string::npos) continue;
    if (edit_.from.Find(column.name) == nullptr) return;
    present += fmt::format(" AND {} IS NOT NULL", QuoteName(column.name));
  }
  if (!index.where_sql.empty()) present += fmt::format(" AND ({})", index.where_sql);
  Guard(fmt::format("SELECT count(*) FROM (SELECT 1 FROM {} WHERE {} GROUP BY {} HAVING count(*) > "
                    "1) AS equal",
                    table_, present, columns),
        fmt::format("{}: rows that are there do not fit the unique index {}: change those that are "
                    "equal in {} first, or take the change out of the model",
                    edit_.to.name, index.name, columns));
}

void Alteration::AddColumns() {
  for (const PhysicalColumn& column : edit_.to.columns) {
    if (from_.Find(column.name) != nullptr) continue;
    PhysicalColumn first = column;
    // A name that contract took is there again when that is taken back.
    if (!first.moved_to.empty()) first.fill_sql = QuoteName(first.moved_to);
    const bool computed = !first.fill_sql.empty() && first.fill_sql != column.default_sql;
    if (!column.nullable && column.default_sql.empty()) {
      first.nullable = true;  // SetRequired, when the rows have values
      if (!computed) {
        Guard(fmt::format("SELECT count(*) FROM {}", table_),
              fmt::format("{}.{} is required and new, and {} has rows: give it a default, or make "
                          "it nullable with '?'",
                          edit_.to.name, column.name, edit_.to.name));
      }
    }
    Alter("ADD COLUMN " + ColumnSql(edit_.to, first, Dialect::kPostgres));
    if (computed) {
      Update(fmt::format("{} = {}", QuoteName(column.name), first.fill_sql));
    } else if (first.nullable && !column.nullable && !column.neutral_sql.empty()) {
      // Only when a drop is taken back; a guard keeps it from being the way forward.
      Update(fmt::format("{} = {}", QuoteName(column.name), column.neutral_sql));
    }
  }
}

void Alteration::ChangeColumn(const PhysicalColumn& column) {
  const PhysicalColumn* before = from_.Find(column.name);
  if (before == nullptr) return;
  const std::string at = "ALTER COLUMN " + QuoteName(column.name);
  const bool retyped = before->sql_type != column.sql_type || before->kind != column.kind;
  if (!before->default_sql.empty() && (retyped || column.default_sql.empty())) {
    Alter(at + " DROP DEFAULT");
  }
  if (retyped) ChangeType(*before, column);
  if (!column.default_sql.empty() && (retyped || before->default_sql != column.default_sql)) {
    Alter(at + " SET DEFAULT " + column.default_sql);
  }
  if (!before->nullable && column.nullable) Alter(at + " DROP NOT NULL");
}

void Alteration::ChangeType(const PhysicalColumn& before, const PhysicalColumn& column) {
  const std::string name = QuoteName(column.name);
  const Conversion conversion = ConvertPostgres(before, column, name);
  if (!conversion.safe) {
    const std::string* source = &column.name;
    for (const auto& [from, to] : edit_.renamed) {
      if (to == column.name) source = &from;
    }
    // Asked before the column is renamed.
    const std::string fits = ConvertPostgres(before, column, QuoteName(*source)).fits_sql;
    Guard(fmt::format(
              "SELECT count(*) FROM {} WHERE {}", table_,
              fits.empty() ? QuoteName(*source) + " IS NOT NULL" : fmt::format("NOT ({})", fits)),
          fmt::format("{}.{} cannot change from {} to {} while rows hold values in it: add a field "
                      "under another name, copy the values, then drop the old one with "
                      "--drop {}.{}",
                      edit_.to.name, column.name, before.kind, column.kind, edit_.to.name,
                      column.name));
  }
  if (before.sql_type == column.sql_type) return;
  out_.rebuilds = true;
  Alter(fmt::format(
      "ALTER COLUMN {} TYPE {}{} USING {}", name, column.sql_type,
      column.sql_type == "text" || column.sql_type.starts_with("varchar") ? " COLLATE \"C\"" : "",
      conversion.sql));
}

void Alteration::RenameValues() {
  for (const TableEdit::RenamedValue& item : edit_.renamed_values) {
    const std::string column = QuoteName(item.column);
    Update(fmt::format("{} = {} WHERE {} = {}", column, QuoteText(item.new_value), column,
                       QuoteText(item.old_value)));
  }
}

// None may hold a value that is gone.
void Alteration::GuardEnums() {
  for (const PhysicalEnum& item : edit_.to.enums) {
    std::string source = item.column;
    for (const auto& [from, to] : edit_.renamed) {
      if (to == item.column) source = from;
    }
    std::vector<std::string> legal = item.values;
    for (const TableEdit::RenamedValue& renamed : edit_.renamed_values) {
      if (renamed.column == item.column) legal.push_back(renamed.old_value);
    }
    for (const PhysicalEnum& before : edit_.from.enums) {
      const bool lost = std::any_of(before.values.begin(), before.values.end(), [&](const auto& v) {
        return std::find(legal.begin(), legal.end(), v) == legal.end();
      });
      if (before.column != source || !lost) continue;
      Guard(fmt::format("SELECT count(*) FROM {} WHERE {} NOT IN ({})", table_, QuoteName(source),
                        TextList(legal)),
            fmt::format("rows of {} hold a value of {} that the enum no longer has: change them "
                        "first, or say what it is called now with 'was'",
                        edit_.to.name, item.column));
    }
  }
}

void Alteration::SetRequired() {
  for (const PhysicalColumn& column : edit_.to.columns) {
    if (column.nullable) continue;
    const PhysicalColumn* before = from_.Find(column.name);
    const std::string name = QuoteName(column.name);
    if (before == nullptr) {
      if (column.default_sql.empty()) Alter(fmt::format("ALTER COLUMN {} SET NOT NULL", name));
      continue;
    }
    if (!before->nullable) continue;
    const std::string fill = column.fill_sql.empty() ? column.default_sql : column.fill_sql;
    if (!fill.empty()) {
      Update(fmt::format("{} = {} WHERE {} IS NULL", name, fill, name));
    } else if (edit_.from.Find(column.name) != nullptr) {
      Guard(fmt::format("SELECT count(*) FROM {} WHERE {} IS NULL", table_, name),
            fmt::format("{}.{} becomes required, and rows of {} have none: fill them first, or "
                        "give it a default",
                        edit_.to.name, column.name, edit_.to.name));
    }
    Alter(fmt::format("ALTER COLUMN {} SET NOT NULL", name));
  }
}

void Alteration::DropColumns() {
  for (const PhysicalColumn& column : from_.columns) {
    if (edit_.to.Find(column.name) == nullptr) {
      Alter("DROP COLUMN " + QuoteName(column.name));
    }
  }
}

void Alteration::ChangeKey() {
  if (from_.primary_key == edit_.to.primary_key) return;
  Alter("DROP CONSTRAINT " + QuoteName(PostgresName(edit_.to.name + "_pkey")));
  Alter(fmt::format("ADD PRIMARY KEY ({})", NameList(edit_.to.primary_key)));
}

void Alteration::ChangePolicies() {
  if (edit_.from.policies == edit_.to.policies) return;
  Add("DROP POLICY IF EXISTS \"tenant_isolation\" ON " + table_);
  for (const std::string& policy : edit_.to.policies) Add(policy);
  if (edit_.to.policies.empty()) Alter("DISABLE ROW LEVEL SECURITY");
}

}  // namespace

AlterSql PostgresAlterTable(const TableEdit& edit, const PhysicalSchema& others) {
  return Alteration(edit, others).Run();
}

std::string PostgresDropTable(const PhysicalTable& table, const PhysicalSchema& others) {
  std::string sql;
  for (const PhysicalTable& other : others.tables) {
    if (other.name == table.name) continue;
    for (const PhysicalReference& reference : other.references) {
      if (reference.table != table.name) continue;
      sql += fmt::format("ALTER TABLE {} DROP CONSTRAINT IF EXISTS {};\n", QuoteName(other.name),
                         QuoteName(reference.name));
    }
  }
  sql += "DROP TABLE " + QuoteName(table.name) + ";\n";
  for (const PhysicalTrigger& trigger : table.triggers) {
    sql += "DROP FUNCTION IF EXISTS " + QuoteName(trigger.name) + "();\n";
  }
  return sql;
}

std::string BuildIndexSql(const PhysicalTable& table, const PhysicalIndex& index) {
  std::string sql = CreateIndexSql(table, index);
  // PostgreSQL builds none concurrently on a partitioned table.
  if (!table.partition.empty()) return sql;
  const std::size_t at = sql.find("INDEX ") + 6;
  return sql.insert(at, "CONCURRENTLY ");
}

std::string ReplacedIndexName(const std::string& name) { return PostgresName("old_" + name); }

}  // namespace tenon
