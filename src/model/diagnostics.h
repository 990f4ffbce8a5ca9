// Collects what is wrong with the sources, up to limits::kModelErrorsMax.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/source.h"

namespace tenon::model {

// Not thread-safe: one for each run of the checker.
class DiagnosticSink {
 public:
  // A second report at the same place is dropped: it is nearly always a consequence of the first.
  void Report(Span span, std::string message, std::string hint = "");

  // True once enough is known; whoever loops over input stops then.
  [[nodiscard]] bool Full() const;
  [[nodiscard]] bool Empty() const { return diagnostics_.empty(); }
  [[nodiscard]] std::size_t Count() const { return diagnostics_.size(); }

  // In order of file and place; when Full, the last one says that there may be more.
  [[nodiscard]] std::vector<Diagnostic> Take();

 private:
  std::vector<Diagnostic> diagnostics_;
};

// "did you mean X?", or empty when no candidate is near.
std::string DidYouMean(std::string_view name, std::span<const std::string_view> candidates);

// "A, B or C" of at most `max` names, for "expected ..." messages.
std::string OneOf(std::span<const std::string_view> names, std::size_t max = 12);

// The span from the start of `first` to the end of `last`.
Span Join(Span first, Span last);

}  // namespace tenon::model
