#include "probes/judging/probe_failure.h"

#include <algorithm>
#include <iterator>

namespace efa {
namespace {

// One attempt of the driver to start a device, line by line.
class Attempt {
 public:
  void take(const LogMessage& message) {
    const bool end = message.kind == LogKind::kProbeEnded;
    const FailureReason* reason = reason_of(message);
    if (message.kind == LogKind::kDeviceRegistered ||
        message.kind == LogKind::kDeviceUnregistered || message.kind == LogKind::kIrqSetUp ||
        (ended_ && reason != nullptr)) {
      *this = Attempt();
    }
    if (!end && reason == nullptr) return;
    if (first_ == nullptr) first_ = &message;
    ended_ = ended_ || end;
    failed_ = failed_ || end || reason->only_at_start;
  }

  [[nodiscard]] const LogMessage* failure() const { return failed_ ? first_ : nullptr; }

 private:
  const LogMessage* first_ = nullptr;
  bool ended_ = false;
  bool failed_ = false;
};

}  // namespace

const LogMessage* probe_failure(const std::vector<LogMessage>& messages,
                                const PciAddress& address) {
  Attempt attempt;
  for (const LogMessage& message : messages) {
    if (message.address == address) attempt.take(message);
  }
  return attempt.failure();
}

const FailureReason* reason_of(const LogMessage& message) {
  const auto* found = std::find_if(std::begin(kFailureReasons), std::end(kFailureReasons),
                                   [&](const FailureReason& r) { return r.kind == message.kind; });
  return found == std::end(kFailureReasons) ? nullptr : found;
}

}  // namespace efa
