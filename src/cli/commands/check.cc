#include <fmt/format.h>

#include <filesystem>
#include <iostream>
#include <set>

#include "cli/commands.h"
#include "cli/model_files.h"
#include "cli/session.h"
#include "model/check.h"

namespace tenon::cli {
namespace {

// Shipped models come along, so that a team's own file may refer to them and extend them. A given
// file of the same name stands in for the shipped one.
Result<std::vector<model::SourceFile>> Gather(Session& session,
                                              const std::vector<std::string>& paths) {
  std::vector<model::SourceFile> given = TRY(ReadModelFiles(paths));
  if (!session.environment().model_sources) return given;
  std::set<std::string> names;
  for (const model::SourceFile& file : given) {
    names.insert(std::filesystem::path(file.path).filename().string());
  }
  std::vector<model::SourceFile> all;
  for (model::SourceFile& file : TRY(session.environment().model_sources(session.settings()))) {
    if (!names.contains(std::filesystem::path(file.path).filename().string())) {
      all.push_back(std::move(file));
    }
  }
  for (model::SourceFile& file : given) all.push_back(std::move(file));
  return all;
}

Result<int> Run(Session& session, const Arguments& arguments) {
  std::vector<model::SourceFile> files = TRY(Gather(session, arguments.All("PATH")));
  if (files.empty()) {
    return Fail(Code::kInvalidArgument, "there is nothing to check; name a .tenon file or folder");
  }
  model::Sources sources;
  for (model::SourceFile& file : files) sources.Add(std::move(file.path), std::move(file.text));
  auto checked = model::Check(sources);
  if (!checked) {
    for (const model::Diagnostic& diagnostic : checked.error()) {
      session.err() << model::Render(sources, diagnostic);
    }
    session.Note(fmt::format("{} error{} in {} file{}", checked.error().size(),
                             checked.error().size() == 1 ? "" : "s", sources.size(),
                             sources.size() == 1 ? "" : "s"));
    return 1;
  }
  const model::Model& model = **checked;
  session.Note(fmt::format("{} models, {} entities, {} views: no errors", model.files.size(),
                           model.entities.size(), model.views.size()));
  return 0;
}

}  // namespace

Command CheckCommand() {
  return {.name = "check",
          .group = "Models",
          .summary = "Check model files and report every error",
          .details =
              "Without PATH, the models that a server here would load. A file of your own is\n"
              "checked together with the shipped models, which it may extend.",
          .examples = {"tenon check", "tenon check models/inventory.tenon"},
          .positionals = {{"PATH", "model file, or folder of them", false, true, Completes::kFile}},
          .options = {},
          .run = Run};
}

}  // namespace tenon::cli
