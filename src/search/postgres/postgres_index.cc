#include "search/postgres/postgres_index.h"

#include <fmt/format.h>

#include <algorithm>

#include "record/array_text.h"
#include "search/postgres/pg_documents.h"
#include "search/postgres/pg_part.h"
#include "search/postgres/schema.h"

namespace tenon::search {
namespace {

const Scope kEverywhere{.tenant = {}, .across_tenants = true};
// Whoever writes documents of an index first changes its row, and so has locked it: that keeps out
// every other writer of it.
const Scope kByRowOfIndex{.tenant = {}, .across_tenants = true, .by_locks = true};

// What the GIN index keeps unsorted and looks through with every search: little while it follows
// the log, more while it is built, where sorting many at once is five times as fast.
constexpr std::string_view kPendingFollowing = "512kB";
constexpr std::string_view kPendingBuilding = "8MB";
// The limit is $1. Rows are changed by their keys: whatever the statistics say of tables that grow
// fast, none is read whole for it.
constexpr std::string_view kWriting =
    "SELECT set_config('gin_pending_list_limit', $1, true), set_config('enable_seqscan', 'off', "
    "true), set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', "
    "true)";
// Documents of a rebuild in one transaction.
constexpr std::size_t kRebuildBatch = 2000;
// Rows that one sweep removes, so that it keeps nobody waiting.
constexpr std::int64_t kSweepRows = 5000;
// An index of other models that nobody keeps, and a build that nobody goes on with.
constexpr std::string_view kForgottenAfter = "1 day";
constexpr std::string_view kAbandonedAfter = "1 hour";

std::string DigestOf(const SearchPlans& plans) {
  return fmt::format("{}:{}", kSearchSchemaVersion, plans.digest());
}

}  // namespace

PostgresIndex::PostgresIndex(Store& store, const SearchPlans& plans, std::string schema,
                             const std::string& node)
    : store_(store),
      plans_(plans),
      schema_(std::move(schema)),
      digest_(DigestOf(plans)),
      lease_(store, {.name = "search:" + plans.digest().substr(0, 16), .holder = node}) {}

Result<std::unique_ptr<PostgresIndex>> PostgresIndex::Open(Store& store, const SearchPlans& plans,
                                                           const std::string& node) {
  std::string schema;
  std::int64_t version = 0;
  TRY(store.Read(kEverywhere, [&](Reader& reader) -> Result<void> {
    schema = TRY(SearchSchemaName(reader));
    const Value name(schema);
    bool there = false;
    TRY(reader.Query(
        "SELECT to_regnamespace($1) IS NOT NULL AND has_schema_privilege($1::regnamespace, "
        "'USAGE') AND to_regclass($1 || '.version') IS NOT NULL",
        std::span(&name, 1), [&](const Row& row) -> Result<bool> {
          there = row.Int(0) != 0;
          return false;
        }));
    if (!there) return {};
    return reader.Query(fmt::format("SELECT max(number) FROM {}.version", schema), {},
                        [&](const Row& row) -> Result<bool> {
                          version = row.Int(0);
                          return false;
                        });
  }));
  if (version != kSearchSchemaVersion) {
    return Fail(Code::kNotFound,
                fmt::format("the database has no schema {} of version {} for the search index; "
                            "'tenon migrate' as the owner of the tables makes it",
                            schema, kSearchSchemaVersion));
  }
  return std::unique_ptr<PostgresIndex>(new PostgresIndex(store, plans, std::move(schema), node));
}

std::string PostgresIndex::Sql(std::string_view text) const {
  std::string out(text);
  for (std::size_t at = 0; (at = out.find("{s}", at)) != out.npos;) out.replace(at, 3, schema_);
  return out;
}

Result<std::int64_t> PostgresIndex::Number(const Scope& scope, std::string_view sql,
                                           std::span<const Value> parameters) {
  std::int64_t number = 0;
  TRY(store_.Read(scope, [&](Reader& reader) {
    return reader.Query(Sql(sql), parameters, [&](const Row& row) -> Result<bool> {
      number = row.Int(0);
      return false;
    });
  }));
  return number;
}

Result<std::optional<std::int64_t>> PostgresIndex::Elsewhere() {
  if (TRY(lease_.Hold())) {
    if (!swept_ && !building_) swept_ = !TRY(Sweep());
    return std::optional<std::int64_t>{};
  }
  TRY(Look());
  return std::optional(standing_ ? standing_->place.position : 0);
}

void PostgresIndex::Leave() { static_cast<void>(lease_.Release()); }

Result<void> PostgresIndex::Look() {
  standing_.reset();
  const Value digest(digest_);
  return store_.Read(kEverywhere, [&](Reader& reader) {
    return reader.Query(
        Sql("SELECT generation, position, \"row\" FROM {s}.indexes WHERE digest = $1 AND ready"),
        std::span(&digest, 1), [&](const Row& row) -> Result<bool> {
          standing_ = {row.Int(0), {row.Int(1), std::string(row.Text(2))}};
          return false;
        });
  });
}

Result<std::optional<LogPlace>> PostgresIndex::Place() {
  TRY(Look());
  return standing_ ? std::optional(standing_->place) : std::nullopt;
}

Result<void> PostgresIndex::Apply(std::span<const Change> changes, const LogPlace& place) {
  if (!standing_) TRY(Look());
  if (!standing_) return Fail(Code::kUnavailable, "the search index has to be built");
  TRY(store_.Write(
      kByRowOfIndex,
      [&](Transaction& transaction) -> Result<void> {
        const Value limit(kPendingFollowing);
        transaction.Expect(kWriting, std::span(&limit, 1));
        const Value move[] = {Value(place.position), Value(place.row), Value(standing_->generation),
                              Value(standing_->place.position), Value(standing_->place.row)};
        if (TRY(transaction.Execute(Sql("UPDATE {s}.indexes SET position = $1, \"row\" = $2, "
                                        "touched_at = now() WHERE generation = $3 AND ready AND "
                                        "position = $4 AND \"row\" = $5"),
                                    move)) != 1) {
          return Fail(Code::kConflict, "another node moved the search index");
        }
        PgDocumentWriter documents(transaction, schema_, standing_->generation);
        TRY(documents.Make(changes));
        return documents.Flush();
      },
      Lane::kBulk, false));
  standing_->place = place;
  return {};
}

// A new index, which nobody asks yet.
Result<std::int64_t> PostgresIndex::Begin() {
  std::int64_t generation = 0;
  const Value digest(digest_);
  TRY(store_.Write(kEverywhere, [&](Transaction& transaction) {
    return transaction.Query(
        Sql("INSERT INTO {s}.indexes (digest) VALUES ($1) RETURNING generation"),
        std::span(&digest, 1), [&](const Row& row) -> Result<bool> {
          generation = row.Int(0);
          return false;
        });
  }));
  return generation;
}

Result<void> PostgresIndex::WriteBatch(std::int64_t generation, std::span<const Change> changes) {
  TRY(lease_.Hold());  // keeps others from beginning the same; whoever is the last to end wins
  return store_.Write(
      kByRowOfIndex,
      [&](Transaction& transaction) -> Result<void> {
        const Value limit(kPendingBuilding);
        transaction.Expect(kWriting, std::span(&limit, 1));
        const Value touched(generation);
        if (TRY(transaction.Execute(
                Sql("UPDATE {s}.indexes SET touched_at = now() WHERE generation = $1"),
                std::span(&touched, 1))) != 1) {
          return Fail(Code::kConflict, "another node took the search index away");
        }
        PgDocumentWriter documents(transaction, schema_, generation);
        TRY(documents.Make(changes));
        return documents.Flush();
      },
      Lane::kBulk, false);
}

Result<void> PostgresIndex::TakeOver(std::int64_t generation, const LogPlace& place) {
  const Value digest(digest_);
  const Value ready[] = {Value(generation), Value(place.position), Value(place.row)};
  TRY(store_.Write(kEverywhere, [&](Transaction& transaction) -> Result<void> {
    TRY(transaction.Execute(Sql("DELETE FROM {s}.indexes WHERE digest = $1 AND ready"),
                            std::span(&digest, 1)));
    if (TRY(transaction.Execute(Sql("UPDATE {s}.indexes SET ready = true, position = $2, \"row\" = "
                                    "$3, touched_at = now() WHERE generation = $1"),
                                ready)) != 1) {
      return Fail(Code::kConflict, "another node took the search index away");
    }
    return transaction.Query(Sql("SELECT {s}.settle()"), {},
                             [](const Row&) -> Result<bool> { return true; });
  }));
  standing_ = {generation, place};
  swept_ = false;
  return {};
}

Result<void> PostgresIndex::Rebuild(const LogPlace& place,
                                    const std::function<Result<void>(const Add&)>& fill) {
  building_ = true;
  const auto build = [&]() -> Result<void> {
    const std::int64_t generation = TRY(Begin());
    std::vector<Change> waiting;
    TRY(fill([&](std::span<const Change> changes) -> Result<void> {
      waiting.insert(waiting.end(), changes.begin(), changes.end());
      if (waiting.size() < kRebuildBatch) return {};
      TRY(WriteBatch(generation, waiting));
      waiting.clear();
      return {};
    }));
    TRY(WriteBatch(generation, waiting));
    return TakeOver(generation, place);
  };
  auto built = build();
  building_ = false;
  return built;
}

// Removes a little of what belongs to no index; whether there may be more.
Result<bool> PostgresIndex::Sweep() {
  const Value old[] = {Value(digest_), Value(kForgottenAfter), Value(kAbandonedAfter)};
  TRY(store_.Write(kEverywhere, [&](Transaction& transaction) -> Result<void> {
    TRY(transaction.Execute(
        Sql("DELETE FROM {s}.indexes WHERE (ready AND digest <> $1 AND touched_at < now() - "
            "$2::text::interval) OR (NOT ready AND touched_at < now() - $3::text::interval)"),
        old));
    return {};
  }));
  const std::int64_t part =
      TRY(Number(kEverywhere,
                 "SELECT id FROM {s}.parts WHERE generation NOT IN (SELECT generation FROM "
                 "{s}.indexes) ORDER BY id LIMIT 1",
                 {}));
  if (part == 0) return false;
  TRY(SweepPart(part));
  return true;
}

// Removes rows of a part, its own row last; whether it is gone.
Result<bool> PostgresIndex::SweepPart(std::int64_t part) {
  const Value range[] = {Value(part << kPgPartShift), Value(((part + 1) << kPgPartShift) - 1),
                         Value(kSweepRows)};
  const Value number[] = {Value(part), Value(kSweepRows)};
  bool gone = false;
  TRY(store_.Write(
      kEverywhere,
      [&](Transaction& transaction) -> Result<void> {
        gone = false;
        for (const char* table : {"docs", "texts"}) {
          const auto rows = TRY(transaction.Execute(
              fmt::format(
                  "DELETE FROM {0}.{1} WHERE id = ANY (ARRAY(SELECT id FROM {0}.{1} WHERE id "
                  "BETWEEN $1 AND $2 ORDER BY id LIMIT $3))",
                  schema_, table),
              range));
          if (rows == kSweepRows) return {};
        }
        for (const char* table : {"names", "terms", "grams", "facet_values"}) {
          const auto rows = TRY(transaction.Execute(
              fmt::format("DELETE FROM {0}.{1} WHERE ctid = ANY (ARRAY(SELECT ctid FROM {0}.{1} "
                          "WHERE part = $1 LIMIT $2))",
                          schema_, table),
              number));
          if (rows == kSweepRows) return {};
        }
        TRY(transaction.Execute(Sql("DELETE FROM {s}.parts WHERE id = $1"), std::span(number, 1)));
        gone = true;
        return {};
      },
      Lane::kBulk, false));
  return gone;
}

Result<void> PostgresIndex::EraseTenant(const Uuid& tenant) {
  const Value of(tenant);
  for (;;) {
    const std::int64_t part =
        TRY(Number(kEverywhere, "SELECT id FROM {s}.parts WHERE tenant = $1 ORDER BY id LIMIT 1",
                   std::span(&of, 1)));
    if (part == 0) break;
    while (!TRY(SweepPart(part))) continue;
  }
  return {};
}

Result<IndexAnswer> PostgresIndex::Query(const IndexQuery& query) {
  IndexAnswer answer;
  const Scope scope{.tenant = query.tenant, .across_tenants = false, .deadline = query.deadline};
  TRY(store_.Read(scope, [&](Reader& reader) -> Result<void> {
    answer = TRY(RunQuery(TRY(OpenParts(reader, schema_, digest_, query)), query));
    return {};
  }));
  return answer;
}

Result<std::vector<std::vector<std::string>>> PostgresIndex::Texts(
    const Uuid& tenant, std::span<const Candidate> candidates) {
  std::vector<std::vector<std::string>> texts(candidates.size());
  if (candidates.empty()) return texts;
  ArrayText ids;
  std::unordered_map<std::int64_t, std::size_t> at;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    ids.Add(candidates[i].row);
    at[candidates[i].row] = i;
  }
  const Value list = ids.Take();
  TRY(store_.Read({.tenant = tenant}, [&](Reader& reader) {
    return reader.Query(
        Sql("SELECT d.id, d.key, (SELECT x.texts::text FROM {s}.texts x WHERE x.id = d.id) FROM "
            "unnest($1::bigint[]) AS w (id), LATERAL (SELECT d.id, d.key FROM {s}.docs d WHERE "
            "d.id = "
            "w.id LIMIT 1) d"),
        std::span(&list, 1), [&](const Row& row) -> Result<bool> {
          const std::size_t i = at.at(row.Int(0));
          if (candidates[i].key == row.Text(1)) texts[i] = TextsOfJson(row.Text(2));
          return true;
        });
  }));
  return texts;
}

Result<FacetLists> PostgresIndex::Facets(const Uuid& tenant, std::span<const Candidate> candidates,
                                         std::span<const std::string> facets) {
  ArrayText ids;
  for (const Candidate& candidate : candidates) ids.Add(candidate.row);
  const Value list = ids.Take();
  FacetSums sums;
  TRY(store_.Read({.tenant = tenant}, [&](Reader& reader) {
    return reader.Query(
        Sql("SELECT v.facet, v.value, count(*) FROM {s}.docs d, unnest(d.facets) f (id) JOIN "
            "{s}.facet_values v ON v.id = f.id WHERE d.id = ANY ($1::bigint[]) GROUP BY 1, 2"),
        std::span(&list, 1), [&](const Row& row) -> Result<bool> {
          sums[std::string(row.Text(0))][std::string(row.Text(1))] += row.Int(2);
          return true;
        });
  }));
  return ToLists(facets, sums);
}

IndexStats PostgresIndex::Stats() {
  IndexStats stats;
  const Value digest(digest_);
  const auto found = store_.Read(kEverywhere, [&](Reader& reader) {
    return reader.Query(
        Sql("SELECT (SELECT coalesce(sum(p.docs), 0)::bigint FROM {s}.parts p WHERE p.generation = "
            "i.generation), (SELECT sum(pg_total_relation_size(c.oid))::bigint FROM pg_class c "
            "WHERE c.relnamespace = '{s}'::regnamespace AND c.relkind = 'r') FROM {s}.indexes i "
            "WHERE i.digest = $1 AND i.ready"),
        std::span(&digest, 1), [&](const Row& row) -> Result<bool> {
          stats.documents = row.Int(0);
          stats.bytes = row.Int(1);
          stats.state = "ready";
          return false;
        });
  });
  if (!found || stats.state.empty()) stats.state = "missing";
  if (building_) stats.state = "building";
  return stats;
}

Result<std::string> PostgresIndex::Dump() {
  std::string out;
  const Value digest(digest_);
  const auto add = [&](std::string_view columns, std::string_view from) -> Result<void> {
    return store_.Read(kEverywhere, [&](Reader& reader) {
      return reader.Query(
          Sql(fmt::format(
              "SELECT p.tenant || '|' || p.entity || '|' || {} FROM {{s}}.indexes i "
              "JOIN {{s}}.parts p ON p.generation = i.generation {} WHERE i.digest = $1 "
              "AND i.ready ORDER BY 1",
              columns, from)),
          std::span(&digest, 1), [&](const Row& row) -> Result<bool> {
            (out += row.Text(0)) += '\n';
            return true;
          });
    });
  };
  TRY(add("d.key || '|' || d.words::text || '|' || x.texts::text",
          "JOIN {s}.docs d ON d.part = p.id JOIN {s}.texts x ON x.id = d.id"));
  TRY(add("n.name || '|' || d.key",
          "JOIN {s}.names n ON n.part = p.id JOIN {s}.docs d ON d.id = n.id"));
  TRY(add("t.term || '|' || t.docs || '|' || t.labels", "JOIN {s}.terms t ON t.part = p.id"));
  TRY(add("g.gram || '|' || g.term", "JOIN {s}.grams g ON g.part = p.id"));
  TRY(add("v.facet || '|' || v.value || '|' || v.docs",
          "JOIN {s}.facet_values v ON v.part = p.id AND v.docs > 0"));
  return out;
}

}  // namespace tenon::search
