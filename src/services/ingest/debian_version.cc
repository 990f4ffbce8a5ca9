#include "services/ingest/debian_version.h"

#include <cstddef>

namespace tenon::ingest {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

// Rank of the byte at `at` within a run of non-digits: '~' before the end of the run, that before
// letters, those before everything else.
int Rank(std::string_view text, std::size_t at) {
  if (at >= text.size() || IsDigit(text[at])) return 0;
  const char c = text[at];
  if (c == '~') return -1;
  if (IsLetter(c)) return c;
  return static_cast<unsigned char>(c) + 256;
}

// Runs of non-digits and of digits in turn, from the left.
int ComparePart(std::string_view a, std::string_view b) {
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a.size() || j < b.size()) {
    while ((i < a.size() && !IsDigit(a[i])) || (j < b.size() && !IsDigit(b[j]))) {
      const int difference = Rank(a, i) - Rank(b, j);
      if (difference != 0) return difference;
      ++i;
      ++j;
    }
    while (i < a.size() && a[i] == '0') ++i;
    while (j < b.size() && b[j] == '0') ++j;
    int first = 0;  // the first different digit decides, if the numbers are of one length
    while (i < a.size() && j < b.size() && IsDigit(a[i]) && IsDigit(b[j])) {
      if (first == 0) first = a[i] - b[j];
      ++i;
      ++j;
    }
    if (i < a.size() && IsDigit(a[i])) return 1;
    if (j < b.size() && IsDigit(b[j])) return -1;
    if (first != 0) return first;
  }
  return 0;
}

struct Parts {
  std::string_view epoch;
  std::string_view upstream;
  std::string_view revision;
};

Parts Split(std::string_view version) {
  Parts parts;
  const std::size_t colon = version.find(':');
  if (colon != std::string_view::npos) {
    parts.epoch = version.substr(0, colon);
    version.remove_prefix(colon + 1);
  }
  const std::size_t dash = version.rfind('-');
  parts.upstream = version.substr(0, dash);
  if (dash != std::string_view::npos) parts.revision = version.substr(dash + 1);
  return parts;
}

}  // namespace

int CompareDebianVersions(std::string_view a, std::string_view b) {
  const Parts x = Split(a);
  const Parts y = Split(b);
  if (const int epoch = ComparePart(x.epoch, y.epoch); epoch != 0) return epoch;
  if (const int upstream = ComparePart(x.upstream, y.upstream); upstream != 0) return upstream;
  return ComparePart(x.revision, y.revision);
}

bool SatisfiesDebianVersion(std::string_view version, std::string_view relation,
                            std::string_view bound) {
  const int order = CompareDebianVersions(version, bound);
  if (relation == "<<") return order < 0;
  if (relation == "<=") return order <= 0;
  if (relation == "=") return order == 0;
  if (relation == ">=") return order >= 0;
  if (relation == ">>") return order > 0;
  return false;
}

}  // namespace tenon::ingest
