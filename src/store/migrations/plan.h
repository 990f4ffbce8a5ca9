// The way from the schema that a store has to the one that a model wants: numbered migrations, one
// for each model that changed, each a list of steps forward and back. Pure: nothing is read from a
// store or written to it here (migrate.h does both).
//
// Nothing is lost that was not named: a table or column that left the model is kept, made to stand
// in nobody's way (nullable, without references), and reported, until a drop names it.
#pragma once

#include <map>
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
};

struct Migration {
  std::string version;  // "workflows.0001"
  std::string model;
  std::string description;
  std::vector<MigrationStep> steps;  // empty: only what is remembered changes
  std::string schema_json;           // the model's tables after it

  [[nodiscard]] std::string Up() const;    // of all steps, in order
  [[nodiscard]] std::string Down() const;  // in reverse
};

struct MigrationPlan {
  std::vector<Migration> migrations;
  std::vector<std::string> kept;       // "assets.colour", "old_table": no longer in the model
  std::vector<std::string> obstacles;  // guards that do not hold; Migrate refuses
  [[nodiscard]] bool LosesData() const;
};

// What a store remembers.
struct CurrentSchema {
  PhysicalSchema schema;
  std::map<std::string, int> numbers;         // model -> number of its last migration
  std::map<std::string, std::string> hashes;  // model -> HashOfModel at its last migration
  bool keeps = false;                         // something that left the model is still there
};

// kInvalidArgument when a drop names what is not there or still in the model.
Result<MigrationPlan> PlanChanges(const CurrentSchema& current, const PhysicalSchema& wanted,
                                  const std::vector<std::string>& drops);

// Hex digest of the model's wanted tables. Equal means that there is nothing to do.
std::string HashOfModel(const PhysicalSchema& wanted, std::string_view model);

// {"hash":"...","tables":[...]}: the hash stands at a fixed place so that it can be read alone.
std::string RememberedJson(const std::string& hash, const PhysicalSchema& state,
                           std::string_view model);

}  // namespace tenon
