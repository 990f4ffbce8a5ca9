// Helpers of tests that need models.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/check.h"
#include "model/source.h"

namespace tenon::model::testing {

inline std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

inline void WriteFile(const std::filesystem::path& path, std::string_view text) {
  std::ofstream out(path, std::ios::binary);
  out << text;
}

// One test file may hold several sources, parted by lines "//// file: NAME".
inline Sources Split(std::string name, std::string_view text) {
  static constexpr std::string_view kMark = "//// file: ";
  Sources sources;
  while (true) {
    const std::size_t mark = text.find(kMark);
    sources.Add(std::move(name), std::string(text.substr(0, mark)));
    if (mark == text.npos) return sources;
    text.remove_prefix(mark + kMark.size());
    const std::size_t end = text.find('\n');
    name = std::string(text.substr(0, end));
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
}

inline std::string RenderAll(const Sources& sources, const std::vector<Diagnostic>& diagnostics) {
  std::string out;
  for (const Diagnostic& diagnostic : diagnostics) out += Render(sources, diagnostic);
  return out;
}

// The model of one text; a failed test when it does not check.
inline std::shared_ptr<const Model> MustCheck(std::string text, std::string* errors = nullptr) {
  Sources sources;
  sources.Add("test.tenon", std::move(text));
  auto model = Check(sources);
  if (model) return *model;
  if (errors != nullptr) *errors = RenderAll(sources, model.error());
  return nullptr;
}

// The shipped models as the tree has them, in the order of the binary. kInternal with every
// diagnostic when they do not check.
inline Result<std::shared_ptr<const Model>> Shipped() {
  Sources sources;
  for (const char* name : {"catalog", "deployments", "design", "graph", "workflows"}) {
    const std::string path = std::string("models/") + name + ".tenon";
    sources.Add(path, ReadFile(std::string(TENON_SOURCE_DIR) + "/" + path));
  }
  auto model = Check(sources);
  if (model) return *std::move(model);
  return Fail(Code::kInternal, RenderAll(sources, model.error()));
}

}  // namespace tenon::model::testing
