#include "store/postgres/catalog.h"

namespace tenon {
namespace {

using std::chrono::steady_clock;

// A constraint that stays unknown does not make every conflict read the catalog.
constexpr std::chrono::seconds kLoadedAgainAfter{1};
constexpr std::chrono::seconds kLoadTime{2};

// The columns of unique indexes and of foreign keys; expressions of an index have none.
constexpr std::string_view kColumns = R"(
WITH keys(relid, name, attnum, place) AS (
  SELECT i.indrelid, c.relname, k.attnum, k.place
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid,
       unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place)
  WHERE i.indisunique AND k.place <= i.indnkeyatts
  UNION ALL
  SELECT r.conrelid, r.conname, k.attnum, k.place
  FROM pg_constraint r, unnest(r.conkey) WITH ORDINALITY AS k(attnum, place)
  WHERE r.contype = 'f'
)
SELECT t.relname, keys.name, coalesce(root.relname, t.relname), a.attname
FROM keys
JOIN pg_class t ON t.oid = keys.relid
JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname = ANY (current_schemas(false))
JOIN pg_attribute a ON a.attrelid = keys.relid AND a.attnum = keys.attnum
LEFT JOIN pg_class root ON root.oid = pg_partition_root(t.oid)
ORDER BY 1, 2, keys.place)";

std::string_view TextOf(const Error& error, std::string_view name) {
  const boost::json::value* value = error.details.if_contains(name);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string())
                                                : std::string_view();
}

}  // namespace

void ConstraintCatalog::Complete(Error& error) {
  const std::string_view kind = TextOf(error, "constraint");
  const std::string_view name = TextOf(error, "name");
  if (kind == "check" || name.empty()) return;
  const std::pair key(std::string(TextOf(error, "table")), std::string(name));
  const std::lock_guard lock(mutex_);
  auto found = constraints_.find(key);
  if (found == constraints_.end()) {
    if (steady_clock::now() - loaded_at_ < kLoadedAgainAfter || !Load()) return;
    found = constraints_.find(key);
  }
  // A delete that broke a reference: the constraint is another table's, and its columns as well.
  if (found == constraints_.end()) return;
  boost::json::array columns;
  for (const std::string& column : found->second.columns) columns.emplace_back(column);
  error.details["table"] = found->second.table;
  error.details["columns"] = std::move(columns);
}

void ConstraintCatalog::Forget() {
  const std::lock_guard lock(mutex_);
  constraints_.clear();
  loaded_at_ = {};
}

bool ConstraintCatalog::Load() {
  const auto deadline = steady_clock::now() + kLoadTime;
  Result<PgPool::Loan> connection = pool_.Borrow(deadline);
  if (!connection) return false;
  PgResult rows;
  if (!(*connection)->Queue(kColumns, {}, &rows) || (*connection)->Flush(deadline)) return false;
  (*connection)->TakeRoundTrips();  // they are nobody's command
  Constraints constraints;
  for (int i = 0; i < PQntuples(rows.get()); ++i) {
    const PgRow row(rows.get(), i);
    Constraint& constraint = constraints[{std::string(row.Text(0)), std::string(row.Text(1))}];
    constraint.table = row.Text(2);
    constraint.columns.emplace_back(row.Text(3));
  }
  constraints_ = std::move(constraints);
  loaded_at_ = steady_clock::now();
  return true;
}

}  // namespace tenon
