// An engine over a temporary folder with the shipped models and a clock that tests turn: for tests
// of followers, which read what the engine writes.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "auth/identity.h"
#include "base/random.h"
#include "engine/engine.h"
#include "engine/engine_writer.h"
#include "log/log.h"
#include "model/check.h"
#include "store/migrations/migrate.h"
#include "store/testing.h"

namespace tenon::testing {

// The models of models/ with `more` besides.
inline std::shared_ptr<const model::Model> ModelWith(const std::string& more) {
  model::Sources sources;
  std::vector<std::filesystem::path> files;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(TENON_SOURCE_DIR) + "/models")) {
    if (entry.path().extension() == ".tenon") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  for (const auto& file : files) {
    std::ifstream in(file);
    sources.Add("models/" + file.filename().string(),
                std::string(std::istreambuf_iterator<char>(in), {}));
  }
  if (!more.empty()) sources.Add("team.tenon", more);
  auto checked = model::Check(sources);
  if (checked) return *checked;
  for (const auto& diagnostic : checked.error()) {
    ADD_FAILURE() << model::Render(sources, diagnostic);
  }
  return nullptr;
}

class EngineWorld {
 public:
  // Over a file of its own, or over stores that `open` opens with the shipped models' tables.
  using OpenStore = std::function<std::unique_ptr<Store>()>;
  explicit EngineWorld(const std::string& more_model = "", OpenStore open = {})
      : model_(ModelWith(more_model)),
        open_(std::move(open)),
        clock_(*ParseTime("2026-11-21T09:00:00Z")) {
    Open();
    const Uuid system = SystemTenantId();
    MakeTenant(system, "system");
    tenant = ids_.V7();
    other = ids_.V7();
    MakeTenant(tenant, "acme");
    MakeTenant(other, "other");
  }
  ~EngineWorld() { Close(); }

  void Open() {
    store_ = open_ ? open_() : OpenSqlite(folder_.path());
    if (!open_) {
      const auto migrated = Migrate(*store_, *model_, clock_);
      if (!migrated) ADD_FAILURE() << migrated.error().message;
    }
    auto log = OpenLog(*store_, ids_, random_);
    if (!log) ADD_FAILURE() << log.error().message;
    log_ = *std::move(log);
    EngineOptions options;
    options.system_tenant = SystemTenantId();
    engine_ = std::make_unique<Engine>(EngineDeps{model_, *store_, *log_, clock_, ids_, nullptr},
                                       options);
  }
  void Close() {
    if (log_) log_->Stop();
    if (store_) store_->Close();
    engine_.reset();
    log_.reset();
    store_.reset();
  }

  // A caller of the tenant that may do everything.
  [[nodiscard]] Caller CallerOf(const Uuid& of) const { return ServiceCaller(of, ""); }

  // The id of the new row; a failed test and "" on an error.
  std::string Create(std::string_view table, json::object body, const Uuid& of) {
    Command command;
    command.entity = model_->FindTable(table);
    command.body = std::move(body);
    return Run(std::move(command), of);
  }
  std::string Create(std::string_view table, json::object body) {
    return Create(table, std::move(body), tenant);
  }
  std::string Do(Command::Op op, std::string_view table, const std::string& id,
                 json::object body = {}, const std::string& event = "") {
    Command command;
    command.op = op;
    command.entity = model_->FindTable(table);
    command.id = id;
    command.event = event;
    command.body = std::move(body);
    return Run(std::move(command), tenant);
  }

  Engine& engine() { return *engine_; }
  Store& store() { return *store_; }
  Log& log() { return *log_; }
  ManualClock& clock() { return clock_; }
  Random& random() { return random_; }
  IdSource& ids() { return ids_; }
  const model::Model& model() { return *model_; }
  Uuid tenant, other;

 private:
  std::string Run(Command command, const Uuid& of) {
    auto outcome = engine_->ApplyAndWait(CallerOf(of), std::move(command));
    if (outcome) return outcome->key;
    std::string message = outcome.error().message;
    for (const FieldError& field : outcome.error().fields) {
      message += "; " + field.path + " " + field.message;
    }
    ADD_FAILURE() << message;
    return "";
  }
  void MakeTenant(const Uuid& id, const std::string& slug) {
    Command command;
    command.entity = model_->FindTable("tenants");
    command.trusted = true;
    command.body = {{"id", id.ToString()}, {"name", slug}, {"slug", slug}};
    Run(std::move(command), id);
  }

  TempDir folder_;
  std::shared_ptr<const model::Model> model_;
  const OpenStore open_;
  ManualClock clock_;
  SeededRandom random_{1};
  IdSource ids_{clock_, random_};
  std::unique_ptr<Store> store_;
  std::unique_ptr<Log> log_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace tenon::testing
