#include "store/migrations/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <set>
#include <utility>

#include "base/hash.h"
#include "store/migrations/alter.h"
#include "store/migrations/ddl.h"
#include "store/migrations/expand.h"

namespace tenon {
namespace {

constexpr std::size_t kDescriptionBytesMax = 2000;

boost::json::array TablesOf(const PhysicalSchema& schema, std::string_view model) {
  boost::json::array tables;
  for (const PhysicalTable& table : schema.tables) {
    if (table.model == model) tables.push_back(ToJson(table));
  }
  return tables;
}

bool IsBuiltLater(const PhysicalTable& before, const PhysicalIndex& index) {
  return std::none_of(before.indexes.begin(), before.indexes.end(), [&](const auto& there) {
    return !there.pending && CreateIndexSql(before, there) == CreateIndexSql(before, index);
  });
}

class Planner {
 public:
  Planner(const CurrentSchema& current, const PhysicalSchema& wanted,
          const std::vector<std::string>& drops, MigrationPhase phase)
      : current_(current),
        wanted_(wanted),
        state_(current.schema),
        drops_(drops.begin(), drops.end()),
        expands_(phase == MigrationPhase::kExpand && wanted.dialect == Dialect::kPostgres) {
    state_.dialect = wanted.dialect;
  }

  Result<MigrationPlan> Run() {
    TRY(CheckDrops());
    for (const std::string& model : wanted_.models) PlanModel(model);
    for (const PhysicalTable& table : state_.tables) {
      if (table.kept) plan_.kept.push_back(table.name);
      for (const PhysicalColumn& column : table.columns) {
        if (column.kept && column.moved_to.empty())
          plan_.kept.push_back(table.name + "." + column.name);
      }
    }
    return std::move(plan_);
  }

 private:
  Result<void> CheckDrops();
  void PlanModel(const std::string& model);
  void PlanTable(const PhysicalTable& wanted, std::vector<MigrationStep>& steps);
  void PlanGone(const std::string& model, std::vector<MigrationStep>& steps);
  TableEdit EditOf(const PhysicalTable& before, const PhysicalTable& wanted,
                   bool& loses_data) const;
  void KeepTargets(const PhysicalTable& before, PhysicalTable& to) const;
  std::vector<std::string> LaterReferences(const PhysicalTable& table) const;
  PhysicalSchema Unbuilt() const;
  void Replace(PhysicalTable table);
  MigrationStep StepOf(const TableEdit& edit, bool loses_data) const;

  const CurrentSchema& current_;
  const PhysicalSchema& wanted_;
  PhysicalSchema state_;  // as it is after the steps so far
  const std::set<std::string> drops_;
  const bool expands_;
  bool contract_ = false;  // something of the present model is left for it
  MigrationPlan plan_;
};

Result<void> Planner::CheckDrops() {
  if (expands_ && !drops_.empty()) {
    return Fail(Code::kInvalidArgument,
                "a drop would break nodes of the version before: once none runs, drop with "
                "--contract");
  }
  for (const std::string& name : drops_) {
    const std::size_t dot = name.find('.');
    const std::string table_name = name.substr(0, dot);
    const PhysicalTable* there = current_.schema.Find(table_name);
    const PhysicalTable* wanted = wanted_.Find(table_name);
    if (dot == std::string::npos) {
      if (there == nullptr) {
        return Fail(Code::kInvalidArgument, "there is no table " + name + " to drop");
      }
      if (wanted != nullptr) {
        return Fail(Code::kInvalidArgument,
                    "the model still has the table " + name + "; take it out there first");
      }
      continue;
    }
    const std::string column = name.substr(dot + 1);
    if (there == nullptr || there->Find(column) == nullptr) {
      return Fail(Code::kInvalidArgument, "there is no column " + name + " to drop");
    }
    if (wanted != nullptr && wanted->Find(column) != nullptr) {
      return Fail(Code::kInvalidArgument,
                  "the model still has the column " + name + "; take it out there first");
    }
  }
  return {};
}

void Planner::PlanModel(const std::string& model) {
  const std::string hash = HashOfModel(wanted_, model);
  const auto known = current_.hashes.find(model);
  const bool waits = current_.contracts.contains(model);
  if (expands_ && waits) plan_.contracts.push_back(model);
  if (drops_.empty() && known != current_.hashes.end() && known->second == hash &&
      (expands_ || !waits)) {
    return;
  }
  contract_ = false;
  Migration migration;
  migration.model = model;
  // First what leaves: its references hold indexes of what stays.
  PlanGone(model, migration.steps);
  for (const PhysicalTable& table : wanted_.tables) {
    if (table.model == model) PlanTable(table, migration.steps);
  }
  const auto number = current_.numbers.find(model);
  const int last = number == current_.numbers.end() ? 0 : number->second;
  if (migration.steps.empty()) {
    // The same tables from another text: only what is remembered is brought up to date.
    if (last == 0 || (known != current_.hashes.end() && known->second == hash && !waits)) return;
    migration.version = fmt::format("{}.{:04}", model, last);
  } else {
    migration.version = fmt::format("{}.{:04}", model, last + 1);
  }
  for (const MigrationStep& step : migration.steps) {
    if (!migration.description.empty()) migration.description += "; ";
    migration.description += step.description;
  }
  if (last == 0) {
    migration.description = fmt::format("create {} table{}", migration.steps.size(),
                                        migration.steps.size() == 1 ? "" : "s");
  }
  if (migration.description.size() > kDescriptionBytesMax) {
    migration.description.resize(kDescriptionBytesMax);
  }
  Remembered remembered{.hash = hash, .contract = contract_, .before = {}};
  // Once contracted, only the new version fits. The same tables fit whoever they fitted before.
  if (expands_ && known != current_.hashes.end() && plan_.not_rolling.empty()) {
    remembered.before = known->second;
  }
  if (contract_ && !waits) plan_.contracts.push_back(model);
  migration.schema_json = RememberedJson(remembered, state_, model);
  plan_.migrations.push_back(std::move(migration));
}

void Planner::PlanTable(const PhysicalTable& wanted, std::vector<MigrationStep>& steps) {
  const PhysicalTable* before = state_.Find(wanted.name);
  if (before == nullptr) {
    MigrationStep step;
    step.description = "create table " + wanted.name;
    step.up = CreateTableWithAll(wanted, state_);
    step.down = DropTableWithAll(wanted, state_);
    step.after = LaterReferences(wanted);
    steps.push_back(std::move(step));
    state_.tables.push_back(wanted);
    return;
  }
  bool loses_data = false;
  TableEdit edit = EditOf(*before, wanted, loses_data);
  std::vector<MigrationGuard> guards;
  if (expands_) {
    // What the whole change would meet is said now, not when half of it is done.
    guards = AlterTable(edit, state_).guards;
    for (std::string& line : NotRolling(edit)) plan_.not_rolling.push_back(std::move(line));
    TableEdit first = Expanded(edit);
    contract_ = contract_ || ToJson(first.to) != ToJson(edit.to);
    edit = std::move(first);
  }
  const bool changed = ToJson(edit.from) != ToJson(edit.to) || !edit.renamed_values.empty();
  if (changed) {
    MigrationStep step = StepOf(edit, loses_data);
    if (expands_) step.guards = std::move(guards);
    if (!step.up.empty() || !step.after.empty()) steps.push_back(std::move(step));
  }
  if (state_.dialect == Dialect::kPostgres) {
    for (PhysicalIndex& index : edit.to.indexes) index.pending = IsBuiltLater(edit.from, index);
  }
  Replace(std::move(edit.to));
}

MigrationStep Planner::StepOf(const TableEdit& edit, bool loses_data) const {
  AlterSql up = AlterTable(edit, state_);
  AlterSql down = AlterTable(edit.Reversed(), Unbuilt());
  MigrationStep step;
  step.description = DescribeEdit(edit);
  step.up = std::move(up.sql);
  step.down = std::move(down.sql);
  step.loses_data = loses_data;
  step.guards = std::move(up.guards);
  step.after = std::move(up.after);
  if (up.rebuilds) step.rebuilt.push_back(edit.to.name);
  return step;
}

// The table as it shall be: the wanted columns in the order in which they stand, new ones after
// them, and those that left the model kept, unless their drop was asked for.
TableEdit Planner::EditOf(const PhysicalTable& before, const PhysicalTable& wanted,
                          bool& loses_data) const {
  TableEdit edit{before, wanted, {}, {}};
  edit.to.columns.clear();
  std::set<std::string> placed;
  const auto place = [&](const PhysicalColumn& column) {
    edit.to.columns.push_back(column);
    placed.insert(column.name);
    for (const auto& [old_value, new_value] : column.renamed_values) {
      // Only once: when the old value is still one of the column as it is.
      const bool in_check =
          before.Find(column.name) != nullptr &&
          before.Find(column.name)->check_sql.find(QuoteText(old_value)) != std::string::npos;
      const bool in_enum =
          std::any_of(before.enums.begin(), before.enums.end(), [&](const PhysicalEnum& item) {
            return item.column == column.name && std::find(item.values.begin(), item.values.end(),
                                                           old_value) != item.values.end();
          });
      if (in_check || in_enum) edit.renamed_values.push_back({column.name, old_value, new_value});
    }
  };
  for (const PhysicalColumn& old : before.columns) {
    if (const PhysicalColumn* same = wanted.Find(old.name)) {
      place(*same);
      continue;
    }
    const auto renamed = std::find_if(
        wanted.columns.begin(), wanted.columns.end(), [&](const PhysicalColumn& column) {
          return column.was == old.name && before.Find(column.name) == nullptr;
        });
    if (renamed != wanted.columns.end()) {
      edit.renamed.emplace_back(old.name, renamed->name);
      place(*renamed);
    } else if (!old.moved_to.empty() && wanted.Find(old.moved_to) != nullptr) {
      // Its values stand under the other name.
    } else if (drops_.contains(before.name + "." + old.name)) {
      loses_data = true;
    } else {
      PhysicalColumn kept = old;
      kept.kept = true;
      kept.nullable = kept.nullable || kept.default_sql.empty();
      kept.neutral_sql.clear();
      edit.to.columns.push_back(std::move(kept));
    }
  }
  for (const PhysicalColumn& column : wanted.columns) {
    if (!placed.contains(column.name)) place(column);
  }
  KeepTargets(before, edit.to);
  return edit;
}

// A unique index stays as long as a table refers to its columns: that of another model, whose file
// is gone while its table is kept.
void Planner::KeepTargets(const PhysicalTable& before, PhysicalTable& to) const {
  for (const PhysicalIndex& index : before.indexes) {
    const bool stays =
        std::any_of(to.indexes.begin(), to.indexes.end(),
                    [&](const PhysicalIndex& other) { return other.name == index.name; });
    if (stays || !index.unique) continue;
    PhysicalTable only = before;
    only.primary_key.clear();
    only.indexes = {index};
    only.indexes.front().pending = false;
    for (const PhysicalTable& table : state_.tables) {
      if (std::any_of(table.references.begin(), table.references.end(),
                      [&](const PhysicalReference& reference) {
                        return table.name != before.name && reference.table == before.name &&
                               wanted_.Find(table.name) == nullptr && CanReferTo(only, reference);
                      })) {
        to.indexes.push_back(index);
        break;
      }
    }
  }
}

std::vector<std::string> Planner::LaterReferences(const PhysicalTable& table) const {
  std::vector<std::string> out;
  if (state_.dialect != Dialect::kPostgres) return out;
  for (const PhysicalReference& reference : table.references) {
    const PhysicalTable* target = state_.Find(reference.table);
    if (target == nullptr || target->name == table.name || CanReferTo(*target, reference)) continue;
    for (std::string& sql : AddReferenceLaterSql(table, reference)) out.push_back(std::move(sql));
  }
  return out;
}

// For the way back, on which it is not known which indexes are there by then.
PhysicalSchema Planner::Unbuilt() const {
  PhysicalSchema out = state_;
  for (PhysicalTable& table : out.tables) {
    for (PhysicalIndex& index : table.indexes) index.pending = true;
  }
  return out;
}

void Planner::PlanGone(const std::string& model, std::vector<MigrationStep>& steps) {
  std::vector<PhysicalTable> gone;
  for (const PhysicalTable& table : state_.tables) {
    if (table.model == model && wanted_.Find(table.name) == nullptr) gone.push_back(table);
  }
  // What refers to others goes before them.
  std::reverse(gone.begin(), gone.end());
  for (const PhysicalTable& table : gone) {
    if (drops_.contains(table.name)) {
      std::erase_if(state_.tables, [&](const auto& t) { return t.name == table.name; });
      MigrationStep step;
      step.description = "drop table " + table.name;
      step.up = DropTableWithAll(table, state_);
      step.down = CreateTableWithAll(table, Unbuilt());
      step.loses_data = true;
      steps.push_back(std::move(step));
      continue;
    }
    TableEdit edit{table, table, {}, {}};
    edit.to.kept = true;
    edit.to.references.clear();
    edit.to.triggers.clear();
    bool loses_data = false;
    std::erase_if(edit.to.columns, [&](const PhysicalColumn& column) {
      const bool drop = drops_.contains(table.name + "." + column.name);
      loses_data = loses_data || drop;
      return drop;
    });
    if (ToJson(edit.from) == ToJson(edit.to)) continue;
    MigrationStep step = StepOf(edit, loses_data);
    step.description = fmt::format("keep table {}, no longer in the model", table.name);
    if (!step.up.empty() || !step.after.empty()) steps.push_back(std::move(step));
    Replace(std::move(edit.to));
  }
}

void Planner::Replace(PhysicalTable table) { *state_.Find(table.name) = std::move(table); }

}  // namespace

std::string Migration::Up() const {
  std::string sql;
  for (const MigrationStep& step : steps) sql += step.up;
  for (const MigrationStep& step : steps) {
    for (const std::string& statement : step.after) sql += statement + ";\n";
  }
  return sql;
}

std::string Migration::Down() const {
  std::string sql;
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) sql += step->down;
  return sql;
}

bool MigrationPlan::LosesData() const {
  for (const Migration& migration : migrations) {
    for (const MigrationStep& step : migration.steps) {
      if (step.loses_data) return true;
    }
  }
  return false;
}

Result<MigrationPlan> PlanChanges(const CurrentSchema& current, const PhysicalSchema& wanted,
                                  const std::vector<std::string>& drops, MigrationPhase phase) {
  return Planner(current, wanted, drops, phase).Run();
}

std::string HashOfModel(const PhysicalSchema& wanted, std::string_view model) {
  return ToHex(Sha256(boost::json::serialize(TablesOf(wanted, model))));
}

std::string RememberedJson(const Remembered& remembered, const PhysicalSchema& state,
                           std::string_view model) {
  return fmt::format(
      "{{\"hash\":\"{}\",{}{}\"tables\":{}}}", remembered.hash,
      remembered.contract ? "\"contract\":true," : "",
      remembered.before.empty() ? "" : fmt::format("\"before\":\"{}\",", remembered.before),
      boost::json::serialize(TablesOf(state, model)));
}

}  // namespace tenon
