#include "agent/pair/libfabric_judge.h"

#include <fmt/core.h>

#include <cerrno>

#include "probes/data/words.h"
#include "probes/pair/checks.h"

namespace efa {
namespace {

// efa_errno.h of libfabric 2.4: the device's own up to 18, the provider's beyond 4096.
enum ProviderError {
  kInvalidLocalKey = 5,
  kInvalidRemoteKey = 7,
  kOtherFeatures = 18,
  kOutOfMemory = 4105,
  kReceiveBuffers = 4112,
  kHandshake = 4113,
  kPacketType = 4125,
};

// What an endpoint locks in memory: 22 MB were seen.
constexpr int64_t kLocked = int64_t{32} * 1024 * 1024;

class LibfabricJudge {
 public:
  LibfabricJudge(const PairRail& rail, const PairNodes& nodes)
      : rail_(rail), answer_(rail.broken->answer) {
    lockable_ = rail.broken->side == PairSide::kOwn ? nodes.own.lockable : nodes.other.lockable;
  }

  // It ends its own process where it has no memory for its buffers.
  [[nodiscard]] Finding judge() const {
    if (answer_.ended) return by_memory("its process ended: " + *answer_.ended);
    if (!answer_.failed) {
      return fails(kPairLibfabric, fmt::format("{}, after {} messages had arrived",
                                               words_of(*answer_.transfer), rail_.passed));
    }
    const Unseen& failed = *answer_.failed;
    const std::string words = failed.what + ": " + failed.reason;
    switch (failed.os_error) {
      case ENOMEM:
      case kInvalidLocalKey:
      case kInvalidRemoteKey:
      case kOutOfMemory:
      case kReceiveBuffers:
        return by_memory(words);
      case kOtherFeatures:
      case kHandshake:
      case kPacketType:
        return fails(kPairVersionMismatch, words);
      default:
        return fails(kPairLibfabric, words);
    }
  }

 private:
  [[nodiscard]] Finding fails(const Check& check, const std::string& words) const {
    return finding_of(
        check, FindingResult::kFail, subject_of(rail_),
        fmt::format("on {}: {}; {}", name_of(rail_.broken->side), words, libfabrics_of(rail_)));
  }

  [[nodiscard]] Finding by_memory(const std::string& words) const {
    if (!lockable_ || *lockable_ >= kLocked) return fails(kPairLibfabric, words);
    return fails(kPairMemlock, fmt::format("{}; an endpoint of libfabric locks about 22 MB, and {} "
                                           "bytes may be locked",
                                           words, *lockable_));
  }

  const PairRail& rail_;
  const PairAnswer& answer_;
  std::optional<int64_t> lockable_;  // bytes; absent: any number
};

}  // namespace

Finding judge_libfabric(const PairRail& rail, const PairNodes& nodes) {
  return LibfabricJudge(rail, nodes).judge();
}

}  // namespace efa
