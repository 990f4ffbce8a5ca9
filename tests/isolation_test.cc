// Tenants are kept apart on every route of every entity of the models. One tenant has a row of
// each; an admin of the other tries everything with its id. The answer must be the one that an id
// gets that never was, so that not even its existence shows, and nothing may have changed.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <iostream>
#include <set>

#include "api/openapi_schema.h"
#include "support/node_world.h"
#include "support/sample.h"

namespace tenon::testing {
namespace {

struct Attempt {
  std::string method;
  std::string path;  // with ID where the id goes
  std::string body = {};
  std::vector<std::pair<std::string, std::string>> query = {};
};

std::string Replace(std::string text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
  return text;
}

// An id of the same form that no row has.
std::string Absent(const std::string& id) {
  std::string absent = id;
  for (std::size_t at = 0; at < absent.size();) {
    const std::size_t end = std::min(absent.find('~', at), absent.size());
    // A part of an enum stays; the last characters of a UUID or ULID change.
    if (end - at >= 26)
      absent.replace(end - 4, 4, absent.compare(end - 4, 4, "0bad") == 0 ? "1bad" : "0BAD");
    at = end + 1;
  }
  if (id.find('-') != std::string::npos) absent = Replace(absent, "0BAD", "0bad");
  return absent;
}

class Isolation : public ::testing::Test {
 protected:
  void SetUp() override {
    auto world = NodeWorld::Create("");
    ASSERT_TRUE(world) << world.error().message;
    world_ = *std::move(world);
    MakeVictims();
    // Keys are stamped with their use once a minute; not while we look for changes.
    Try({"GET", "/v1/assets"}, "x");
    for (const SampleRow& victim : victims_) ids_.insert(victim.id);
  }

  const model::Model& Model() { return world_->node().engine().model(); }

  static std::string CreatorOf(const model::Entity& entity) {
    const auto admin = std::ranges::find_if(entity.permits, [](const model::Permit& permit) {
      return permit.role == "admin" &&
             std::ranges::find(permit.actions, "create") != permit.actions.end();
    });
    return entity.permits.empty() || admin != entity.permits.end() ? "admin" : "system";
  }

  http::Response Send(const std::string& as, http::Request request) {
    if (as == "system") request.query.emplace_back("tenant", "default");
    return world_->Call(as, std::move(request));
  }

  Sampler SamplerOf(const std::string& as) {
    return Sampler(Model(), [this, as](http::Request request) {
      const model::Entity* entity = Model().FindTable(request.path.substr(4));
      return Send(as == "admin" && entity != nullptr ? CreatorOf(*entity) : as, std::move(request));
    });
  }

  void MakeVictims() {
    Sampler sampler = SamplerOf("admin");
    for (const auto& entity : Model().entities) {
      if (!ClientsCreate(*entity) || entity->table == "tenants") continue;
      const auto made = sampler.Create(*entity);
      if (!made) {
        uncovered_.push_back(entity->table + ": " + made.error().message);
        continue;
      }
      covered_.insert(entity->table);
      victims_.push_back(*made);
    }
    AddFirst("tenants");
    AddFirst("api_keys");
    AddFirst("audits");
  }

  // A row that is there already.
  void AddFirst(const std::string& table) {
    const auto listed =
        ParseJson(BodyOf(world_->Call("admin", MakeRequest("GET", "/v1/" + table))));
    ASSERT_TRUE(listed);
    const json::array& items = listed->as_object().at("items").as_array();
    ASSERT_FALSE(items.empty()) << table;
    const json::object& row = items.front().as_object();
    victims_.push_back({Model().FindTable(table), std::string(row.at("id").as_string()), row});
    covered_.insert(table);
  }

  http::Response Try(const Attempt& attempt, const std::string& id) {
    auto query = attempt.query;
    for (auto& [name, value] : query) value = Replace(value, "ID", id);
    return world_->Call("other", MakeRequest(attempt.method, Replace(attempt.path, "ID", id),
                                             Replace(attempt.body, "ID", id), std::move(query)));
  }

  // The members of a problem that say what is wrong, with the id taken out.
  static std::string Told(const http::Response& response, const std::string& id) {
    const auto body = ParseJson(BodyOf(response));
    if (!body || !body->is_object()) return BodyOf(response);
    json::object told;
    for (const auto& member : body->as_object()) {
      if (member.key() != "trace_id" && member.key() != "instance") {
        told[member.key()] = member.value();
      }
    }
    return Replace(CanonicalJson(told), id, "ID");
  }

  // The other tenant's answer is that of an id that never was, and no success.
  void ExpectAbsent(const SampleRow& victim, const Attempt& attempt) {
    const std::string absent_id = Absent(victim.id);
    const http::Response real = Try(attempt, victim.id);
    const http::Response absent = Try(attempt, absent_id);
    const std::string where = attempt.method + " " + attempt.path + " of " + victim.entity->table +
                              " " + victim.id + ": " + BodyOf(real);
    EXPECT_EQ(real.status, absent.status) << where;
    EXPECT_EQ(Told(real, victim.id), Told(absent, absent_id)) << where;
    // What nobody in a tenant may do, or no row of the table takes, is refused for any id.
    EXPECT_TRUE(real.status == 404 || real.status == 403 || real.status == 405 ||
                (real.status == 409 && victim.entity->append_only))
        << where;
    ++attempts_;
  }

  void ExpectSilent(const std::string& where, const std::string& text) {
    for (const std::string& id : ids_) {
      EXPECT_EQ(text.find(id), std::string::npos) << where << " tells of " << id << ": " << text;
    }
    ++attempts_;
  }

  std::string Snapshot() {
    std::string all;
    for (const auto& entity : Model().entities) {
      if (entity->table == "audits" || entity->global) continue;
      const http::Response response =
          world_->Call("admin", MakeRequest("GET", "/v1/exports/" + entity->table));
      all += entity->table + "\n" + BodyOf(response);
    }
    return all;
  }

  std::unique_ptr<NodeWorld> world_;
  std::vector<SampleRow> victims_;
  std::set<std::string> ids_;
  std::set<std::string> covered_;
  std::vector<std::string> uncovered_;
  int attempts_ = 0;
};

std::vector<Attempt> AttemptsOn(const SampleRow& victim) {
  const model::Entity& entity = *victim.entity;
  const std::string row = "/v1/" + entity.table + "/ID";
  std::vector<Attempt> attempts = {
      {"GET", row},
      {"GET", row, "", {{"deleted", "true"}}},
      {"GET", row, "", {{"as_of", "2026-11-21T09:00:00Z"}}},
      {"GET", row, "", {{"as_of", "2030-01-01T00:00:00Z"}}},
      {"GET", row, "", {{"fields", entity.key.back()->name}}},
      {"GET", row + "/history"},
      {"DELETE", row},
      {"PATCH", row, "{}"},
  };
  for (const model::Field& field : entity.fields) {
    if (!IsPatchable(entity, field) || !victim.row.contains(field.name)) continue;
    const json::object patch{{field.name, victim.row.at(field.name)}};
    attempts.push_back({"PATCH", row, json::serialize(patch)});
  }
  for (const model::Relation& relation : entity.relations) {
    if (relation.target->written_by_engine) continue;  // 400: nobody expands those
    attempts.push_back({"GET", row, "", {{"expand", relation.name}}});
  }
  if (entity.soft_delete) attempts.push_back({"POST", row + ":restore"});
  std::set<std::string> events;
  for (const model::Event& event : entity.events) events.insert(event.name);
  for (const std::string& event : events) attempts.push_back({"POST", row + ":" + event, "{}"});

  const auto batch = [&](json::object command, bool atomic) {
    command["entity"] = entity.name;
    command["id"] = "ID";
    const json::object body{{"atomic", atomic}, {"commands", json::array{std::move(command)}}};
    attempts.push_back({"POST", "/v1/batch", json::serialize(body)});
  };
  batch({{"op", "update"}, {"body", json::object()}}, true);
  batch({{"op", "delete"}}, true);
  if (entity.soft_delete) batch({{"op", "restore"}}, true);
  for (const std::string& event : events) batch({{"op", "event"}, {"event", event}}, true);
  return attempts;
}

TEST_F(Isolation, EveryEntityThatClientsCreateIsCovered) {
  EXPECT_TRUE(uncovered_.empty()) << uncovered_.front();
  std::string names;
  for (const std::string& table : covered_) names += " " + table;
  std::cout << covered_.size() << " entities covered:" << names << "\n";
  for (const auto& entity : Model().entities) {
    EXPECT_TRUE(!ClientsCreate(*entity) || covered_.contains(entity->table)) << entity->table;
  }
}

TEST_F(Isolation, RowsOfAnotherTenantAreNotThere) {
  const std::string before = Snapshot();
  ASSERT_TRUE(world_->NewLogRows());
  for (const SampleRow& victim : victims_) {
    for (const Attempt& attempt : AttemptsOn(victim)) ExpectAbsent(victim, attempt);
  }
  EXPECT_EQ(before, Snapshot());
  const auto log = world_->NewLogRows();
  ASSERT_TRUE(log);
  EXPECT_TRUE(log->empty()) << json::serialize(*log);
  std::cout << attempts_ << " attempts\n";
}

TEST_F(Isolation, ListsExportsViewsAndTheFeedAreSilent) {
  for (const SampleRow& victim : victims_) {
    const std::string table = victim.entity->table;
    for (const model::Field* field : victim.entity->key) {
      const auto* value = victim.row.if_contains(field->name);
      if (value == nullptr || !value->is_string()) continue;
      const http::Response listed = world_->Call(
          "other", MakeRequest("GET", "/v1/" + table, "",
                               {{"filter", fmt::format("{} = \"{}\"", field->name,
                                                       std::string_view(value->as_string()))},
                                {"count", "true"},
                                {"deleted", "true"}}));
      if (field->type.kind == model::TypeKind::kEnum) continue;
      const auto body = ParseJson(BodyOf(listed));
      ASSERT_TRUE(body && body->is_object());
      ASSERT_EQ(listed.status, 200) << table << BodyOf(listed);
      EXPECT_EQ(body->as_object().at("total"), json::value(0)) << table;
      EXPECT_TRUE(body->as_object().at("items").as_array().empty()) << table;
    }
    for (const char* path : {"/v1/", "/v1/exports/"}) {
      const http::Response all = world_->Call("other", MakeRequest("GET", path + table));
      ExpectSilent(path + table, BodyOf(all));
    }
    const http::Response feed = world_->Call(
        "other", MakeRequest("GET", "/v1/changes", "",
                             {{"entity", victim.entity->table}, {"page_size", "1000"}}));
    ExpectSilent("the feed of " + table, BodyOf(feed));
  }
  ExpectSilent("the feed", BodyOf(world_->Call("other", MakeRequest("GET", "/v1/changes"))));
}

TEST_F(Isolation, ViewsAreSilent) {
  int run = 0;
  for (const auto& view : Model().views) {
    // Whatever a parameter may be, it is a victim's: each of them for a UUID, its text otherwise.
    std::set<std::string> values = ids_;
    for (const SampleRow& victim : victims_) {
      for (const auto& member : victim.row) {
        if (member.value().is_string() && member.value().as_string().size() < 200) {
          values.insert(std::string(member.value().as_string()));
        }
      }
    }
    if (view->parameters.empty()) values = {""};
    for (const std::string& value : values) {
      std::vector<std::pair<std::string, std::string>> query;
      for (const model::ViewParameter& parameter : view->parameters) {
        if (parameter.type.kind != model::TypeKind::kInt) query.emplace_back(parameter.name, value);
      }
      const http::Response response =
          world_->Call("other", MakeRequest("GET", "/v1/views/" + view->name, "", query));
      if (response.status == 400 || response.status == 422) continue;  // not of the type
      EXPECT_EQ(response.status, 200) << view->name << BodyOf(response);
      std::string body = BodyOf(response);
      for (const auto& [name, text] : query) body = Replace(body, text, "");
      ExpectSilent("the view " + view->name, body);
      const auto rows = ParseJson(BodyOf(response));
      ASSERT_TRUE(rows);
      ++run;
    }
  }
  EXPECT_GT(run, static_cast<int>(Model().views.size()));
}

TEST_F(Isolation, ReferencesAcrossTenantsNameTheFieldAndNothingElse) {
  Sampler own(Model(),
              [this](http::Request request) { return world_->Call("other", std::move(request)); });
  int tried = 0;
  for (const SampleRow& victim : victims_) {
    for (const auto& entity : Model().entities) {
      if (!ClientsCreate(*entity) || CreatorOf(*entity) != "admin") continue;
      for (const model::Field& field : entity->fields) {
        if (!field.reference || field.reference->target != victim.entity ||
            !IsCreatable(*entity, field) || victim.entity->table == "tenants") {
          continue;
        }
        auto body = own.Body(*entity);
        ASSERT_TRUE(body) << body.error().message;
        const auto told = [&](const std::string& id) {
          (*body)[field.name] = json::string(id);
          const http::Response response = world_->Call(
              "other", MakeRequest("POST", "/v1/" + entity->table, json::serialize(*body)));
          EXPECT_EQ(response.status, 409) << entity->table << BodyOf(response);
          const auto problem = ParseJson(BodyOf(response));
          const json::array errors = problem->as_object().at("errors").as_array();
          EXPECT_EQ(errors.size(), 1U) << BodyOf(response);
          for (const json::value& error : errors) {
            EXPECT_EQ(error.as_object().at("path"), json::value(field.name)) << BodyOf(response);
          }
          return Told(response, id);
        };
        EXPECT_EQ(told(victim.id), told(Absent(victim.id)));
        ++tried;
      }
    }
  }
  std::cout << tried << " references tried\n";
  EXPECT_GT(tried, 15);
}

TEST_F(Isolation, ForeignIdsInPatchesOfOwnRowsAreRefused) {
  Sampler own(Model(),
              [this](http::Request request) { return world_->Call("other", std::move(request)); });
  for (const auto& entity : Model().entities) {
    if (!ClientsCreate(*entity) || CreatorOf(*entity) != "admin" || entity->append_only) continue;
    for (const model::Field& field : entity->fields) {
      if (!field.reference || !IsPatchable(*entity, field)) continue;
      const auto victim = std::ranges::find_if(
          victims_, [&](const SampleRow& row) { return row.entity == field.reference->target; });
      if (victim == victims_.end() || victim->entity->table == "tenants") continue;
      const auto row = own.Create(*entity);
      ASSERT_TRUE(row) << row.error().message;
      const json::object patch{{field.name, victim->id}};
      const http::Response response = world_->Call(
          "other",
          MakeRequest("PATCH", "/v1/" + entity->table + "/" + row->id, json::serialize(patch)));
      EXPECT_EQ(response.status, 409) << entity->table << "." << field.name << BodyOf(response);
    }
  }
}

TEST_F(Isolation, AKeyCannotBeMadeForAnotherTenantsUser) {
  const auto user = std::ranges::find_if(
      victims_, [](const SampleRow& row) { return row.entity->table == "users"; });
  ASSERT_NE(user, victims_.end());
  const auto make = [&](const std::string& id) {
    const json::object body{{"user_id", id}, {"name", "k"}, {"roles", json::array{"reader"}}};
    const http::Response response =
        world_->Call("other", MakeRequest("POST", "/v1/api_keys", json::serialize(body)));
    EXPECT_TRUE(response.status == 422 || response.status == 409) << BodyOf(response);
    return Told(response, id);
  };
  EXPECT_EQ(make(user->id), make(Absent(user->id)));
  const auto key = std::ranges::find_if(
      victims_, [](const SampleRow& row) { return row.entity->table == "api_keys"; });
  ExpectAbsent(*key, {"POST", "/v1/api_keys/ID:rotate", "{}"});
}

TEST_F(Isolation, AnotherTenantCannotBeNamed) {
  for (const std::string& name :
       {std::string("default"), std::string("system"), std::string("*"), std::string("nowhere")}) {
    const http::Response response =
        world_->Call("other", MakeRequest("GET", "/v1/assets", "", {{"tenant", name}}));
    EXPECT_EQ(response.status, 404) << name << BodyOf(response);
    EXPECT_EQ(
        Told(response, name),
        Told(world_->Call("other", MakeRequest("GET", "/v1/assets", "", {{"tenant", "none"}})),
             "none"));
  }
}

}  // namespace
}  // namespace tenon::testing
