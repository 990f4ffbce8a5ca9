// Holds the shipped models against what the seeds print (tests/seeds/expected.txt, read off by
// hand): every table, column, type, nullability, key, reference, index, state and transition.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "model/check.h"
#include "model/model.h"
#include "model/source.h"

namespace tenon::model {
namespace {

using Words = std::vector<std::string>;

const std::filesystem::path kRoot = TENON_SOURCE_DIR;

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// One line of the data file, and the table that it belongs to.
struct Line {
  std::string table;
  int number = 0;
  std::string what;  // "column", "index", ...
  Words words;       // the rest
};

std::vector<Line> ReadExpected() {
  std::istringstream file(ReadFile(kRoot / "tests/seeds/expected.txt"));
  std::vector<Line> lines;
  std::string table;
  std::string text;
  for (int number = 1; std::getline(file, text); ++number) {
    if (text.empty() || text.front() == '#') continue;
    std::istringstream words(text);
    Line line{.table = {}, .number = number, .what = {}, .words = {}};
    words >> line.what;
    for (std::string word; words >> word;) line.words.push_back(std::move(word));
    if (line.what == "table") table = line.words.at(0);
    line.table = table;
    lines.push_back(std::move(line));
  }
  return lines;
}

struct Shipped {
  Sources sources;
  std::shared_ptr<const Model> model;
  std::string errors;
};

const Shipped& Models() {
  static const Shipped shipped = [] {
    Shipped out;
    for (const char* name : {"graph", "catalog", "deployments", "workflows", "design"}) {
      const std::string path = std::string("models/") + name + ".tenon";
      out.sources.Add(path, ReadFile(kRoot / path));
    }
    auto checked = Check(out.sources);
    if (checked) {
      out.model = *std::move(checked);
    } else {
      for (const Diagnostic& one : checked.error()) out.errors += Render(out.sources, one) + "\n";
    }
    return out;
  }();
  return shipped;
}

// Which kinds may stand for a type that a seed prints. TEXT and VARCHAR hold ids, enumerations and
// addresses in the seeds; the models say which.
bool Holds(const Type& type, const std::string& printed, const Field& field) {
  static const std::map<std::string, std::set<TypeKind>> kKinds = {
      {"text",
       {TypeKind::kText, TypeKind::kUuid, TypeKind::kUlid, TypeKind::kEnum, TypeKind::kIp,
        TypeKind::kUrl}},
      {"varchar", {TypeKind::kText, TypeKind::kEnum}},
      {"uuid", {TypeKind::kUuid}},
      {"enum", {TypeKind::kEnum}},
      {"json", {TypeKind::kJson, TypeKind::kList, TypeKind::kMap}},
      {"jsonb", {TypeKind::kJson, TypeKind::kList, TypeKind::kMap}},
      {"datetime", {TypeKind::kTime}},
      {"timestamp", {TypeKind::kTime}},
      {"timestamptz", {TypeKind::kTime}},
      {"int", {TypeKind::kInt}},
      {"decimal", {TypeKind::kDecimal}},
      {"numeric", {TypeKind::kDecimal}},
      {"boolean", {TypeKind::kBool}},
      {"inet", {TypeKind::kIp}},
      {"bytea", {TypeKind::kSecret}},
  };
  const std::size_t bracket = printed.find('(');
  const auto kinds = kKinds.find(printed.substr(0, bracket));
  if (kinds == kKinds.end()) {
    ADD_FAILURE() << "expected.txt has an unknown type " << printed;
    return false;
  }
  if (bracket != std::string::npos && type.kind == TypeKind::kText) {
    EXPECT_EQ(type.length_max, std::stoll(printed.substr(bracket + 1))) << field.name;
  }
  return kinds->second.contains(type.kind);
}

std::string LifecyclePath(const Lifecycle& lifecycle) {
  std::string path = lifecycle.field->name;
  for (const std::string& step : lifecycle.json_path) path += "." + step;
  return path;
}

Words ColumnsOf(const Index& index) {
  Words columns;
  for (const IndexColumn& column : index.columns) {
    columns.push_back(column.field->name + (column.descending ? ":desc" : ""));
  }
  return columns;
}

bool HasUnique(const Entity& entity, const Words& columns) {
  return std::any_of(entity.indexes.begin(), entity.indexes.end(), [&](const Index& index) {
    if (!index.unique) return false;
    Words own = ColumnsOf(index);
    if (entity.tenant != nullptr) std::erase(own, entity.tenant->name);
    return own == columns;
  });
}

std::set<std::string> NamesOf(const Enum* enumeration) {
  std::set<std::string> names;
  if (enumeration == nullptr) return names;
  for (const EnumValue& value : enumeration->values) names.insert(value.name);
  return names;
}

class SeedsTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(Models().model) << Models().errors;
    lines_ = ReadExpected();
    ASSERT_GT(lines_.size(), 400u);
  }

  static const Model& model() { return *Models().model; }

  // Calls `test(entity, line)` for every line of a kind. A line whose table is missing fails.
  template <typename Test>
  void ForEach(const std::string& what, const Test& test) {
    for (const Line& line : lines_) {
      if (line.what != what) continue;
      SCOPED_TRACE("expected.txt:" + std::to_string(line.number) + ": table " + line.table);
      const Entity* entity = model().FindTable(line.table);
      ASSERT_NE(entity, nullptr);
      test(*entity, line);
    }
  }

  std::vector<Line> lines_;
};

TEST_F(SeedsTest, TablesAndTheirEntities) {
  ForEach("table", [](const Entity& entity, const Line& line) {
    EXPECT_EQ(entity.name, line.words.at(1));
    EXPECT_FALSE(entity.description.empty());
  });
}

TEST_F(SeedsTest, ColumnsHaveTheirTypesAndNullability) {
  ForEach("column", [](const Entity& entity, const Line& line) {
    const Field* field = entity.FindField(line.words.at(0));
    ASSERT_NE(field, nullptr) << line.words.at(0);
    EXPECT_TRUE(Holds(field->type, line.words.at(1), *field))
        << field->name << " is " << ToString(field->type) << ", printed " << line.words.at(1);
    if (line.words.size() > 2) {
      EXPECT_EQ(field->type.nullable, line.words.at(2) == "null") << field->name;
    }
  });
}

TEST_F(SeedsTest, NoColumnsButThese) {
  std::map<std::string, std::set<std::string>> columns;
  for (const Line& line : lines_) {
    if (line.what == "column") columns[line.table].insert(line.words.at(0));
    if (line.what == "also") columns[line.table].insert(line.words.begin(), line.words.end());
  }
  for (const auto& [table, expected] : columns) {
    std::set<std::string> present;
    for (const Field& field : model().FindTable(table)->fields) present.insert(field.name);
    EXPECT_EQ(present, expected) << table;
  }
}

TEST_F(SeedsTest, PrintedColumnsStandInTheirOrder) {
  std::map<std::string, Words> printed;
  for (const Line& line : lines_) {
    if (line.what == "column") printed[line.table].push_back(line.words.at(0));
  }
  for (const auto& [table, expected] : printed) {
    Words present;
    for (const Field& field : model().FindTable(table)->fields) {
      if (std::find(expected.begin(), expected.end(), field.name) != expected.end()) {
        present.push_back(field.name);
      }
    }
    EXPECT_EQ(present, expected) << table;
  }
}

TEST_F(SeedsTest, PrimaryKeys) {
  ForEach("key", [](const Entity& entity, const Line& line) {
    Words key;
    for (const Field* field : entity.key) key.push_back(field->name);
    EXPECT_EQ(key, line.words);
  });
}

TEST_F(SeedsTest, Enumerations) {
  const auto names = [](const Entity& entity, const Line& line) {
    const Field* field = entity.FindField(line.words.at(0));
    return field == nullptr ? std::set<std::string>{} : NamesOf(field->type.enumeration);
  };
  ForEach("values", [&](const Entity& entity, const Line& line) {
    EXPECT_EQ(names(entity, line), std::set<std::string>(line.words.begin() + 1, line.words.end()));
  });
  ForEach("includes", [&](const Entity& entity, const Line& line) {
    const auto present = names(entity, line);
    for (std::size_t i = 1; i < line.words.size(); ++i) {
      EXPECT_TRUE(present.contains(line.words[i])) << line.words[i];
    }
  });
}

TEST_F(SeedsTest, ReferencesAndWhatADeleteDoes) {
  ForEach("ref", [](const Entity& entity, const Line& line) {
    const Field* field = entity.FindField(line.words.at(0));
    ASSERT_NE(field, nullptr);
    ASSERT_TRUE(field->reference) << field->name;
    EXPECT_EQ(field->reference->target->table, line.words.at(1));
    if (line.words.size() > 2) {
      const auto rule = line.words[2] == "cascade" ? OnDelete::kCascade : OnDelete::kNull;
      EXPECT_EQ(field->reference->on_delete, rule);
    }
  });
}

TEST_F(SeedsTest, Indexes) {
  ForEach("index", [](const Entity& entity, const Line& line) {
    const Words columns(line.words.begin() + 1, line.words.end());
    const bool found =
        std::any_of(entity.indexes.begin(), entity.indexes.end(), [&](const Index& index) {
          return (line.words[0] == "*" || index.name == line.words[0]) && !index.gin &&
                 ColumnsOf(index) == columns;
        });
    EXPECT_TRUE(found) << testing::PrintToString(line.words);
  });
  ForEach("gin", [](const Entity& entity, const Line& line) {
    const bool found =
        std::any_of(entity.indexes.begin(), entity.indexes.end(), [&](const Index& index) {
          return index.gin && index.name == line.words.at(0) &&
                 index.columns.at(0).field->name == line.words.at(1);
        });
    EXPECT_TRUE(found) << line.words.at(0);
  });
  ForEach("unique", [](const Entity& entity, const Line& line) {
    EXPECT_TRUE(HasUnique(entity, line.words)) << testing::PrintToString(line.words);
  });
}

TEST_F(SeedsTest, IndexNamesAreUnique) {
  std::set<std::string> names;
  for (const auto& entity : model().entities) {
    for (const Index& index : entity->indexes) {
      EXPECT_TRUE(names.insert(index.name).second) << index.name;
    }
  }
}

TEST_F(SeedsTest, Defaults) {
  ForEach("default", [](const Entity& entity, const Line& line) {
    const Field* field = entity.FindField(line.words.at(0));
    ASSERT_NE(field, nullptr);
    ASSERT_NE(field->default_value, nullptr);
    EXPECT_EQ(ToString(*field->default_value), line.words.at(1));
  });
}

TEST_F(SeedsTest, Lifecycles) {
  std::map<std::string, std::set<std::pair<std::string, std::string>>> expected;
  for (const Line& line : lines_) {
    if (line.what == "transition" || line.what == "further") {
      expected[line.table].insert({line.words.at(0), line.words.at(1)});
    }
  }
  std::size_t lifecycles = 0;
  ForEach("lifecycle", [&](const Entity& entity, const Line& line) {
    ++lifecycles;
    ASSERT_TRUE(entity.lifecycle);
    EXPECT_EQ(LifecyclePath(*entity.lifecycle), line.words.at(0));
    EXPECT_EQ(entity.lifecycle->initial, line.words.at(1));
    std::set<std::pair<std::string, std::string>> present;
    for (const Event& event : entity.events) {
      if (!event.to) continue;
      const Words& from = event.any_state ? entity.lifecycle->states : event.from;
      for (const std::string& state : from) present.insert({state, *event.to});
    }
    EXPECT_THAT(present, testing::ContainerEq(expected[line.table]));
  });
  for (const auto& entity : model().entities) {
    if (entity->lifecycle) --lifecycles;
  }
  EXPECT_EQ(lifecycles, 0u) << "a lifecycle is not in expected.txt";
}

TEST_F(SeedsTest, PrintedQueriesAreViews) {
  for (const Line& line : lines_) {
    if (line.what != "view") continue;
    const View* view = model().FindView(line.words.at(0));
    ASSERT_NE(view, nullptr) << line.words.at(0);
    EXPECT_FALSE(view->description.empty());
  }
}

// What the documents generate from: entities, fields that a client writes, events, views.
TEST_F(SeedsTest, EverythingIsDescribed) {
  for (const auto& entity : model().entities) {
    EXPECT_FALSE(entity->description.empty()) << entity->name;
    for (const Event& event : entity->events) {
      EXPECT_FALSE(event.description.empty()) << entity->name << " " << event.name;
    }
    for (const Field& field : entity->fields) {
      if (field.implicit || field.automatic != Auto::kNone || !field.RequiredOnCreate()) continue;
      EXPECT_FALSE(field.description.empty() && !entity->global)
          << entity->name << "." << field.name;
    }
  }
  for (const auto& view : model().views) EXPECT_FALSE(view->description.empty()) << view->name;
}

// docs/models.md is written by hand; this keeps it whole.
TEST_F(SeedsTest, TheDocumentNamesEverything) {
  const std::string text = ReadFile(kRoot / "docs/models.md");
  const auto names = [&](const std::string& what) { return text.find(what) != text.npos; };
  for (const auto& entity : model().entities) {
    EXPECT_TRUE(names("`" + entity->name + "`")) << entity->name;
    EXPECT_TRUE(names("`" + entity->table + "`")) << entity->table;
    for (const Event& event : entity->events) {
      EXPECT_TRUE(names(" " + event.name) || names("`" + event.name)) << event.name;
    }
    for (const Notify& notify : entity->notifies) {
      EXPECT_TRUE(names("| `" + notify.type + "`")) << notify.type;
    }
    EXPECT_TRUE(!entity->quota || names(entity->quota->name)) << entity->name;
  }
  for (const auto& view : model().views) {
    std::string call = view->parameters.empty() ? "`" : "(";
    for (const ViewParameter& parameter : view->parameters) {
      call += (call == "(" ? "" : ", ") + parameter.name;
    }
    EXPECT_TRUE(names("`" + view->name + (call == "`" ? call : call + ")`"))) << view->name;
  }
}

TEST_F(SeedsTest, TheEnginesOwnTables) {
  for (const char* table : {"audit_seals", "audit_heads", "idempotency_keys", "schema_migrations",
                            "leases", "follower_positions", "engine_meta"}) {
    const Entity* entity = model().FindTable(table);
    ASSERT_NE(entity, nullptr) << table;
    EXPECT_TRUE(entity->global) << table;
    EXPECT_TRUE(entity->written_by_engine) << table;
  }
  EXPECT_NE(model().FindTable("api_keys"), nullptr);
}

}  // namespace
}  // namespace tenon::model
