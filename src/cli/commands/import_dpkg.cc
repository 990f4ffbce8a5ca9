// tenon import dpkg: Debian packages as assets, their dependencies as relationships, their sections
// as tags.
#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <unordered_map>
#include <unordered_set>

#include "cli/commands.h"
#include "cli/import/run.h"
#include "services/ingest/apt.h"
#include "services/ingest/deb822.h"
#include "services/ingest/dpkg.h"
#include "services/ingest/resolver.h"

namespace tenon::cli {
namespace {

constexpr std::string_view kTagCategory = "section";

// The package URL (github.com/package-url/purl-spec): the one name that other tools use too.
std::string QualifiedName(const std::string& package) { return "pkg:deb/debian/" + package; }

// A package that became an asset. Indices stand in for names, so that all of Debian fits in a few
// dozen megabytes.
struct Node {
  std::string name;
  std::string id;             // of the asset; empty until it is stored
  std::uint32_t section = 0;  // index into sections; 0: none
};

struct Dependency {
  std::uint32_t source = 0;
  std::uint32_t target = 0;
  bool pre = false;
  bool satisfied = true;
  std::uint32_t asked = 0;  // index into asked names; 0: the target itself
};

// Everything that an import of packages knows.
struct Universe {
  ingest::DependencyResolver resolver;
  std::vector<std::string> files;
  bool lists = false;  // apt's lists, not a status file
  std::vector<Node> nodes;
  std::unordered_map<std::string, std::uint32_t> by_name;
  std::vector<std::string> sections{""};
  std::vector<std::string> section_ids{""};
  std::vector<Dependency> dependencies;
  std::vector<std::string> asked{""};
  std::int64_t missing = 0;

  std::uint32_t NodeOf(const std::string& name) {
    auto [at, fresh] = by_name.try_emplace(name, static_cast<std::uint32_t>(nodes.size()));
    if (fresh) nodes.push_back({name, "", 0});
    return at->second;
  }
};

template <typename Each>
Result<void> EachPackage(ImportRun& run, const Universe& universe, bool report, const Each& each) {
  for (const std::string& file : universe.files) {
    auto source = universe.lists ? TRY(ingest::OpenAptList(file)) : TRY(ingest::OpenFile(file));
    ingest::Deb822Reader reader(*source);
    ingest::Paragraph paragraph;
    while (!run.session().Interrupted() && TRY(reader.Next(paragraph))) {
      Result<ingest::Package> package = ingest::ReadPackage(paragraph);
      if (!package) {
        if (report) {
          run.Reject(paragraph.at().line, paragraph.at().offset, package.error().message,
                     paragraph.Get("Package"));
        }
        continue;
      }
      if (package->available()) TRY(each(*package));
    }
  }
  return {};
}

json::object AssetOf(const ingest::Package& package) {
  json::object metadata = {{"version", package.version},
                           {"architecture", package.architecture},
                           {"source", package.source}};
  if (!package.section.empty()) metadata["section"] = package.section;
  if (!package.priority.empty()) metadata["priority"] = package.priority;
  if (!package.maintainer.empty()) metadata["maintainer"] = package.maintainer;
  if (!package.homepage.empty()) metadata["homepage"] = package.homepage;
  if (package.installed_size_kib) metadata["installed_size_kib"] = *package.installed_size_kib;
  if (package.installed) metadata["installed"] = true;
  std::string description = package.synopsis;
  if (!package.description.empty()) description += "\n\n" + package.description;
  return {{"type", "PACKAGE"},
          {"name", package.name},
          {"qualified_name", QualifiedName(package.name)},
          {"description", std::move(description)},
          {"metadata", std::move(metadata)}};
}

std::uint32_t SectionOf(Universe& universe, std::unordered_map<std::string, std::uint32_t>& known,
                        const std::string& section) {
  if (section.empty()) return 0;
  auto [at, fresh] =
      known.try_emplace(section, static_cast<std::uint32_t>(universe.sections.size()));
  if (fresh) {
    universe.sections.push_back(section);
    universe.section_ids.emplace_back();
  }
  return at->second;
}

void Remember(Universe& universe, const ingest::Package& package, std::uint32_t node) {
  const ingest::DependencyResolver::Dependencies resolved = universe.resolver.ResolveAll(package);
  universe.missing += static_cast<std::int64_t>(resolved.missing.size());
  for (const ingest::ResolvedDependency& one : resolved.found) {
    Dependency dependency;
    dependency.source = node;
    dependency.target = universe.NodeOf(one.name);
    dependency.pre = one.pre;
    dependency.satisfied = one.satisfied;
    if (one.asked != one.name) {
      dependency.asked = static_cast<std::uint32_t>(universe.asked.size());
      universe.asked.push_back(one.asked);
    }
    universe.dependencies.push_back(dependency);
  }
}

Result<void> Index(ImportRun& run, Universe& universe) {
  run.Phase("reading", 0);
  TRY(EachPackage(run, universe, false, [&](const ingest::Package& package) -> Result<void> {
    universe.resolver.Add(package);
    run.CountIndexed();
    run.Tick();
    return {};
  }));
  if (universe.resolver.size() == 0 && !run.session().Interrupted()) {
    TRY(EachPackage(run, universe, true, [](const ingest::Package&) { return Result<void>(); }));
    return Fail(Code::kInvalidArgument,
                fmt::format("{} names no installed package", fmt::join(universe.files, ", ")));
  }
  return {};
}

Result<void> SendAssets(ImportRun& run, Universe& universe) {
  const EntityInfo* assets = TRY(run.session().Entity("assets"));
  run.Phase("packages", static_cast<std::int64_t>(universe.resolver.size()));
  auto uploader = TRY(run.Upload(*assets, [&](UploadRow& row, UploadResult& result) {
    universe.nodes[static_cast<std::size_t>(row.tag)].id = result.key;
  }));
  std::unordered_map<std::string, std::uint32_t> sections;
  std::unordered_set<std::string> seen;
  TRY(EachPackage(run, universe, true, [&](const ingest::Package& package) -> Result<void> {
    const std::string* latest = universe.resolver.LatestVersion(package.name);
    if (latest == nullptr || *latest != package.version) return {};
    if (!seen.insert(package.name).second) return {};
    const std::uint32_t node = universe.NodeOf(package.name);
    universe.nodes[node].section = SectionOf(universe, sections, package.section);
    Remember(universe, package, node);
    if (!uploader) {
      run.CountDry();
      return {};
    }
    UploadRow row;
    row.fields = AssetOf(package);
    row.tag = node;
    row.line = package.at.line;
    row.offset = package.at.offset;
    return uploader->Add(std::move(row));
  }));
  return uploader ? uploader->Drain() : Result<void>();
}

Result<void> SendTags(ImportRun& run, Universe& universe) {
  const EntityInfo* tags = TRY(run.session().Entity("tags"));
  run.Phase("sections", static_cast<std::int64_t>(universe.sections.size()) - 1);
  auto uploader = TRY(run.Upload(*tags, [&](UploadRow& row, UploadResult& result) {
    universe.section_ids[static_cast<std::size_t>(row.tag)] = result.key;
  }));
  for (std::size_t i = 1; i < universe.sections.size(); ++i) {
    if (!uploader) {
      run.CountDry();
      continue;
    }
    UploadRow row;
    row.fields = {{"name", universe.sections[i]},
                  {"category", kTagCategory},
                  {"description", "Debian packages of section " + universe.sections[i]}};
    row.tag = static_cast<std::int64_t>(i);
    TRY(uploader->Add(std::move(row)));
  }
  return uploader ? uploader->Drain() : Result<void>();
}

// How many rows of the phase an earlier run of the job has done.
std::int64_t DoneBefore(const ImportRun& run, std::string_view phase) {
  const json::value* name = run.checkpoint().if_contains("phase");
  const json::value* rows = run.checkpoint().if_contains("rows");
  if (name == nullptr || !name->is_string() || name->get_string() != phase) return 0;
  return rows != nullptr && rows->is_int64() ? rows->get_int64() : 0;
}

Result<void> SendAssetTags(ImportRun& run, Universe& universe) {
  const EntityInfo* asset_tags = TRY(run.session().Entity("asset_tags"));
  std::int64_t total = 0;
  for (const Node& node : universe.nodes) total += node.section != 0 ? 1 : 0;
  run.Phase("tags", total);
  auto uploader = TRY(run.Upload(*asset_tags, {}));
  for (const Node& node : universe.nodes) {
    if (run.session().Interrupted()) break;
    if (node.section == 0) continue;
    if (!uploader) {
      run.CountDry();
      continue;
    }
    const std::string& tag = universe.section_ids[node.section];
    if (node.id.empty() || tag.empty()) continue;  // already rejected for a reason of its own
    UploadRow row;
    row.fields = {{"asset_id", node.id}, {"tag_id", tag}};
    TRY(uploader->Add(std::move(row)));
  }
  return uploader ? uploader->Drain() : Result<void>();
}

json::object RelationshipOf(const Universe& universe, const Dependency& dependency) {
  json::object metadata;
  if (dependency.pre) metadata["pre"] = true;
  if (!dependency.satisfied) metadata["satisfied"] = false;
  if (dependency.asked != 0) metadata["asked"] = universe.asked[dependency.asked];
  return {{"source_asset_id", universe.nodes[dependency.source].id},
          {"target_asset_id", universe.nodes[dependency.target].id},
          {"type", "DEPENDS_ON"},
          {"metadata", std::move(metadata)}};
}

Result<void> SendRelationships(ImportRun& run, Universe& universe, std::int64_t done_before) {
  const EntityInfo* relationships = TRY(run.session().Entity("relationships"));
  const auto count = static_cast<std::int64_t>(universe.dependencies.size());
  run.Phase("dependencies", count - done_before);
  auto uploader = TRY(run.Upload(*relationships, [&](UploadRow& row, UploadResult&) {
    run.SetCheckpoint({{"phase", "dependencies"}, {"rows", row.tag + 1}});
  }));
  for (std::int64_t i = done_before; i < count; ++i) {
    if (run.session().Interrupted()) break;
    const Dependency& dependency = universe.dependencies[static_cast<std::size_t>(i)];
    if (!uploader) {
      run.CountDry();
      continue;
    }
    if (universe.nodes[dependency.source].id.empty() ||
        universe.nodes[dependency.target].id.empty()) {
      continue;
    }
    UploadRow row;
    row.fields = RelationshipOf(universe, dependency);
    row.tag = i;
    TRY(uploader->Add(std::move(row)));
  }
  return uploader ? uploader->Drain() : Result<void>();
}

Result<void> ImportPackages(ImportRun& run, Universe& universe) {
  // Assets are sent again by a resumed job: their ids are needed, and unchanged ones cost little.
  const std::int64_t done_before = DoneBefore(run, "dependencies");
  TRY(Index(run, universe));
  TRY(SendAssets(run, universe));
  if (!run.session().Interrupted()) TRY(SendTags(run, universe));
  if (!run.session().Interrupted()) TRY(SendAssetTags(run, universe));
  if (!run.session().Interrupted()) TRY(SendRelationships(run, universe, done_before));
  run.EndPhase();
  if (universe.missing > 0 && !run.session().Interrupted()) {
    run.session().Note(fmt::format("{} dependencies name nothing that {} and are left out",
                                   Grouped(universe.missing),
                                   universe.lists ? "apt's lists have" : "is installed"));
  }
  return {};
}

Result<int> Run(Session& session, const Arguments& arguments) {
  json::object options = {{"all", arguments.Has("all")}};
  if (arguments.Has("status")) options["status"] = arguments.Get("status");
  if (arguments.Has("lists")) options["lists"] = arguments.Get("lists");
  if (arguments.Has("all") && arguments.Has("status")) {
    return Fail(Code::kInvalidArgument, "--all reads apt's lists and --status one file; take one");
  }
  if (arguments.Has("resume") && !arguments.Has("all")) options.erase("all");
  Universe universe;
  auto run = TRY(ImportRun::Begin(session, arguments, "dpkg", options));
  auto text = [&](std::string_view name, std::string_view otherwise) {
    const json::value* value = run->options().if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string())
                                                  : std::string(otherwise);
  };
  const json::value* all = run->options().if_contains("all");
  universe.lists = all != nullptr && all->is_bool() && all->get_bool();
  if (universe.lists) {
    Result<std::vector<std::string>> files = ingest::FindAptLists(text("lists", ingest::kAptLists));
    if (!files) return run->End(Fail(std::move(files).error()));
    universe.files = *std::move(files);
  } else {
    universe.files = {text("status", ingest::kDpkgStatus)};
  }
  return run->End(ImportPackages(*run, universe));
}

}  // namespace

Command ImportDpkgCommand() {
  std::vector<Option> options = {
      {"all", "", "every package of apt's lists, not just the installed ones"},
      {"status",
       "FILE",
       "dpkg's status file (default /var/lib/dpkg/status)",
       "",
       false,
       {},
       Completes::kFile},
      {"lists",
       "DIR",
       "apt's lists (default /var/lib/apt/lists)",
       "",
       false,
       {},
       Completes::kDirectory}};
  for (Option& option : ImportOptions()) options.push_back(std::move(option));
  return {.name = "import dpkg",
          .group = "Data",
          .summary = "Import this machine's Debian packages and what they depend on",
          .details =
              "Packages become assets of type PACKAGE, their sections tags, and what they\n"
              "depend on DEPENDS_ON relationships, resolved through alternatives and virtual\n"
              "packages. Running it again changes only what has changed.",
          .examples = {"tenon import dpkg", "tenon import dpkg --all"},
          .positionals = {},
          .options = std::move(options),
          .run = Run};
}

}  // namespace tenon::cli
