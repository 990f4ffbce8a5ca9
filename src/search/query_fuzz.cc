// Whatever is typed: no crash, and no syntax error of the index's own query language.
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/text.h"
#include "model/check.h"
#include "model/source.h"
#include "search/highlight.h"
#include "search/query.h"
#include "search/sqlite/sqlite_index.h"
#include "search/tokens.h"

namespace {

using tenon::search::Change;
using tenon::search::SearchPlans;
using tenon::search::SqliteIndex;

// An index with a few documents in a folder of its own; gone with the process.
struct World {
  std::string folder;
  std::shared_ptr<const tenon::model::Model> model;
  std::unique_ptr<SearchPlans> plans;
  std::unique_ptr<SqliteIndex> index;

  World() {
    std::string name = (std::filesystem::temp_directory_path() / "tenon_fuzz_XXXXXX").string();
    folder = ::mkdtemp(name.data());
    tenon::model::Sources sources;
    sources.Add("fuzz.tenon",
                "model fuzz \"Fuzz\"\nentity Thing in things {\n  id uuid key\n"
                "  name text search\n  about text? search\n}\n");
    model = *tenon::model::Check(sources);
    plans = std::make_unique<SearchPlans>(*SearchPlans::Of(*model));
    index = std::make_unique<SqliteIndex>(folder, *plans);
    const auto built = index->Rebuild({1, ""}, [&](const SqliteIndex::Add& add) {
      std::vector<Change> changes;
      const char* const names[] = {"libssl3",      "user orders", "db.schema.Table", "東京都",
                                   "crème brûlée", "a1b2 NOT x",  "'; DROP TABLE"};
      for (const char* text : names) {
        Change change{plans->all().front().get(), {}, text, false, {}};
        change.document = {change.plan, {}, text, {text, "of all things"}, {}};
        changes.push_back(std::move(change));
      }
      return add(changes);
    });
    if (!built) std::abort();
  }
  ~World() {
    index.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static World world;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  tenon::search::IndexQuery query;
  query.entities = {world.plans->all().front().get()};
  query.text = tenon::search::ParseTextQuery(text);
  const auto answer = world.index->Query(query);
  if (!answer) {
    std::fprintf(stderr, "%s\n", answer.error().message.c_str());
    std::abort();
  }
  const std::string marked = tenon::search::Highlight(text, answer->marks);
  if (!tenon::InvalidUtf8At(text) && tenon::InvalidUtf8At(marked)) std::abort();
  return 0;
}
