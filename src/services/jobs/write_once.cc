#include "services/jobs/write_once.h"

#include <algorithm>

#include "engine/engine_writer.h"
#include "engine/replay.h"

namespace tenon::jobs {
namespace {

// Nothing is wrong with what was delivered: it is to be held, not refused.
bool IsNotItsFault(const Error& error) {
  switch (error.code) {
    case Code::kUnavailable:
    case Code::kDeadline:
    case Code::kOutcomeUnknown:
    case Code::kTooManyRequests:
    case Code::kForbidden:
    case Code::kUnauthenticated:
      return true;
    default:
      return false;
  }
}

class Deliverer {
 public:
  Deliverer(Engine& engine, const Caller& caller, std::string_view route,
            std::span<const Delivery> deliveries)
      : engine_(engine), caller_(caller), route_(route), deliveries_(deliveries) {
    results_.resize(deliveries.size());
  }

  Result<std::vector<Delivered>> Run() {
    std::size_t at = 0, end = deliveries_.size();
    int races = 0;
    while (at < deliveries_.size()) {
      auto done = Write(at, end);
      if (done) {
        at = end;
        end = deliveries_.size();
        races = 0;
        continue;
      }
      if (IsNotItsFault(done.error())) return Fail(std::move(done).error());
      if (end - at > 1) {
        // Which one it was is known for sure when it is alone.
        end = at + (end - at) / 2;
        continue;
      }
      // Somebody else may have delivered the same just now; then its key is there by now.
      if (done.error().code == Code::kConflict && races++ == 0) continue;
      results_[at] = {Delivered::Kind::kRefused, std::move(done).error()};
      end = deliveries_.size();
      ++at;
      races = 0;
    }
    return std::move(results_);
  }

 private:
  [[nodiscard]] Idempotent KeyOf(std::size_t i) const {
    return {deliveries_[i].key, route_, std::string()};
  }

  // Those of [begin, end) in one transaction, all or none.
  Result<void> Write(std::size_t begin, std::size_t end) {
    return engine_.Write([&](EngineWriter& writer) -> Result<void> {
      Transaction& transaction = writer.transaction();
      for (std::size_t i = begin; i < end; ++i) {
        ExpectReplay(transaction, caller_, KeyOf(i), writer.now());
      }
      std::vector<bool> replayed(end - begin);
      for (std::size_t i = begin; i < end; ++i) {
        auto earlier = FindReplay(transaction, caller_, KeyOf(i), writer.now());
        // Its answer need not be kept any more for us to know that it was given.
        const bool gone = !earlier && earlier.error().code == Code::kGone;
        if (!earlier && !gone) return Fail(std::move(earlier).error());
        replayed[i - begin] = gone || earlier->has_value();
      }
      for (std::size_t i = begin; i < end; ++i) {
        if (replayed[i - begin]) {
          results_[i].kind = Delivered::Kind::kReplayed;
          continue;
        }
        const Outcome outcome = TRY(writer.Run(caller_, deliveries_[i].command));
        results_[i].kind =
            outcome.unchanged ? Delivered::Kind::kUnchanged : Delivered::Kind::kWritten;
        TRY(SaveReplay(transaction, caller_, KeyOf(i), std::span(&outcome, 1), writer.now()));
      }
      return {};
    });
  }

  Engine& engine_;
  const Caller& caller_;
  const std::string route_;
  const std::span<const Delivery> deliveries_;
  std::vector<Delivered> results_;
};

}  // namespace

Result<std::vector<Delivered>> WriteOnce(Engine& engine, const Caller& caller,
                                         std::string_view route,
                                         std::span<const Delivery> deliveries) {
  return Deliverer(engine, caller, route, deliveries).Run();
}

}  // namespace tenon::jobs
