// The tables of the search index beside the models' tables on PostgreSQL: a schema of their own,
// which the plan of the models' migrations knows nothing of. What is in them is made from the
// models' tables, so a new version of them is begun empty and filled again.
//
//   version       of what follows
//   indexes       one row for each index there is or that is being built: of which models (digest),
//                 generation, position in the log
//   parts         of a generation one for each tenant and entity: number, rows, next row's number
//   docs          words for ranking, facets, and `body`, the tsvector that is searched (GIN). Its
//                 lexemes bear the part's number: `12.tok`, `12=tok` (of the label), `@7` (of facet
//                 value 7), so one tenant's frequent word does not make another's slow
//   texts         the fields' texts, for marking
//   names         folded whole names -> row
//   terms, grams  the words of each part with the number of rows; their trigrams
//   facet_values
//
// The application's role reads rows of its own tenant only (row-level security). An operator that
// is not leakproof, as `@@`, would not use its index under that, so the functions that search
// run with the owner's rights and say themselves which tenant they are for.
#pragma once

#include <string>

#include "base/result.h"
#include "store/migrations/roles.h"
#include "store/store.h"

namespace tenon::search {

inline constexpr std::int64_t kSearchSchemaVersion = 2;

// "tenon_search"; when the models' tables stand in a schema NAME other than public, "NAME_search".
Result<std::string> SearchSchemaName(Reader& reader);

struct SearchSchemaState {
  std::string name;
  std::int64_t version = 0;  // 0: it is not there
  bool may_make = false;     // whether who asks may make or replace it
  bool granted = false;      // the roles may use it
};
Result<SearchSchemaState> LookAtSearchSchema(Reader& reader, const PostgresRoles& roles);

// Makes what is missing or of another version, as the owner of the tables. kForbidden says what a
// DBA has to grant.
Result<void> PrepareSearchSchema(Store& store, const PostgresRoles& roles);

}  // namespace tenon::search
