// The way from the schema that a store has to the one that a model wants: numbered migrations, one
// for each model that changed, each a list of steps forward and back. Pure: nothing is read from a
// store or written to it here (migrate.h does both).
//
// Nothing is lost that was not named: a table or column that left the model is kept, made to stand
// in nobody's way (nullable, without references), and reported, until a drop names it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/migrations/schema.h"

namespace tenon {

// A question to the rows that are there: the step cannot be taken when `count_sql` is not zero.
struct MigrationGuard {
  std::string count_sql;
  std::string message;  // what is wrong and what to do
};

struct MigrationStep {
  std::string description;  // "add column assets.cost_center"
  std::string up;           // statements, each with its semicolon
  std::string down;
  bool loses_data = false;
  std::vector<MigrationGuard> guards;
  std::vector<std::string> rebuilt;  // tables whose references are checked before the commit
  // PostgreSQL: what FinishSchema does after the commit, each statement by itself. For people; what
  // is left to do is found by looking.
  std::vector<std::string> after = {};
};

// How far a change goes. SQLite has one process and always makes the whole of it.
enum class MigrationPhase {
  kExpand,  // so far that the version before works on (expand.h)
  kWhole,   // to the end: what an expand left for later too
};

struct Migration {
  std::string version;  // "workflows.0001"
  std::string model;
  std::string description;
  std::vector<MigrationStep> steps;  // empty: only what is remembered changes
  std::string schema_json;           // the model's tables after it

  // Of all steps, in order, and what is done after them.
  [[nodiscard]] std::string Up() const;
  [[nodiscard]] std::string Down() const;  // in reverse
};

struct MigrationPlan {
  std::vector<Migration> migrations;
  std::vector<std::string> kept;       // "assets.colour", "old_table": no longer in the model
  std::vector<std::string> obstacles;  // guards that do not hold; Migrate refuses
  std::vector<std::string> contracts;  // models of which something waits for the contract
  // What the version before cannot live with; nodes of it are to be stopped first.
  std::vector<std::string> not_rolling;
  [[nodiscard]] bool LosesData() const;
};

// What a store remembers.
struct CurrentSchema {
  PhysicalSchema schema;
  std::map<std::string, int> numbers;         // model -> number of its last migration
  std::map<std::string, std::string> hashes;  // model -> HashOfModel at its last migration
  bool keeps = false;                         // something that left the model is still there
  std::set<std::string> contracts;            // models of which something waits for the contract
};

// kInvalidArgument when a drop names what is not there or still in the model.
Result<MigrationPlan> PlanChanges(const CurrentSchema& current, const PhysicalSchema& wanted,
                                  const std::vector<std::string>& drops,
                                  MigrationPhase phase = MigrationPhase::kWhole);

// Hex digest of the model's wanted tables. Equal means that there is nothing to do.
std::string HashOfModel(const PhysicalSchema& wanted, std::string_view model);

// {"hash":"...","contract":true,"before":"...","tables":[...]}: the hash stands at a fixed place so
// that it can be read alone. `before` is the hash of the version before, when that works with these
// tables as well.
struct Remembered {
  std::string hash;
  bool contract = false;  // something waits for it
  std::string before;     // empty: it does not
};
std::string RememberedJson(const Remembered& remembered, const PhysicalSchema& state,
                           std::string_view model);

}  // namespace tenon
