#include "model/diagnostics.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/limits.h"
#include "base/text.h"

namespace tenon::model {

void DiagnosticSink::Report(Span span, std::string message, std::string hint) {
  if (Full()) return;
  for (const Diagnostic& known : diagnostics_) {
    if (known.span.file == span.file && known.span.offset == span.offset) return;
  }
  diagnostics_.push_back({span, std::move(message), std::move(hint)});
}

bool DiagnosticSink::Full() const {
  return diagnostics_.size() >= static_cast<std::size_t>(limits::kModelErrorsMax);
}

std::vector<Diagnostic> DiagnosticSink::Take() {
  const bool full = Full();
  std::stable_sort(
      diagnostics_.begin(), diagnostics_.end(), [](const Diagnostic& a, const Diagnostic& b) {
        return std::tie(a.span.file, a.span.offset) < std::tie(b.span.file, b.span.offset);
      });
  if (full && !diagnostics_.empty()) {
    Diagnostic& last = diagnostics_.back();
    if (!last.hint.empty()) last.hint += "; ";
    last.hint += fmt::format("{} errors are shown, there may be more", diagnostics_.size());
  }
  return std::move(diagnostics_);
}

std::string DidYouMean(std::string_view name, std::span<const std::string_view> candidates) {
  const std::string_view nearest = Nearest(name, candidates);
  if (nearest.empty()) return "";
  return fmt::format("did you mean {}?", nearest);
}

std::string OneOf(std::span<const std::string_view> names, std::size_t max) {
  std::string out;
  const std::size_t shown = std::min(names.size(), max);
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0) out += i + 1 == names.size() ? " or " : ", ";
    out += names[i];
  }
  if (shown < names.size()) out += ", ...";
  return out;
}

Span Join(Span first, Span last) {
  const std::uint32_t end = std::max(first.offset + first.length, last.offset + last.length);
  return {first.file, first.offset, end - first.offset};
}

}  // namespace tenon::model
