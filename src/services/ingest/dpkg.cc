#include "services/ingest/dpkg.h"

#include <algorithm>
#include <charconv>

namespace tenon::ingest {
namespace {

std::unexpected<Error> FailAt(std::uint64_t line, std::string message) {
  return Fail(Code::kInvalidArgument, "line " + std::to_string(line) + ": " + std::move(message));
}

Result<> ReadRelations(const Paragraph& paragraph, std::string_view name,
                       std::vector<RelationGroup>& out) {
  const std::optional<Paragraph::Field> field = paragraph.Find(name);
  if (!field) return {};
  Result<std::vector<RelationGroup>> groups = ParseRelations(field->value);
  if (!groups) return FailAt(field->line, std::string(name) + ": " + groups.error().message);
  out = *std::move(groups);
  return {};
}

Result<> ReadProvides(const Paragraph& paragraph, Package& package) {
  const std::optional<Paragraph::Field> field = paragraph.Find("Provides");
  if (!field) return {};
  Result<std::vector<PackageRelation>> provides = ParseProvides(field->value);
  if (!provides) return FailAt(field->line, "Provides: " + provides.error().message);
  package.provides = *std::move(provides);
  return {};
}

Result<> ReadInstalledSize(const Paragraph& paragraph, Package& package) {
  const std::optional<Paragraph::Field> field = paragraph.Find("Installed-Size");
  if (!field || field->value.empty()) return {};
  std::int64_t size = 0;
  const char* const end = field->value.data() + field->value.size();
  const auto done = std::from_chars(field->value.data(), end, size);
  if (done.ec != std::errc() || done.ptr != end || size < 0) {
    return FailAt(field->line, "Installed-Size is not a whole number");
  }
  package.installed_size_kib = size;
  return {};
}

// dpkg(1), "Package states": the third word is the state.
bool IsInstalled(std::string_view status) {
  const std::size_t space = status.rfind(' ');
  const std::string_view state = status.substr(space == std::string_view::npos ? 0 : space + 1);
  return state == "installed" || state == "triggers-awaited" || state == "triggers-pending";
}

void ReadDescription(std::string_view text, Package& package) {
  const std::size_t line_end = text.find('\n');
  package.synopsis = text.substr(0, line_end);
  package.description.clear();
  if (line_end == std::string_view::npos) return;
  text.remove_prefix(line_end + 1);
  while (true) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    if (line != ".") package.description += line;
    if (end == std::string_view::npos) return;
    package.description += '\n';
    text.remove_prefix(end + 1);
  }
}

}  // namespace

Result<Package> ReadPackage(const Paragraph& paragraph) {
  if (!paragraph.problem().empty()) {
    return Fail(Code::kInvalidArgument, paragraph.problem());
  }
  Package package;
  package.at = paragraph.at();
  package.name = paragraph.Get("Package");
  package.version = paragraph.Get("Version");
  package.architecture = paragraph.Get("Architecture");
  package.section = paragraph.Get("Section");
  package.priority = paragraph.Get("Priority");
  package.maintainer = paragraph.Get("Maintainer");
  package.homepage = paragraph.Get("Homepage");
  package.status = paragraph.Get("Status");
  package.installed = IsInstalled(package.status);
  // "Source: glibc (2.36-9)": the version in parentheses is the source's own.
  package.source = paragraph.Get("Source");
  package.source.resize(std::min(package.source.find_first_of(" ("), package.source.size()));
  if (package.source.empty()) package.source = package.name;
  ReadDescription(paragraph.Get("Description"), package);

  const std::uint64_t line = paragraph.at().line;
  if (package.name.empty()) return FailAt(line, "the paragraph has no Package field");
  if (package.available()) {
    if (package.version.empty()) return FailAt(line, package.name + " has no Version");
    if (package.architecture.empty()) return FailAt(line, package.name + " has no Architecture");
  }
  TRY(ReadInstalledSize(paragraph, package));
  TRY(ReadRelations(paragraph, "Pre-Depends", package.pre_depends));
  TRY(ReadRelations(paragraph, "Depends", package.depends));
  TRY(ReadProvides(paragraph, package));
  return package;
}

}  // namespace tenon::ingest
