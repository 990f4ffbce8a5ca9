// What the pipeline does with edges, with rows that are gone and with a store that is busy, over a
// target in memory that knows only nodes and edges.
#include "services/ingest/pipeline.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "services/ingest/json_fields.h"
#include "services/ingest/reason.h"

namespace tenon::ingest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

// Ids of tests stand for UUIDs.
std::string Id(int number) { return fmt::format("00000000-0000-8000-8000-{:012}", number); }

class MemoryTarget final : public Target {
 public:
  struct Row {
    json::object fields;
    bool deleted = false;
  };
  std::map<std::string, Row> nodes, edges;
  int busy = 0;  // so many calls of Apply fail

  Result<std::vector<Result<Written>>> Apply(const std::string& table,
                                             const std::vector<Write>& writes) override {
    if (busy > 0 && busy-- > 0) return Fail(Code::kUnavailable, "the store is away");
    std::vector<Result<Written>> results;
    for (const Write& write : writes) results.push_back(One(Rows(table), write));
    return results;
  }

  Result<json::object> List(const std::string& table, const std::string& filter, const std::string&,
                            const std::string&) override {
    json::array items;
    for (const auto& [id, row] : Rows(table)) {
      const std::string state = TextIn(ObjectIn(row.fields, "properties"), "state");
      const bool pending_only = filter.find("state = pending") != std::string::npos;
      const bool by_id = filter.starts_with("id in");
      if (row.deleted || (pending_only && state != "pending") ||
          (by_id && filter.find(id) == std::string::npos) ||
          (filter.find("!= superseded") != std::string::npos && state == "superseded")) {
        continue;
      }
      json::object item = row.fields;
      items.push_back(std::move(item));
    }
    return json::object{{"items", std::move(items)}};
  }

  std::map<std::string, std::string> States() {
    std::map<std::string, std::string> states;
    for (const auto& [id, row] : edges) {
      states[id] = TextIn(ObjectIn(row.fields, "properties"), "state");
    }
    return states;
  }

 private:
  std::map<std::string, Row>& Rows(const std::string& table) {
    return table == "graph_edges" ? edges : nodes;
  }

  static Result<Written> One(std::map<std::string, Row>& rows, const Write& write) {
    const std::string id = write.id.empty() ? TextIn(write.body, "id") : write.id;
    const auto found = rows.find(id);
    switch (write.op) {
      case Write::Op::kCreate:
      case Write::Op::kUpsert: {
        if (found == rows.end()) {
          rows[id].fields = write.body;
          return Written{Written::Kind::kCreated, id};
        }
        if (write.op == Write::Op::kCreate || found->second.deleted) {
          return Fail(Code::kConflict, "id is taken");
        }
        json::value merged = found->second.fields;
        MergePatch(merged, write.body);
        const bool same = merged == json::value(found->second.fields);
        found->second.fields = merged.as_object();
        return Written{same ? Written::Kind::kUnchanged : Written::Kind::kUpdated, id};
      }
      case Write::Op::kUpdate: {
        if (found == rows.end()) return Fail(Code::kNotFound, "no such row");
        json::value merged = found->second.fields;
        MergePatch(merged, write.body);
        found->second.fields = merged.as_object();
        return Written{Written::Kind::kUpdated, id};
      }
      case Write::Op::kEvent:
        if (found == rows.end()) return Fail(Code::kNotFound, "no such row");
        found->second.fields["properties"].as_object()["state"] =
            write.event == "commit" ? "committed" : "superseded";
        return Written{Written::Kind::kUpdated, id};
      case Write::Op::kDelete:
        found->second.deleted = true;
        return Written{Written::Kind::kDeleted, id};
      case Write::Op::kRestore:
        if (found == rows.end() || !found->second.deleted) {
          return Fail(Code::kConflict, "it is not deleted");
        }
        found->second.deleted = false;
        return Written{Written::Kind::kUpdated, id};
    }
    return Fail(Code::kInternal, "unknown");
  }
};

class PipelineTest : public ::testing::Test {
 protected:
  // Nodes 1 to `nodes`, and an edge 100+n from each to the next; a bad row when asked for.
  Result<> Run(int nodes, bool finish = true, bool with_reject = false) {
    return RunOf({"graph_nodes", "graph_edges"}, nodes, finish, with_reject);
  }

  // The same of some tables only.
  Result<> RunOf(const std::vector<std::string>& tables, int nodes, bool finish = true,
                 bool with_reject = false) {
    const auto has = [&](std::string_view table) {
      return std::ranges::find(tables, table) != tables.end();
    };
    PipelineHooks hooks;
    hooks.note = [&](std::string_view, const std::string& message) { notes_.push_back(message); };
    hooks.wait = [](std::chrono::milliseconds) { return true; };
    hooks.reject = [&](const json::object& reject) {
      rejects_.push_back(TextIn(reject, "reason"));
    };
    PipelineOptions options;
    options.batch_rows = 2;
    options.job = "01H5C3S5J5Z8G0V3M7Y5K6Q9R2";
    Pipeline pipeline(target_, std::move(options), hooks);
    pipeline.Begin("test", tables);
    for (int n = 1; has("graph_nodes") && n <= nodes; ++n) {
      TRY(pipeline.Put({.table = "graph_nodes", .fields = {{"id", Id(n)}, {"type", "LABEL"}}}));
    }
    for (int n = 1; has("graph_edges") && n < nodes; ++n) {
      TRY(pipeline.Put({.table = "graph_edges",
                        .fields = {{"id", Id(100 + n)},
                                   {"source_id", Id(n)},
                                   {"target_id", Id(n + 1)},
                                   {"type", "RELATED_TO"}}}));
    }
    if (with_reject) TRY(pipeline.Reject({}, "line 7", "is broken", "x"));
    if (finish) TRY(pipeline.Finish());
    metrics_ = pipeline.metrics();
    return {};
  }

  MemoryTarget target_;
  JobMetrics metrics_;
  std::vector<std::string> rejects_, notes_;
};

TEST_F(PipelineTest, EdgesAreCommittedWhenAllIsRead) {
  ASSERT_TRUE(Run(3));
  EXPECT_THAT(target_.States(),
              ElementsAre(Pair(Id(101), "committed"), Pair(Id(102), "committed")));
  EXPECT_EQ(metrics_.rows_written, 5);
  ASSERT_TRUE(Run(3));
  EXPECT_EQ(metrics_.rows_written, 0);
  EXPECT_EQ(metrics_.rows_skipped, 5);
}

TEST_F(PipelineTest, EdgesOfAFailedRunStayPendingUntilAGoodOne) {
  ASSERT_TRUE(Run(5, false));
  for (const auto& [id, state] : target_.States()) EXPECT_EQ(state, "pending") << id;
  ASSERT_TRUE(Run(5));
  for (const auto& [id, state] : target_.States()) EXPECT_EQ(state, "committed") << id;
}

TEST_F(PipelineTest, WhatIsGoneIsEndedAndComesBack) {
  ASSERT_TRUE(Run(3));
  ASSERT_TRUE(Run(2));
  EXPECT_TRUE(target_.nodes[Id(3)].deleted);
  EXPECT_EQ(target_.States()[Id(102)], "superseded");
  EXPECT_EQ(metrics_.rows_ended, 2);
  ASSERT_TRUE(Run(3));
  EXPECT_FALSE(target_.nodes[Id(3)].deleted);
  // A superseded edge stays what it was; the one that comes back is another.
  EXPECT_EQ(target_.States()[Id(102)], "superseded");
  EXPECT_EQ(target_.edges.size(), 3u);
}

// As two runs of one custom-http, first of the nodes and then of their edges.
TEST_F(PipelineTest, ARunEndsRowsOfItsOwnTablesOnly) {
  ASSERT_TRUE(RunOf({"graph_nodes"}, 3));
  ASSERT_TRUE(RunOf({"graph_edges"}, 3));
  EXPECT_FALSE(target_.nodes[Id(1)].deleted);
  EXPECT_EQ(metrics_.rows_ended, 0);
  ASSERT_TRUE(RunOf({"graph_nodes"}, 2));
  EXPECT_TRUE(target_.nodes[Id(3)].deleted);
  EXPECT_EQ(target_.States()[Id(102)], "committed");
  // All edges but one are gone, and still they are what the run is of.
  ASSERT_TRUE(RunOf({"graph_edges"}, 2));
  EXPECT_EQ(target_.States()[Id(102)], "superseded");
}

TEST_F(PipelineTest, AnInputWithoutRowsEndsNothing) {
  ASSERT_TRUE(Run(3));
  ASSERT_TRUE(Run(0));
  EXPECT_FALSE(target_.nodes[Id(3)].deleted);
  EXPECT_EQ(metrics_.rows_ended, 0);
  EXPECT_THAT(notes_, ElementsAre(HasSubstr("has no rows")));
}

TEST(Reason, SaysEachFieldAlsoWhenTheirTextsAreTheSame) {
  Error error(Code::kInvalidField, "2 fields are wrong");
  error.fields = {{"name", "required", "a value is required"},
                  {"qualified_name", "required", "a value is required"}};
  EXPECT_EQ(ReasonOf(error),
            "2 fields are wrong; name: a value is required; qualified_name: a value is required");
  Error single(Code::kInvalidField, "name: a value is required");
  single.fields = {{"name", "required", "a value is required"}};
  EXPECT_EQ(ReasonOf(single), "name: a value is required");
}

TEST_F(PipelineTest, NothingIsEndedAfterARejectedRow) {
  ASSERT_TRUE(Run(3));
  ASSERT_TRUE(Run(2, true, true));
  EXPECT_THAT(rejects_, ElementsAre("is broken"));
  EXPECT_FALSE(target_.nodes[Id(3)].deleted);
  EXPECT_EQ(metrics_.rows_failed, 1);
}

TEST_F(PipelineTest, ABusyStoreIsWaitedForAndADeadOneIsNot) {
  target_.busy = 3;
  ASSERT_TRUE(Run(3));
  EXPECT_EQ(target_.nodes.size(), 3u);
  target_.busy = 1000;
  const auto failed = Run(4);
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().message, HasSubstr("the store is away"));
}

}  // namespace
}  // namespace tenon::ingest
