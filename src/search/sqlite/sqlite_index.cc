#include "search/sqlite/sqlite_index.h"

#include <filesystem>
#include <optional>
#include <utility>

#include "search/sqlite/documents.h"
#include "search/sqlite/file.h"
#include "search/sqlite/sqlite_part.h"
#include "search/sqlite/statement.h"
#include "store/sqlite/file.h"

namespace tenon::search {
namespace {

constexpr std::size_t kReadersMax = 6;
// Documents of a rebuild in one transaction.
constexpr int kRebuildBatch = 5000;

// A read transaction for the statements of one query; ends with it.
class Snapshot {
 public:
  explicit Snapshot(Connection& connection) : connection_(connection) {
    begun_ = connection_.Run("BEGIN").has_value();
  }
  ~Snapshot() {
    if (begun_) static_cast<void>(connection_.Step("COMMIT"));
  }
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

 private:
  Connection& connection_;
  bool begun_ = false;
};

// Begins a transaction, and ends it by what became of the work.
Result<void> InTransaction(Connection& connection, const std::function<Result<void>()>& work) {
  TRY(connection.Run("BEGIN IMMEDIATE"));
  auto done = work();
  if (done) done = connection.Run("COMMIT");
  if (!done && connection.InTransaction()) static_cast<void>(connection.Run("ROLLBACK"));
  return done;
}

}  // namespace

SqliteIndex::SqliteIndex(const std::string& directory, const SearchPlans& plans)
    : path_((std::filesystem::path(directory) / "search.db").string()), plans_(plans) {
  RemoveFile(path_ + ".new");  // of a rebuild that was cut off
  static_cast<void>(Open());
}

SqliteIndex::~SqliteIndex() { Close(); }

Result<void> SqliteIndex::Open() {
  writer_ = TRY(OpenFile(path_, plans_.digest()));
  if (writer_ == nullptr) return {};
  const std::lock_guard lock(mutex_);
  readers_ = std::make_shared<ReadPool>([path = path_] { return OpenReader(path); }, kReadersMax);
  damaged_ = false;
  return {};
}

void SqliteIndex::Close() {
  std::shared_ptr<ReadPool> readers;
  {
    const std::lock_guard lock(mutex_);
    readers.swap(readers_);
  }
  if (readers) readers->Close();
  writer_.reset();  // the last connection: SQLite copies its log back and removes it
}

Result<std::optional<LogPlace>> SqliteIndex::Place() {
  if (writer_ == nullptr || damaged_) return std::optional<LogPlace>{};
  auto place = ReadPlace(*writer_);
  if (!place) return std::optional<LogPlace>{};
  return std::optional(*std::move(place));
}

Result<void> SqliteIndex::Write(const std::function<Result<void>(Connection&)>& work) {
  if (writer_ == nullptr || damaged_) {
    Close();
    return Fail(Code::kUnavailable, "the search index has to be built");
  }
  auto done = InTransaction(*writer_, [&] { return work(*writer_); });
  // Whatever SQLite cannot read or write here, a new file mends.
  if (!done && done.error().code == Code::kUnavailable) damaged_ = true;
  return done;
}

Result<void> SqliteIndex::Apply(std::span<const Change> changes, const LogPlace& place) {
  return Write([&](Connection& connection) -> Result<void> {
    DocumentWriter documents(connection);
    for (const Change& change : changes) TRY(documents.Make(change));
    TRY(documents.Flush());
    return WritePlace(connection, place);
  });
}

Result<void> SqliteIndex::Rebuild(const LogPlace& place,
                                  const std::function<Result<void>(const Add&)>& fill) {
  building_ = true;
  const std::string made = path_ + ".new";
  const auto build = [&]() -> Result<void> {
    auto connection = TRY(CreateFile(made, plans_.digest()));
    std::optional<DocumentWriter> documents(std::in_place, *connection);
    int waiting = 0;
    TRY(connection->Run("BEGIN IMMEDIATE"));
    TRY(fill([&](std::span<const Change> changes) -> Result<void> {
      for (const Change& change : changes) TRY(documents->Make(change));
      waiting += static_cast<int>(changes.size());
      if (waiting < kRebuildBatch) return {};
      waiting = 0;
      TRY(documents->Flush());
      return connection->Run("COMMIT; BEGIN IMMEDIATE");
    }));
    TRY(documents->Flush());
    documents.reset();
    TRY(WritePlace(*connection, place));
    TRY(connection->Run("COMMIT"));
    TRY(SealFile(std::move(connection), made));
    Close();
    RemoveFile(path_);
    std::error_code failed;
    std::filesystem::rename(made, path_, failed);
    if (failed) return Fail(Code::kUnavailable, "cannot make " + path_ + ": " + failed.message());
    return Open();
  };
  auto built = build();
  if (!built) RemoveFile(made);
  building_ = false;
  return built;
}

Result<void> SqliteIndex::EraseTenant(const Uuid& tenant) {
  const std::string text = tenant.ToString();
  bool any = false;
  while (true) {
    int rows = 0;
    TRY(Write([&](Connection& connection) -> Result<void> {
      std::vector<Change> changes;
      Bound query = TRY(Bound::Prepare(
          connection,
          "SELECT p.entity, d.key FROM parts p CROSS JOIN docs d "
          "ON d.id BETWEEN p.id << ?2 AND ((p.id + 1) << ?2) - 1 WHERE p.tenant = ?1 LIMIT 2000"));
      query.Text(text).Int(kPartShift);
      while (TRY(query.Step())) {
        const SearchPlan* plan = plans_.FindTable(query.Bytes(0));
        if (plan == nullptr) continue;
        changes.push_back({plan, tenant, std::string(query.Bytes(1)), true, {}});
      }
      query.Again();
      rows = static_cast<int>(changes.size());
      DocumentWriter documents(connection);
      for (const Change& change : changes) TRY(documents.Make(change));
      return documents.Flush();
    }));
    if (rows == 0) break;
    any = true;
  }
  if (!any) return {};
  TRY(Write([&](Connection& connection) -> Result<void> {
    for (const char* sql :
         {"DELETE FROM facet_values WHERE part IN (SELECT id FROM parts WHERE tenant = ?1)",
          "DELETE FROM parts WHERE tenant = ?1"}) {
      Bound remove = TRY(Bound::Prepare(connection, sql));
      TRY(remove.Text(text).Run());
    }
    // FTS5 only notes a deletion until its segments are merged.
    return connection.Run("INSERT INTO words (words) VALUES ('optimize')");
  }));
  TRY(writer_->Run("VACUUM"));
  return writer_->Run("PRAGMA wal_checkpoint(TRUNCATE)");
}

Error SqliteIndex::Damaged(Error error) {
  if (error.code != Code::kUnavailable) return error;
  damaged_ = true;
  return Error(Code::kUnavailable,
               "the search index is damaged and is being built anew; ask again in a while");
}

Result<SqliteIndex::Lease> SqliteIndex::Borrow(std::chrono::milliseconds deadline) {
  std::shared_ptr<ReadPool> readers;
  {
    const std::lock_guard lock(mutex_);
    readers = readers_;
  }
  if (!readers || damaged_) {
    Error error(Code::kUnavailable, "the search index is being built; ask again in a while");
    error.retry_after_s = 2;
    return Fail(std::move(error));
  }
  const auto until = std::chrono::steady_clock::now() + deadline;
  ReadPool::Loan loan = TRY(readers->Borrow(until));
  loan->SetDeadline(until);
  return Lease{std::move(readers), std::move(loan)};
}

Result<IndexAnswer> SqliteIndex::Query(const IndexQuery& query) {
  auto lease = TRY(Borrow(query.deadline));
  const auto run = [&]() -> Result<IndexAnswer> {
    const Snapshot snapshot(*lease.loan);
    return RunQuery(TRY(OpenParts(*lease.loan, query)), query);
  };
  auto answer = run();
  if (!answer) return Fail(Damaged(std::move(answer).error()));
  return answer;
}

Result<std::vector<std::vector<std::string>>> SqliteIndex::Texts(
    const Uuid&, std::span<const Candidate> candidates) {
  auto lease = TRY(Borrow(std::chrono::seconds(5)));
  std::vector<std::vector<std::string>> texts;
  Bound query =
      TRY(Bound::Prepare(*lease.loan, "SELECT texts FROM docs WHERE id = ?1 AND key = ?2"));
  for (const Candidate& candidate : candidates) {
    query.Int(candidate.row).Text(candidate.key);
    texts.emplace_back();
    if (TRY(query.Step())) texts.back() = UnpackTexts(query.Bytes(0));
    query.Again();
  }
  return texts;
}

Result<FacetLists> SqliteIndex::Facets(const Uuid&, std::span<const Candidate> candidates,
                                       std::span<const std::string> facets) {
  auto lease = TRY(Borrow(std::chrono::seconds(5)));
  Bound of_row = TRY(Bound::Prepare(*lease.loan, "SELECT facets FROM doc_facets WHERE id = ?1"));
  std::unordered_map<std::int64_t, std::int64_t> counts;
  for (const Candidate& candidate : candidates) {
    of_row.Int(candidate.row);
    if (TRY(of_row.Step())) {
      for (const std::int64_t id : FacetNumbers(of_row.Bytes(0))) ++counts[id];
    }
    of_row.Again();
  }
  Bound named =
      TRY(Bound::Prepare(*lease.loan, "SELECT facet, value FROM facet_values WHERE id = ?1"));
  FacetSums sums;
  for (const auto& [id, count] : counts) {
    named.Int(id);
    if (TRY(named.Step())) sums[std::string(named.Bytes(0))][std::string(named.Bytes(1))] += count;
    named.Again();
  }
  return ToLists(facets, sums);
}

IndexStats SqliteIndex::Stats() {
  IndexStats stats;
  stats.bytes = FileBytes(path_) + FileBytes(path_ + "-wal");
  stats.state = building_ ? "building" : "ready";
  auto lease = Borrow(std::chrono::seconds(1));
  if (!lease) {
    if (!building_) stats.state = "missing";
    return stats;
  }
  stats.documents = lease->loan->QueryInt("SELECT coalesce(sum(docs), 0) FROM parts").value_or(0);
  return stats;
}

Result<std::string> SqliteIndex::Dump() {
  auto lease = TRY(Borrow(std::chrono::seconds(60)));
  std::string out;
  const auto add = [&](std::string_view sql) -> Result<void> {
    Bound query = TRY(Bound::Prepare(*lease.loan, sql));
    while (TRY(query.Step())) (out += query.Bytes(0)) += '\n';
    return {};
  };
  TRY(
      add("SELECT p.tenant || '|' || p.entity || '|' || d.key || '|' || hex(d.words) || '|' || "
          "hex(d.texts) FROM parts p JOIN docs d ON d.id >> 34 = p.id ORDER BY 1"));
  TRY(
      add("SELECT p.tenant || '|' || p.entity || '|' || n.name || '|' || d.key FROM names n "
          "JOIN parts p ON p.id = n.part JOIN docs d ON d.id = n.id ORDER BY 1"));
  TRY(
      add("SELECT p.tenant || '|' || p.entity || '|' || t.term || '|' || t.docs FROM terms t "
          "JOIN parts p ON p.id = t.part ORDER BY 1"));
  TRY(
      add("SELECT p.tenant || '|' || p.entity || '|' || g.gram || '|' || g.term FROM grams g "
          "JOIN parts p ON p.id = g.part ORDER BY 1"));
  TRY(
      add("SELECT p.tenant || '|' || p.entity || '|' || v.facet || '|' || v.value || '|' || v.docs "
          "FROM facet_values v JOIN parts p ON p.id = v.part WHERE v.docs > 0 ORDER BY 1"));
  return out;
}

}  // namespace tenon::search
