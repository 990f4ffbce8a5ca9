// Filters and paths from outside on any bytes: an expression that checks prints to one that checks
// and prints the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "model/check.h"

namespace {

std::shared_ptr<const tenon::model::Model> MakeModel() {
  tenon::model::Sources sources;
  sources.Add("fuzz.tenon", R"(model fuzz
shape Meta { size int  owner text? }
entity Run in runs {
  id uuid key
  name text(100)
  size int
  price decimal(10, 2)
  ratio float?
  state enum(PENDING, FAILED, "re-run")
  flag bool = false
  started_at time
  wait duration?
  tags [text] = []
  meta json Meta
  data json = {}
  parent_id uuid? -> Run as children
})");
  auto model = tenon::model::Check(sources);
  if (!model) std::abort();
  return *model;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tenon::model;
  static const std::shared_ptr<const Model> kModel = MakeModel();
  const Entity& run = *kModel->FindEntity("Run");
  const std::string text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(CheckPath(*kModel, run, text));
  static_cast<void>(CheckExpression(*kModel, run, text, ExpressionUse::kInMemory));
  const auto checked = CheckExpression(*kModel, run, text, ExpressionUse::kFilter);
  if (!checked) {
    if (checked.error().message.empty()) std::abort();
    return 0;
  }
  const std::string printed = ToString(**checked);
  const auto again = CheckExpression(*kModel, run, printed, ExpressionUse::kFilter);
  // What is printed may be longer than what may be sent.
  if (!again) {
    if (printed.size() < 4000 && printed.size() < 4 * size + 100) std::abort();
    return 0;
  }
  if (ToString(**again) != printed) std::abort();
  return 0;
}
