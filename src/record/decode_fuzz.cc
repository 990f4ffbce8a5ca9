// Any bytes as the body of a create, of a patch and of an event: the outcome is a record or field
// errors, and a record that was taken can be written out and read back as itself.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "base/json.h"
#include "base/random.h"
#include "model/check.h"
#include "record/decode.h"
#include "record/encode.h"

namespace {

constexpr std::string_view kModel = R"(model fuzz "Every type"
enum Color { RED GREEN }
shape Leaf { name text  child Leaf?  secret_word secret? }
shape Cron { type "cron"  line cron  zone timezone = "UTC" }
shape Hook { type "hook"  url url  token secret? }
union Trigger by type { Cron, Hook }
shape Odd open { a int(0..9)?  * decimal(8,3)  drop gone }
entity Thing in things {
  id uuid key
  a text(20)?
  b int(-5..500)?
  c decimal(12,4)?
  d float?
  e bool?
  f time?
  g duration?
  h json?
  i json Leaf?
  j json Trigger?
  k json Odd?
  l [text(3)]?
  m map [int] = {}
  n Color?
  o ip?
  p url?
  q cron?
  r timezone?
  s secret?
  t secret Leaf?
  u ulid?
  v enum(x, y) = x
  w json by v { x: Leaf, y: Odd } ?
  state enum(NEW, OLD)
  lifecycle state {
    initial NEW
    on go NEW -> OLD { takes a?, i?, note text(5)? }
  }
}
)";

struct World {
  std::shared_ptr<const tenon::model::Model> model;
  const tenon::model::Entity* thing = nullptr;
  tenon::Record base;  // what the engine fills in
  tenon::SeededRandom random{1};
  std::unique_ptr<tenon::Vault> vault;
};

std::unique_ptr<World> MakeWorld() {
  auto world = std::make_unique<World>();
  tenon::model::Sources sources;
  sources.Add("fuzz.tenon", std::string(kModel));
  auto model = tenon::model::Check(sources);
  if (!model) std::abort();
  world->model = *model;
  world->thing = world->model->FindEntity("Thing");
  world->vault = std::make_unique<tenon::Vault>(
      *tenon::Vault::Create(std::string(64, '1'), "", world->random));
  world->base = tenon::Record(*world->thing);
  for (const auto& field : world->thing->fields) {
    tenon::Value& value = world->base.at(field);
    if (field.type.kind == tenon::model::TypeKind::kUuid) value = tenon::Uuid();
    if (field.name == "v") value = tenon::Value("x");
    if (field.name == "state") value = tenon::Value("NEW");
    if (field.name == "m") value = tenon::Value::Json(boost::json::object());
  }
  return world;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Made once: checking the model costs more than a run.
  static const std::unique_ptr<World> world = MakeWorld();
  const auto parsed = tenon::ParseJson({reinterpret_cast<const char*>(data), size});
  if (!parsed || !parsed->is_object()) return 0;
  const auto& body = parsed->as_object();
  tenon::DecodeOptions options;
  options.vault = world->vault.get();
  (void)tenon::DecodeTakes(*world->thing->FindEvent("go").front(), world->base, body, options);
  const auto created = tenon::DecodeCreate(*world->thing, body, options);
  if (!created) {
    if (created.error().fields.empty()) std::abort();
    return 0;
  }
  // As the engine would fill it in.
  tenon::Record row = created->record;
  for (const auto& field : world->thing->fields) {
    if (row.at(field).IsNull() && !field.type.nullable) row.at(field) = world->base.at(field);
  }
  std::string text;
  tenon::AppendRecord(row, tenon::EncodeFor::kAnswer, text);
  const auto written = tenon::ParseJson(text);
  if (!written) std::abort();
  // What was answered, sent back as a patch, changes nothing.
  const auto patched = tenon::DecodePatch(row, written->as_object(), options);
  if (!patched) std::abort();
  for (const auto& field : world->thing->fields) {
    if (!(patched->record.at(field) == row.at(field))) std::abort();
  }
  (void)tenon::DecodePatch(row, body, options);
  return 0;
}
