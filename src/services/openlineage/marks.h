// Which event had the last word on each facet of an asset or a run. Kept beside the rows, so that
// an event that says nothing new moves only its mark and writes no log row.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "store/store.h"

namespace tenon::openlineage {

// The one that counts is the latest; of two at the same time, the greater digest, so that the
// order of arrival never decides.
struct Mark {
  Time time{};
  std::string digest;  // "-": the facet was deleted
  auto operator<=>(const Mark&) const = default;
};

class Marks {
 public:
  // Reads those of a subject; there may be none.
  static Result<Marks> Load(Reader& reader, const Uuid& tenant, const Uuid& subject);

  // True when there was no row: the inlet has never written the subject.
  [[nodiscard]] bool fresh() const { return fresh_; }
  [[nodiscard]] const Mark* Find(std::string_view name) const;
  // Takes the mark when it is later than the one there is. What the caller learns: kLost, kSame
  // (later, but it says the same), kNew.
  enum class Outcome { kLost, kSame, kNew };
  Outcome Offer(const std::string& name, const Mark& mark);
  // Keeps the earlier of the two times.
  bool OfferEarlier(const std::string& name, Time time);

  // Takes the mark, whatever there was; false when it was the same.
  bool Set(const std::string& name, const Mark& mark);
  // Drops those that `which` names.
  void Drop(const std::function<bool(std::string_view name, const Mark& mark)>& which);
  [[nodiscard]] const std::map<std::string, Mark, std::less<>>& all() const { return marks_; }

  // Writes them when they have moved.
  Result<void> Save(Transaction& transaction, const Uuid& tenant, const Uuid& subject, Time now);

 private:
  std::map<std::string, Mark, std::less<>> marks_;
  bool fresh_ = true;
  bool moved_ = false;
};

}  // namespace tenon::openlineage
