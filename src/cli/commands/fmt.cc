#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iostream>

#include "cli/commands.h"
#include "cli/model_files.h"
#include "cli/session.h"
#include "model/check.h"

namespace tenon::cli {
namespace {

// Written beside and renamed, so that a full disk never costs a model.
Result<void> Replace(const std::string& path, const std::string& text) {
  const std::string fresh = path + ".new";
  std::ofstream file(fresh, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  std::error_code problem;
  if (file) {
    std::filesystem::permissions(fresh, std::filesystem::status(path, problem).permissions(),
                                 problem);
    std::filesystem::rename(fresh, path, problem);
  }
  if (!file || problem) {
    std::error_code ignored;
    std::filesystem::remove(fresh, ignored);
    return Fail(Code::kUnavailable, fmt::format("cannot write {}", path));
  }
  return {};
}

Result<int> Run(Session& session, const Arguments& arguments) {
  const bool only_check = arguments.Has("check");
  std::vector<std::string> paths = arguments.All("PATH");
  model::Sources sources;
  if (paths.size() == 1 && paths[0] == "-") {
    sources.Add("standard input", TRY(session.ReadFile("-")));
  } else {
    if (paths.empty()) paths.emplace_back(".");
    for (model::SourceFile& file : TRY(ReadModelFiles(paths))) {
      sources.Add(std::move(file.path), std::move(file.text));
    }
  }
  int exit_code = 0;
  for (std::uint32_t i = 0; i < sources.size(); ++i) {
    const model::SourceFile& file = sources.file(i);
    auto formatted = model::Format(sources, i);
    if (!formatted) {
      for (const model::Diagnostic& diagnostic : formatted.error()) {
        session.err() << model::Render(sources, diagnostic);
      }
      exit_code = Info(Code::kInvalidArgument).exit_code;
      continue;
    }
    if (!paths.empty() && paths[0] == "-" && !only_check) {
      session.out() << *formatted;
      continue;
    }
    if (*formatted == file.text) continue;
    if (only_check) {
      session.out() << file.path << "\n";
      exit_code = std::max(exit_code, 1);
      continue;
    }
    TRY(Replace(file.path, *formatted));
    session.Note("formatted " + file.path);
  }
  return exit_code;
}

}  // namespace

Command FmtCommand() {
  return {
      .name = "fmt",
      .group = "Models",
      .summary = "Format model files in the one style",
      .details =
          "Without PATH, every .tenon file below the current folder.\n"
          "With - standard input is formatted to standard output.",
      .examples = {"tenon fmt models", "tenon fmt --check models"},
      .positionals = {{"PATH", "model file, or folder of them", false, true, Completes::kFile}},
      .options = {{"check", "", "change nothing; name the files that are not formatted, exit 1"}},
      .run = Run};
}

}  // namespace tenon::cli
