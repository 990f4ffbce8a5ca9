// Whoever can write the store can change the audit log; nobody can do it unseen. Each case tampers
// with plain SQL while the node is closed, and says which row the verification must name.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <filesystem>

#include "base/hash.h"
#include "log/seal_chain.h"
#include "support/node_world.h"

namespace tenon::testing {
namespace {

class AuditTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto world = NodeWorld::Create("");
    ASSERT_TRUE(world) << world.error().message;
    world_ = *std::move(world);
    for (int i = 0; i < 12; ++i) {
      const std::string body =
          fmt::format(R"({{"type":"TABLE","name":"row {}","qualified_name":"q{}"}})", i, i);
      const http::Response made = world_->Call("admin", MakeRequest("POST", "/v1/assets", body));
      ASSERT_EQ(made.status, 201) << made.body;
      const std::string id(ParseJson(made.body)->as_object().at("id").as_string());
      const http::Response changed =
          world_->Call("admin", MakeRequest("PATCH", "/v1/assets/" + id, R"({"name":"changed"})"));
      ASSERT_EQ(changed.status, 200) << changed.body;
      const std::string tag = fmt::format(R"({{"name":"t{}"}})", i);
      ASSERT_EQ(world_->Call("other", MakeRequest("POST", "/v1/tags", tag)).status, 201);
    }
    last_ = Last();
    // An update of the first tenant in the middle of the log: before and after are both there.
    row_ = last_ - 16;
    const auto heads = world_->node().log().Heads();
    ASSERT_TRUE(heads);
    checkpoint_ = *heads;
  }

  // The position of the last row that was written.
  std::int64_t Last() {
    const auto settled = world_->node().log().Settle({.tenant = {}, .across_tenants = true},
                                                     std::chrono::seconds(60));
    EXPECT_TRUE(settled) << settled.error().message;
    return settled ? settled->seq : 0;
  }

  std::optional<AuditFault> Verify(const std::vector<AuditHead>& checkpoint = {},
                                   std::optional<Uuid> tenant = {}) {
    auto fault = world_->node().log().Verify(tenant, checkpoint, {});
    EXPECT_TRUE(fault) << fault.error().message;
    return fault ? *fault : std::nullopt;
  }

  // As one who may do anything: no row-level security, no references.
  void RunOnPostgres(const std::string& sql) {
    const auto done =
        world_->postgres()->database().Run("SET session_replication_role = replica;" + sql);
    EXPECT_TRUE(done) << done.error().message << "\n" << sql;
  }
  void RunOnSqlite(const std::string& sql) {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open((world_->directory() + "/tenon.db").c_str(), &db), SQLITE_OK);
    char* message = nullptr;
    EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, &message), SQLITE_OK)
        << (message == nullptr ? "" : message);
    EXPECT_GT(sqlite3_total_changes(db), 0) << sql;
    sqlite3_free(message);
    sqlite3_close(db);
  }

  // Keeps the log as it is, and puts it back; the node is closed.
  void Keep() {
    if (world_->postgres() != nullptr) return RunOnPostgres("CREATE TABLE kept AS TABLE audits");
    const std::string file = world_->directory() + "/tenon.db";
    std::filesystem::copy_file(file, file + ".whole");
  }
  void PutBack() {
    if (world_->postgres() != nullptr) {
      return RunOnPostgres("DELETE FROM audits; INSERT INTO audits TABLE kept");
    }
    const std::string file = world_->directory() + "/tenon.db";
    std::filesystem::copy_file(file + ".whole", file,
                               std::filesystem::copy_options::overwrite_existing);
  }

  // Runs statements on the closed store, "ROW" standing for the row's position and "ITS" for the
  // condition that names it in audits, and opens the node again.
  void Tamper(std::string sql) {
    const auto replace = [&](const std::string& what, const std::string& with) {
      for (std::size_t at = sql.find(what); at != std::string::npos; at = sql.find(what)) {
        sql.replace(at, what.size(), with);
      }
    };
    replace("ITS", "id = (SELECT audit_id FROM audit_seals WHERE seq = ROW)");
    replace("ROW", std::to_string(row_));
    world_->Close();
    if (world_->postgres() != nullptr) {
      RunOnPostgres(sql);
    } else {
      RunOnSqlite(sql);
    }
    const auto opened = world_->Open();
    ASSERT_TRUE(opened) << opened.error().message;
  }

  void ExpectFault(const std::string& sql, std::int64_t seq, std::string_view what) {
    Tamper(sql);
    const auto fault = Verify();
    ASSERT_TRUE(fault.has_value()) << sql;
    EXPECT_EQ(fault->seq, seq) << fault->what;
    EXPECT_NE(fault->what.find(what), std::string::npos) << fault->what;
  }

  LogEntry EntryAt(std::int64_t seq) {
    LogEntry entry;
    EXPECT_TRUE(world_->node().store().Read({.tenant = {}, .across_tenants = true},
                                            [&](Reader& reader) -> Result<void> {
                                              entry = TRY(Log::Read(reader, {.tenant = {},
                                                                             .after = seq - 1,
                                                                             .limit = 1,
                                                                             .until = {},
                                                                             .entity_type = {},
                                                                             .entity_id = {}}))
                                                          .front();
                                              return {};
                                            }));
    return entry;
  }

  std::unique_ptr<NodeWorld> world_;
  std::int64_t last_ = 0;
  std::int64_t row_ = 0;
  std::vector<AuditHead> checkpoint_;
};

TEST_F(AuditTest, AnUntouchedLogIsWhole) {
  EXPECT_FALSE(Verify(checkpoint_).has_value());
  for (const AuditHead& head : checkpoint_) {
    EXPECT_FALSE(Verify(checkpoint_, head.tenant).has_value());
  }
  ASSERT_TRUE(world_->Restart());
  EXPECT_FALSE(Verify(checkpoint_).has_value());
}

TEST_F(AuditTest, EveryColumnIsCovered) {
  const bool postgres = StoreOfRun() == StoreKind::kPostgres;
  const char* changes[] = {
      postgres ? "after_state = replace(after_state::text, 'changed', 'charged')::jsonb"
               : "after_state = replace(after_state, 'changed', 'charged')",
      "after_state = null",
      postgres ? "before_state = replace(before_state::text, 'row', 'raw')::jsonb"
               : "before_state = replace(before_state, 'row', 'raw')",
      "before_state = null",
      "metadata = '{\"job\":\"x\"}'",
      "ip_address = '192.0.2.9'",
      "ip_address = null",
      "user_agent = 'another'",
      postgres ? "\"timestamp\" = \"timestamp\" - interval '1 microsecond'"
               : "\"timestamp\" = replace(\"timestamp\", '2026', '2025')",
      "action = 'CREATE'",
      "entity_type = 'TAG'",
      "entity_id = '0c7a2f1e-5a90-4f6a-9f0b-0d9e3a1c7b11'",
      "user_id = (SELECT id FROM users WHERE id <> user_id LIMIT 1)",
      "user_id = null",
      "tenant_id = (SELECT id FROM tenants WHERE slug = 'other')",
  };
  world_->Close();
  Keep();
  for (const char* change : changes) {
    SCOPED_TRACE(change);
    ExpectFault(fmt::format("UPDATE audits SET {} WHERE ITS", change), row_, "altered");
    world_->Close();
    PutBack();
  }
}

TEST_F(AuditTest, AMissingRowIsFound) {
  ExpectFault("DELETE FROM audits WHERE ITS", row_, "missing");
}

TEST_F(AuditTest, AMissingRowWithItsSealIsFound) {
  ExpectFault("DELETE FROM audits WHERE ITS; DELETE FROM audit_seals WHERE seq = ROW", row_,
              "missing");
  // A walk of the tenant alone has no numbers without gaps, but the chain does not fit.
  bool found = false;
  for (const AuditHead& head : checkpoint_) found |= Verify({}, head.tenant).has_value();
  EXPECT_TRUE(found);
}

TEST_F(AuditTest, SwappedRowsAreFound) {
  // Three further is the next update of the same tenant.
  ExpectFault(
      "UPDATE audit_seals SET seq = -1 WHERE seq = ROW;"
      "UPDATE audit_seals SET seq = ROW WHERE seq = ROW + 3;"
      "UPDATE audit_seals SET seq = ROW + 3 WHERE seq = -1",
      row_, "reordered");
}

TEST_F(AuditTest, SwappedContentsAreFound) {
  ExpectFault(
      "CREATE TABLE swap AS SELECT seq, audit_id FROM audit_seals WHERE seq IN (ROW, ROW + 3);"
      "UPDATE audit_seals SET audit_id = '0c7a2f1e-5a90-4f6a-9f0b-0d9e3a1c7b11' WHERE seq = ROW;"
      "UPDATE audit_seals SET audit_id = (SELECT audit_id FROM swap WHERE seq = ROW)"
      " WHERE seq = ROW + 3;"
      "UPDATE audit_seals SET audit_id = (SELECT audit_id FROM swap WHERE seq = ROW + 3)"
      " WHERE seq = ROW;"
      "DROP TABLE swap",
      row_, "altered");
}

TEST_F(AuditTest, ACutTailIsFound) {
  ExpectFault(
      "DELETE FROM audits WHERE id IN (SELECT audit_id FROM audit_seals WHERE seq >= ROW);"
      "DELETE FROM audit_seals WHERE seq >= ROW",
      row_, "truncated");
}

constexpr const char* kFixHeads =
    "UPDATE audit_heads SET "
    "seq = (SELECT max(s.seq) FROM audit_seals s WHERE s.tenant_id = audit_heads.tenant_id), "
    "seal = (SELECT s.seal FROM audit_seals s WHERE s.tenant_id = audit_heads.tenant_id "
    "ORDER BY s.seq DESC LIMIT 1)";

TEST_F(AuditTest, ACutTailWithDoctoredHeadsIsFoundByACheckpoint) {
  Tamper(std::string("DELETE FROM audits WHERE id IN (SELECT audit_id FROM audit_seals WHERE seq >="
                     " ROW); DELETE FROM audit_seals WHERE seq >= ROW;") +
         kFixHeads);
  EXPECT_FALSE(Verify().has_value());  // nothing inside the file can tell
  const auto fault = Verify(checkpoint_);
  ASSERT_TRUE(fault.has_value());
  EXPECT_GE(fault->seq, row_);
  EXPECT_NE(fault->what.find("checkpoint"), std::string::npos) << fault->what;
  // Nor does it help to write the log full again.
  for (int i = 0; Last() < last_; ++i) {
    const std::string tag = fmt::format(R"({{"name":"new{}"}})", i);
    ASSERT_EQ(world_->Call("admin", MakeRequest("POST", "/v1/tags", tag)).status, 201);
    const http::Response other = world_->Call("other", MakeRequest("POST", "/v1/tags", tag));
    ASSERT_EQ(other.status, 201) << other.body;
  }
  EXPECT_FALSE(Verify().has_value());
  EXPECT_TRUE(Verify(checkpoint_).has_value());
}

TEST_F(AuditTest, AChainThatWasMadeAnewIsFound) {
  // The last row's content, digest and seal are all replaced by ones that fit each other.
  LogEntry entry = EntryAt(last_);
  LogEntry before;
  for (std::int64_t seq = last_ - 1; before.tenant != entry.tenant; --seq) before = EntryAt(seq);
  Digest previous{};
  std::string salt;
  ASSERT_TRUE(world_->node().store().Read(
      {.tenant = {}, .across_tenants = true}, [&](Reader& reader) -> Result<void> {
        const Value seqs[] = {Value(before.seq), Value(entry.seq)};
        return reader.Query("SELECT seq, seal, salt FROM audit_seals WHERE seq IN ($1, $2)", seqs,
                            [&](const Row& row) -> Result<bool> {
                              if (row.Int(0) == entry.seq) {
                                salt = row.Text(2);
                                return true;
                              }
                              const auto bytes = FromHex(row.Text(1));
                              std::copy(bytes->begin(), bytes->end(), previous.begin());
                              return true;
                            });
      }));
  entry.after_state = R"({"forged":true})";
  const Digest payload = PayloadDigest(salt, entry);
  const Digest seal = Seal(previous, entry, payload);
  row_ = last_;
  ExpectFault(fmt::format("UPDATE audits SET after_state = '{}' WHERE ITS; UPDATE audit_seals SET "
                          "payload_digest = '{}', seal = '{}' WHERE seq = ROW",
                          entry.after_state, ToHex(payload), ToHex(seal)),
              row_, "made anew");
}

TEST_F(AuditTest, AnAddedRowIsFound) {
  ExpectFault(
      "INSERT INTO audits SELECT '0c7a2f1e-5a90-4f6a-9f0b-0d9e3a1c7b11', tenant_id, entity_type,"
      " entity_id, action, user_id, before_state, after_state, metadata, ip_address, user_agent,"
      " \"timestamp\" FROM audits WHERE ITS",
      0, "added");
}

TEST_F(AuditTest, AnErasedPayloadStillVerifies) {
  Tamper(
      "UPDATE audits SET before_state = null, after_state = null, ip_address = null,"
      " user_agent = null, metadata = '{}' WHERE ITS;"
      "UPDATE audit_seals SET salt = null WHERE seq = ROW");
  EXPECT_FALSE(Verify(checkpoint_).has_value());
  // But only the erasure: a new payload in its place is found.
  ExpectFault("UPDATE audits SET after_state = '{\"forged\":true}' WHERE ITS", row_, "altered");
}

TEST_F(AuditTest, AnErasedRowsHeadIsStillSealed) {
  Tamper(
      "UPDATE audits SET before_state = null, after_state = null WHERE ITS;"
      "UPDATE audit_seals SET salt = null WHERE seq = ROW");
  ExpectFault("UPDATE audits SET action = 'CREATE' WHERE ITS", row_, "altered");
}

}  // namespace
}  // namespace tenon::testing
