// Thousands of commands of every kind against a plain model in memory: two tenants, stale versions,
// quotas, repeated requests, batches, upserts; crashes and clock jumps in between. After each
// command the log rows must be exactly those that the model expects, and after each crash every row
// must equal it and the audit chain must be whole. Seeds are fixed; a failure names its own.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <random>
#include <set>

#include "support/node_world.h"
#include "support/sample.h"

namespace tenon::testing {
namespace {

constexpr int kCommands = 2000;
constexpr std::size_t kTagQuota = 12;  // of the tenant `default`
constexpr const char* kTables[] = {"assets", "tags", "workflow_executions", "workflow_steps"};

using Rows = std::map<std::string, json::object>;  // by id

struct TenantModel {
  std::map<std::string, Rows> tables;
};

struct LogRow {
  std::string action;
  std::string id;
  std::optional<json::object> after;
};

struct Kept {  // an answered request with an Idempotency-Key
  std::string as, key, path, body, answer;
};

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

bool IsLive(const json::object& row) {
  const json::value* deleted = row.if_contains("deleted_at");
  return deleted == nullptr || deleted->is_null();
}

class Simulation {
 public:
  explicit Simulation(std::uint64_t seed) : seed_(seed), random_(seed) {}

  void Run() {
    auto world = NodeWorld::Create("", seed_);
    ASSERT_TRUE(world) << world.error().message;
    world_ = *std::move(world);
    SetQuota();
    for (step_ = 0; step_ < kCommands && !::testing::Test::HasFailure(); ++step_) {
      SCOPED_TRACE(fmt::format("seed {}, command {}", seed_, step_));
      Step();
    }
    SCOPED_TRACE(fmt::format("seed {}, at the end", seed_));
    Crash();
  }

  int writes() const { return writes_; }
  int crashes() const { return crashes_; }
  int replays() const { return replays_; }

 private:
  // --- chance
  // -------------------------------------------------------------------------------------

  int Below(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(random_); }
  bool OneIn(int n) { return Below(n) == 0; }

  // Mostly an id of the table in this tenant, live or deleted; now and then another's or none.
  std::string SomeId(const std::string& table) {
    const std::string& owner = OneIn(20) ? (as_ == "admin" ? "other" : "admin") : as_;
    const Rows& rows = tenants_[owner].tables[table];
    if (rows.empty() || OneIn(40)) return "0c7a2f1e-5a90-4f6a-9f0b-0d9e3a1c7b11";
    return std::next(rows.begin(), Below(static_cast<int>(rows.size())))->first;
  }

  json::object* Find(const std::string& table, const std::string& id) {
    Rows& rows = RowsOf(table);
    const auto found = rows.find(id);
    return found == rows.end() ? nullptr : &found->second;
  }
  json::object* FindLive(const std::string& table, const std::string& id) {
    json::object* row = Find(table, id);
    return row != nullptr && IsLive(*row) ? row : nullptr;
  }
  Rows& RowsOf(const std::string& table) { return tenants_[as_].tables[table]; }

  const json::object* LiveWith(const std::string& table, const char* field,
                               const json::value& value) {
    for (const auto& [id, row] : RowsOf(table)) {
      if (IsLive(row) && row.at(field) == value) return &row;
    }
    return nullptr;
  }

  // --- requests
  // -----------------------------------------------------------------------------------

  struct Answer {
    int status = 0;
    json::object body;
    std::string text;
    bool replayed = false;
  };

  Answer Call(const std::string& method, const std::string& path, const json::value& body,
              const std::string& if_match = "", const std::string& key = "") {
    http::Request request = MakeRequest(method, path, body.is_null() ? "" : json::serialize(body));
    if (!if_match.empty()) request.headers.Set("If-Match", "\"" + if_match + "\"");
    if (!key.empty()) request.headers.Set("Idempotency-Key", key);
    const http::Response response = world_->Call(as_, std::move(request));
    Answer answer;
    answer.status = response.status;
    answer.text = BodyOf(response);
    answer.replayed = response.headers.Has("Idempotent-Replayed");
    if (auto parsed = ParseJson(answer.text); parsed && parsed->is_object()) {
      answer.body = std::move(parsed->as_object());
    }
    return answer;
  }

  void Expect(const Answer& answer, int status, const std::string& what) {
    EXPECT_EQ(answer.status, status) << what << ": " << answer.text;
  }

  void ExpectLog(const std::vector<LogRow>& expected, bool any_order = false) {
    auto rows = world_->NewLogRows();
    ASSERT_TRUE(rows) << rows.error().message;
    ASSERT_EQ(rows->size(), expected.size()) << json::serialize(*rows);
    std::vector<std::string> wanted;
    std::vector<std::string> got;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const json::object& row = (*rows)[i].as_object();
      wanted.push_back(expected[i].action + " " + expected[i].id);
      got.push_back(fmt::format("{} {}", std::string_view(row.at("action").as_string()),
                                std::string_view(row.at("entity_id").as_string())));
      if (expected[i].after) {
        EXPECT_EQ(CanonicalJson(row.at("after")), CanonicalJson(*expected[i].after));
      }
    }
    if (any_order) {
      std::sort(wanted.begin(), wanted.end());
      std::sort(got.begin(), got.end());
    }
    EXPECT_EQ(wanted, got);
    writes_ += static_cast<int>(expected.size());
  }

  // The row as it is read must be the row that was answered: the cache is not behind.
  void ExpectRead(const std::string& table, const std::string& id) {
    const json::object* row = FindLive(table, id);
    const Answer read = Call("GET", "/v1/" + table + "/" + id, nullptr);
    EXPECT_EQ(read.status, row == nullptr ? 404 : 200) << read.text;
    if (row == nullptr) return;
    EXPECT_EQ(CanonicalJson(read.body), CanonicalJson(*row));
  }

  // The answer is the old row with the patch, and nothing else but what the engine writes.
  static void ExpectPatched(const json::object& old, const json::value& patch,
                            const json::object& answer) {
    json::value wanted = old;
    MergePatch(wanted, patch);
    for (const auto& member : answer) {
      const std::string_view name = member.key();
      if (name == "updated_at" || name == "version") continue;
      const json::value* want = wanted.as_object().if_contains(name);
      // A merge patch takes a cleared column away; the row shows it as null.
      EXPECT_EQ(CanonicalJson(member.value()),
                CanonicalJson(want == nullptr ? json::value() : *want))
          << name;
    }
  }

  // --- commands
  // -----------------------------------------------------------------------------------

  void Step() {
    as_ = OneIn(3) ? "other" : "admin";
    switch (Below(20)) {
      case 0:
      case 1:
      case 2:
        return CreateAsset();
      case 3:
      case 4:
        return CreateTag();
      case 5:
      case 6:
      case 7:
        return PatchAsset();
      case 8:
        return DeleteAsset();
      case 9:
        return RestoreAsset();
      case 10:
        return DeleteTag();
      case 11:
        return CreateRun();
      case 12:
        return CreateStep();
      case 13:
      case 14:
        return FireRun();
      case 15:
        return OneIn(2) ? DeleteRun() : Replay();
      case 16:
        return Batch(true);
      case 17:
        return Batch(false);
      case 18:
        return Upsert();
      default:
        return Disturb();
    }
  }

  json::object AssetBody() {
    return {
        {"type", OneIn(2) ? "TABLE" : "VIEW"},
        {"name", fmt::format("name {}", Below(1000))},
        {"qualified_name", fmt::format("q{}", Below(60))},
        {"metadata", json::object{{"tier", Below(4)}, {"owner", json::object{{"n", Below(3)}}}}}};
  }

  void CreateAsset() {
    const json::object body = AssetBody();
    const std::string key = OneIn(3) ? fmt::format("key-{}", step_) : "";
    const bool taken = LiveWith("assets", "qualified_name", body.at("qualified_name")) != nullptr;
    const Answer answer = Call("POST", "/v1/assets", body, "", key);
    Expect(answer, taken ? 409 : 201, "create");
    if (taken || answer.status != 201) return ExpectLog({});
    Added("assets", body, answer.body);
    if (!key.empty()) kept_.push_back({as_, key, "/v1/assets", json::serialize(body), answer.text});
  }

  void Added(const std::string& table, const json::object& body, const json::object& answer) {
    for (const auto& member : body) {
      EXPECT_EQ(CanonicalJson(answer.at(member.key())), CanonicalJson(member.value()));
    }
    const std::string id(answer.at("id").as_string());
    EXPECT_FALSE(RowsOf(table).contains(id));
    RowsOf(table)[id] = answer;
    ExpectLog({{"CREATE", id, answer}});
    ExpectRead(table, id);
  }

  void CreateTag() {
    const json::object body{{"name", fmt::format("tag {}", Below(40))}};
    const bool full = as_ == "admin" && RowsOf("tags").size() >= kTagQuota;
    const bool taken = LiveWith("tags", "name", body.at("name")) != nullptr;
    const Answer answer = Call("POST", "/v1/tags", body);
    Expect(answer, full ? 429 : taken ? 409 : 201, "tag");
    if (answer.status == 201) return Added("tags", body, answer.body);
    ExpectLog({});
  }

  void PatchAsset() {
    const std::string id = SomeId("assets");
    json::object patch;
    if (OneIn(2)) patch["name"] = fmt::format("name {}", Below(5));
    if (OneIn(3)) patch["description"] = OneIn(2) ? json::value(nullptr) : json::value("text");
    if (OneIn(3))
      patch["metadata"] = json::object{{"tier", nullptr}, {"owner", json::object{{"m", 1}}}};
    if (OneIn(6)) patch["qualified_name"] = fmt::format("q{}", Below(60));
    json::object* row = FindLive("assets", id);
    std::string if_match;
    bool stale = false;
    if (row != nullptr && OneIn(2)) {
      stale = OneIn(3);
      const std::int64_t version = row->at("version").to_number<std::int64_t>();
      if_match = std::to_string(stale ? version + 1 + Below(3) : version);
    }
    const Answer answer = Call("PATCH", "/v1/assets/" + id, patch, if_match);
    if (row == nullptr || stale) {
      Expect(answer, row == nullptr ? 404 : 412, "patch");
      return ExpectLog({});
    }
    if (patch.contains("qualified_name")) {
      const json::object* holder = LiveWith("assets", "qualified_name", patch.at("qualified_name"));
      if (holder != nullptr && holder != row) {
        Expect(answer, 409, "patch");
        return ExpectLog({});
      }
    }
    Expect(answer, 200, "patch");
    if (answer.status == 200) Changed("assets", *row, patch, answer.body);
  }

  void Changed(const std::string& table, json::object& row, const json::value& patch,
               const json::object& answer) {
    ExpectPatched(row, patch, answer);
    const std::int64_t version = row.at("version").to_number<std::int64_t>();
    json::object same = answer;
    same["version"] = row.at("version");
    same["updated_at"] = row.at("updated_at");
    const bool changed = CanonicalJson(same) != CanonicalJson(row);
    EXPECT_EQ(answer.at("version").to_number<std::int64_t>(), version + (changed ? 1 : 0));
    row = answer;
    const std::string id(row.at("id").as_string());
    ExpectLog(changed ? std::vector<LogRow>{{"UPDATE", id, answer}} : std::vector<LogRow>{});
    ExpectRead(table, id);
  }

  void DeleteAsset() {
    const std::string id = SomeId("assets");
    json::object* row = FindLive("assets", id);
    const Answer answer = Call("DELETE", "/v1/assets/" + id, nullptr);
    Expect(answer, row == nullptr ? 404 : 204, "delete");
    if (row == nullptr) return ExpectLog({});
    ExpectLog({{"DELETE", id, std::nullopt}});
    const Answer read = Call("GET", "/v1/assets/" + id + "", nullptr);
    Expect(read, 404, "get a deleted one");
    SyncDeleted(id, *row);
  }

  // What a soft delete wrote is the deletion and the engine's own fields.
  void SyncDeleted(const std::string& id, json::object& row) {
    const http::Response response =
        world_->Call(as_, MakeRequest("GET", "/v1/assets/" + id, "", {{"deleted", "true"}}));
    ASSERT_EQ(response.status, 200);
    const json::object now = ParseJson(BodyOf(response))->as_object();
    EXPECT_FALSE(now.at("deleted_at").is_null());
    for (const auto& member : row) {
      const std::string_view name = member.key();
      if (name == "deleted_at" || name == "updated_at" || name == "version") continue;
      EXPECT_EQ(CanonicalJson(now.at(name)), CanonicalJson(member.value()));
    }
    row = now;
  }

  void RestoreAsset() {
    const std::string id = SomeId("assets");
    json::object* row = Find("assets", id);
    const bool deleted = row != nullptr && !IsLive(*row);
    const bool taken = deleted && LiveWith("assets", "qualified_name", row->at("qualified_name"));
    const Answer answer = Call("POST", "/v1/assets/" + id + ":restore", json::object());
    Expect(answer, !deleted ? 404 : taken ? 409 : 200, "restore");
    if (answer.status != 200) return ExpectLog({});
    ExpectPatched(*row, json::object{{"deleted_at", nullptr}}, answer.body);
    *row = answer.body;
    ExpectLog({{"RESTORE", id, answer.body}});
    ExpectRead("assets", id);
  }

  void DeleteTag() {
    const std::string id = SomeId("tags");
    const bool there = Find("tags", id) != nullptr;
    Expect(Call("DELETE", "/v1/tags/" + id, nullptr), there ? 204 : 404, "delete");
    RowsOf("tags").erase(id);
    ExpectLog(there ? std::vector<LogRow>{{"DELETE", id, std::nullopt}} : std::vector<LogRow>{});
    ExpectRead("tags", id);
  }

  void CreateRun() {
    const json::object body{
        {"correlation_id", fmt::format("0c7a2f1e-5a90-4f6a-9f0b-{:012x}", step_ + 1)},
        {"workflow_type", "build"}};
    const Answer answer = Call("POST", "/v1/workflow_executions", body);
    Expect(answer, 201, "run");
    if (answer.status == 201) Added("workflow_executions", body, answer.body);
  }

  void CreateStep() {
    const std::string run = SomeId("workflow_executions");
    const json::object body{{"workflow_id", run}, {"step_name", "s"}, {"step_order", Below(9)}};
    const bool there = Find("workflow_executions", run) != nullptr;
    const Answer answer = Call("POST", "/v1/workflow_steps", body);
    Expect(answer, there ? 201 : 409, "step");
    if (answer.status == 201) return Added("workflow_steps", body, answer.body);
    ExpectLog({});
  }

  void FireRun() {
    const std::string id = SomeId("workflow_executions");
    const char* events[] = {"start", "complete", "fail"};
    const std::string event = events[Below(3)];
    json::object* row = Find("workflow_executions", id);
    const std::string state =
        row == nullptr ? "" : std::string(row->at("current_state").as_string());
    const bool allowed =
        event == "start" ? state == "PENDING" || state == "FAILED" : state == "PROCESSING";
    const json::object takes =
        event == "fail" ? json::object{{"error_message", "boom"}} : json::object();
    const Answer answer = Call("POST", "/v1/workflow_executions/" + id + ":" + event, takes);
    Expect(answer, row == nullptr ? 404 : allowed ? 200 : 409, event);
    if (answer.status != 200) return ExpectLog({});
    EXPECT_EQ(answer.body.at("current_state"), json::value(event == "start"  ? "PROCESSING"
                                                           : event == "fail" ? "FAILED"
                                                                             : "COMPLETED"));
    *row = answer.body;
    auto rows = world_->NewLogRows();
    ASSERT_TRUE(rows);
    // A failed run also queues a notification, in the same transaction.
    ASSERT_EQ(rows->size(), event == "fail" ? 2U : 1U) << json::serialize(*rows);
    EXPECT_EQ((*rows)[0].as_object().at("action"), json::value("EVENT"));
    EXPECT_EQ(CanonicalJson((*rows)[0].as_object().at("after")), CanonicalJson(*row));
    writes_ += static_cast<int>(rows->size());
    ExpectRead("workflow_executions", id);
  }

  void DeleteRun() {
    const std::string id = SomeId("workflow_executions");
    const bool there = Find("workflow_executions", id) != nullptr;
    Expect(Call("DELETE", "/v1/workflow_executions/" + id, nullptr), there ? 204 : 404, "delete");
    if (!there) return ExpectLog({});
    RowsOf("workflow_executions").erase(id);
    std::vector<LogRow> expected = {{"DELETE", id, std::nullopt}};
    Rows& steps = RowsOf("workflow_steps");
    for (auto at = steps.begin(); at != steps.end();) {
      if (at->second.at("workflow_id") == json::value(id)) {
        expected.push_back({"DELETE", at->first, std::nullopt});
        at = steps.erase(at);
      } else {
        ++at;
      }
    }
    ExpectLog(expected, true);
    for (const LogRow& row : expected) ExpectRead("workflow_steps", row.id);
  }

  void Replay() {
    if (kept_.empty()) return;
    const Kept& kept = kept_[static_cast<std::size_t>(Below(static_cast<int>(kept_.size())))];
    as_ = kept.as;
    const bool reused = OneIn(4);
    json::object body = ParseJson(kept.body)->as_object();
    if (reused) body["name"] = "another";
    const Answer answer = Call("POST", kept.path, body, "", kept.key);
    Expect(answer, reused ? 422 : 201, "replay");
    EXPECT_EQ(answer.replayed, !reused);
    ExpectLog({});
    if (reused) return;
    EXPECT_EQ(CanonicalJson(answer.body), CanonicalJson(*ParseJson(kept.answer)));
    ++replays_;
  }

  void Batch(bool atomic) {
    json::array items;
    for (int i = Below(8) + 1; i > 0; --i) items.push_back(AssetBody());
    std::set<std::string> names;
    for (const auto& [id, row] : RowsOf("assets")) {
      if (IsLive(row)) names.emplace(row.at("qualified_name").as_string());
    }
    std::vector<bool> good;
    for (const json::value& item : items) {
      good.push_back(
          names.insert(std::string(item.as_object().at("qualified_name").as_string())).second);
    }
    const bool all = std::ranges::find(good, false) == good.end();
    const Answer answer =
        Call("POST", "/v1/assets:batch", json::object{{"atomic", atomic}, {"items", items}});
    if (atomic && !all) {
      Expect(answer, 409, "batch");
      EXPECT_EQ(answer.body.at("index").to_number<std::int64_t>(),
                std::ranges::find(good, false) - good.begin());
      return ExpectLog({});
    }
    Expect(answer, 200, "batch");
    if (answer.status != 200) return;
    const json::array& answers = answer.body.at("items").as_array();
    ASSERT_EQ(answers.size(), items.size());
    std::vector<LogRow> expected;
    for (std::size_t i = 0; i < items.size(); ++i) {
      const json::object& row = answers[i].as_object();
      if (!good[i]) {
        EXPECT_EQ(row.at("status"), json::value(409));
        continue;
      }
      ASSERT_TRUE(row.contains("id")) << answer.text;
      const std::string id(row.at("id").as_string());
      RowsOf("assets")[id] = row;
      expected.push_back({"CREATE", id, row});
    }
    ExpectLog(expected);
  }

  void Upsert() {
    json::array items;
    std::set<std::string> names;
    for (int i = Below(5) + 1; i > 0; --i) {
      json::object body = AssetBody();
      if (names.emplace(body.at("qualified_name").as_string()).second) items.push_back(body);
    }
    const Answer answer =
        Call("POST", "/v1/assets:batch", json::object{{"upsert", true}, {"items", items}});
    Expect(answer, 200, "upsert");
    if (answer.status != 200) return;
    std::vector<LogRow> expected;
    for (std::size_t i = 0; i < items.size(); ++i) {
      const json::object& row = answer.body.at("items").as_array()[i].as_object();
      const std::string id(row.at("id").as_string());
      const json::object* present =
          LiveWith("assets", "qualified_name", items[i].as_object().at("qualified_name"));
      if (present == nullptr) {
        expected.push_back({"CREATE", id, row});
      } else {
        EXPECT_EQ(present->at("id"), row.at("id"));
        ExpectPatched(*present, items[i], row);
        if (present->at("version") != row.at("version")) expected.push_back({"UPDATE", id, row});
      }
      RowsOf("assets")[id] = row;
    }
    ExpectLog(expected);
  }

  // --- crashes and the clock
  // ----------------------------------------------------------------------

  void Disturb() {
    switch (Below(12)) {
      case 0:
        return Crash();
      case 1:
        return Reopen();
      case 2:
        world_->clock().JumpWall(std::chrono::minutes(Below(60)));
        break;
      case 3:
        world_->clock().JumpWall(-std::chrono::minutes(Below(60)));
        break;
      case 4:
        world_->clock().Advance(std::chrono::minutes(Below(10)));
        break;
      default:
        world_->clock().Advance(std::chrono::seconds(Below(5)));
        break;
    }
    const auto taken = world_->node().engine().TakeDueEvents();
    ASSERT_TRUE(taken) << taken.error().message;
    EXPECT_EQ(*taken, 0);
    // Only keys that the simulated clock cannot have let expire are repeated.
    if (kept_.size() > 100) kept_.erase(kept_.begin(), kept_.begin() + 50);
  }

  void Reopen() {
    const auto opened = world_->Restart();
    ASSERT_TRUE(opened) << opened.error().message;
    CheckAll();
  }

  // What is in the files at this moment is all that is left, as after a power failure; the tail of
  // the write-ahead log may be garbage.
  void Crash() {
    if (world_->postgres() != nullptr) return CutOff();
    const std::string file = world_->directory() + "/tenon.db";
    std::string data;
    std::string wal;
    do {  // until the checkpointer did not write in between
      data = ReadFile(file);
      wal = ReadFile(file + "-wal");
    } while (data != ReadFile(file) || wal != ReadFile(file + "-wal"));
    world_->Close();
    for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(file + end);
    std::ofstream(file, std::ios::binary) << data;
    if (!wal.empty() && OneIn(2)) wal += std::string(static_cast<std::size_t>(Below(9000)), '\7');
    if (!wal.empty()) std::ofstream(file + "-wal", std::ios::binary) << wal;
    const auto opened = world_->Open();
    ASSERT_TRUE(opened) << opened.error().message;
    ++crashes_;
    CheckAll();
  }

  // Every connection is ended by the server, and at times this node's process with them.
  void CutOff() {
    const auto cut = world_->postgres()->database().Run(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = "
        "current_database() "
        "AND pid <> pg_backend_pid()");
    ASSERT_TRUE(cut) << cut.error().message;
    if (OneIn(2)) {
      const auto opened = world_->Restart();
      ASSERT_TRUE(opened) << opened.error().message;
    }
    ++crashes_;
    CheckAll();
  }

  void CheckAll() {
    ExpectLog({});
    const std::string present = as_;
    for (const char* tenant : {"admin", "other"}) {
      as_ = tenant;
      for (const char* table : kTables) CheckTable(table);
    }
    as_ = present;
    const auto fault = world_->node().log().Verify({}, {}, {});
    ASSERT_TRUE(fault) << fault.error().message;
    if (*fault) ADD_FAILURE() << "audit row " << (*fault)->seq << " " << (*fault)->what;
    auto* file = dynamic_cast<SqliteStore*>(&world_->node().store());
    if (file == nullptr) return;
    const auto broken = file->CheckIntegrity();
    ASSERT_TRUE(broken) << broken.error().message;
    EXPECT_TRUE(broken->empty()) << broken->front();
  }

  void CheckTable(const std::string& table) {
    Rows stored;
    std::string next;
    do {
      std::vector<std::pair<std::string, std::string>> query = {{"page_size", "70"}};
      if (table == "assets") query.emplace_back("deleted", "true");
      if (!next.empty()) query.emplace_back("page_token", next);
      const http::Response response =
          world_->Call(as_, MakeRequest("GET", "/v1/" + table, "", query));
      const std::string text = BodyOf(response);
      ASSERT_EQ(response.status, 200) << text;
      const json::object page = ParseJson(text)->as_object();
      for (const json::value& item : page.at("items").as_array()) {
        const std::string id(item.as_object().at("id").as_string());
        EXPECT_TRUE(stored.emplace(id, item.as_object()).second) << "listed twice: " << id;
      }
      const json::value* token = page.if_contains("next_page_token");
      next = token == nullptr || !token->is_string() ? "" : std::string(token->as_string());
    } while (!next.empty());
    const Rows& wanted = RowsOf(table);
    EXPECT_EQ(stored.size(), wanted.size()) << as_ << " " << table;
    for (const auto& [id, row] : wanted) {
      ASSERT_TRUE(stored.contains(id)) << "lost: " << table << " " << id;
      EXPECT_EQ(CanonicalJson(stored[id]), CanonicalJson(row));
    }
  }

  void SetQuota() {
    const auto call = [&](const char* method, const std::string& path, const std::string& body) {
      return world_->Call("system", MakeRequest(method, path, body, {{"tenant", "default"}}));
    };
    const auto whoami = ParseJson(BodyOf(world_->Call("admin", MakeRequest("GET", "/v1/tenants"))));
    const json::object& tenant = whoami->as_object().at("items").as_array().front().as_object();
    const http::Response set =
        call("PATCH", "/v1/tenants/" + std::string(tenant.at("id").as_string()),
             fmt::format(R"({{"config":{{"quotas":{{"tags":{}}}}}}})", kTagQuota));
    ASSERT_EQ(set.status, 200) << set.body;
    ASSERT_TRUE(world_->NewLogRows());
  }

  const std::uint64_t seed_;
  std::mt19937_64 random_;
  std::unique_ptr<NodeWorld> world_;
  std::map<std::string, TenantModel> tenants_;  // by who calls
  std::vector<Kept> kept_;
  std::string as_ = "admin";
  int step_ = 0;
  int writes_ = 0;
  int crashes_ = 0;
  int replays_ = 0;
};

class SimulationTest : public ::testing::TestWithParam<int> {};

TEST_P(SimulationTest, EqualsThePlainModel) {
  Simulation simulation(static_cast<std::uint64_t>(GetParam()));
  simulation.Run();
  if (HasFailure()) return;
  EXPECT_GT(simulation.writes(), kCommands / 3);
  EXPECT_GT(simulation.crashes(), 1);
  EXPECT_GT(simulation.replays(), 5);
}

INSTANTIATE_TEST_SUITE_P(Seeds, SimulationTest, ::testing::Values(1, 7, 42, 1848, 20261121));

}  // namespace
}  // namespace tenon::testing
