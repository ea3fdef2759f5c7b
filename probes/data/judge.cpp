// Judges what probe-data saw of own messages: whether they arrived, and over which device.

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>

#include "probes/base/text.h"
#include "probes/data/checks.h"
#include "probes/data/words.h"
#include "probes/judging/device_answers.h"
#include "probes/judging/look_up.h"
#include "probes/judging/node.h"
#include "probes/judging/own_fault.h"

namespace efa {
namespace {

constexpr int64_t kRegistered = 16'384;  // bytes that the test registers
constexpr uint64_t kOwnBytes = 65'536;   // more than the test of an earlier pass moved

// Of the table of checks, those of one device that tell of its data path.
constexpr const Check* kOfPath[] = {&kDataCannotRegister, &kDataCannotCreate, &kDataLoopbackFails,
                                    &kDataLoopbackUnreachable, &kDataCountersStill};

enum class Why { kUnknown, kNotApplicable };

void say(Why why, const Check& check, const std::string& subject, const std::string& words,
         Findings& findings) {
  if (why == Why::kUnknown) {
    findings.unknown(check, subject, words);
  } else {
    findings.not_applicable(check, subject, words);
  }
}

// Nothing is known of the device's path, or from this check on.
void say_rest(Why why, const Check* from, const std::string& subject, const std::string& words,
              Findings& findings) {
  const Check* const* first = from == nullptr
                                  ? std::begin(kOfPath)
                                  : std::find(std::begin(kOfPath), std::end(kOfPath), from);
  for (const Check* const* check = first; check != std::end(kOfPath); ++check) {
    say(why, **check, subject, words, findings);
  }
}

bool is_control(const DataTransfer& transfer) {
  return transfer.kind == "control";
}

// The last that tells of the path: the first that did not arrive, if any.
const DataTransfer* last_of(const DataDevice& device) {
  const DataTransfer* last = nullptr;
  for (const DataTransfer& transfer : device.transfers) {
    if (!is_control(transfer)) last = &transfer;
  }
  return last;
}

// It failed, as it must: the test can tell an error from success.
bool control_failed(const DataDevice& device) {
  return std::any_of(device.transfers.begin(), device.transfers.end(), [](const DataTransfer& one) {
    return is_control(one) && one.status.value_or(0) != 0;
  });
}

bool moves_data(const DataDevice& device) {
  const DataTransfer* last = last_of(device);
  return !device.failed && last != nullptr && end_of(*last) == DataEnd::kArrived &&
         control_failed(device);
}

uint64_t grown(const DataCounters& counters, const char* name) {
  const auto before = counters.before.find(name);
  const auto after = counters.after.find(name);
  if (before == counters.before.end() || after == counters.after.end()) return 0;
  return after->second > before->second ? after->second - before->second : 0;
}

bool has(const DataCounters& counters, const char* name) {
  return counters.before.contains(name) && counters.after.contains(name) &&
         counters.after.at(name) >= counters.before.at(name);
}

bool counts(const DataCounters& counters) {
  return grown(counters, "send_bytes") >= counters.sent &&
         grown(counters, "recv_bytes") >= counters.received;
}

// "tx_bytes grew by 10, rx_bytes by 20": the bytes of who uses the device, since an earlier pass;
// "" where not both moved, or that is not known.
std::string moved_by_others(const Node& node, const Past& past, const RdmaDevice& device) {
  const Counters* now = find_device(node.rdma.facts.counters, device.address);
  const CounterBaseline* before = find_device(past.baselines, device.address);
  if (now == nullptr || before == nullptr || before->registration != device.registration) return "";
  std::string words;
  for (const char* name : {"tx_bytes", "rx_bytes"}) {
    const auto then = before->values.find(name);
    const auto value = now->port.find(name);
    const bool known = then != before->values.end() && value != now->port.end();
    if (!known || value->second <= then->second + kOwnBytes) return "";
    words += fmt::format("{}{} grew by {}", words.empty() ? "" : ", ", name,
                         value->second - then->second);
  }
  return words;
}

class DataJudge {
 public:
  DataJudge(const Node& node, const Past& past, Findings& findings)
      : node_(node),
        past_(past),
        facts_(node.data->facts),
        outcome_(node.data->outcome),
        findings_(findings) {
    for (const DataDevice& device : facts_.devices) any_moves_ |= moves_data(device);
    for (const DataCounters& counters : facts_.counters) any_counts_ |= counts(counters);
  }

  void judge(const RdmaDevice& rdma) {
    subject_ = rdma.address.to_text();
    const DataDevice* device = find_device(facts_.devices, rdma.address);
    if (!judge_use(rdma, device)) return;
    if (!judge_end(rdma, device)) return;
    judge_setup(*device);
  }

 private:
  // False where it was not tested because others use it.
  bool judge_use(const RdmaDevice& rdma, const DataDevice* device) {
    std::string why;
    if (device != nullptr && !device->holders.empty()) {
      std::vector<std::string> pids;
      for (const int pid : device->holders) pids.push_back(std::to_string(pid));
      why = "in use by PID " + join(pids, ", ");
    } else if (device != nullptr && device->other_test) {
      why = "another data test runs";
    } else if (std::find(facts_.taken.begin(), facts_.taken.end(),
                         PciAddress::from_text(subject_)) != facts_.taken.end()) {
      why = "a process opened it during the test";
    }
    if (!why.empty()) {
      findings_.fail(kDataInUse, subject_, why, {why, "nobody has it open", "/proc/PID/fd"});
      findings_.not_applicable(kDataHang, subject_, why);
      judge_used(rdma, why);
      return false;
    }
    if (device != nullptr && device->idle == true) {
      findings_.pass(kDataInUse, subject_, "nobody has it open", {"", "", "/proc/PID/fd"});
    } else {
      findings_.unknown(kDataInUse, subject_, "not all processes could be seen");
    }
    return true;
  }

  // Bytes that others moved are a proof too, of the last rung only.
  void judge_used(const RdmaDevice& rdma, const std::string& why) {
    const std::string moved = moved_by_others(node_, past_, rdma);
    for (const Check* check : kOfPath) {
      if (check == &kDataLoopbackFails && !moved.empty()) {
        findings_.pass(*check, subject_, fmt::format("{}; of those who use it {}", why, moved),
                       {moved, "both grow", "hw_counters"});
      } else {
        findings_.not_applicable(*check, subject_, why);
      }
    }
  }

  // False where the process of the test did not tell what became of the messages.
  bool judge_end(const RdmaDevice& rdma, const DataDevice* device) {
    const Asked* asked = find_asked(facts_.asked, subject_);
    if (asked == nullptr && device == nullptr) return not_asked();
    std::string words = "it is not known how the test ended";
    if (asked != nullptr && asked->status == AskedStatus::kOk) {
      findings_.pass(kDataHang, subject_, "every step ended in time", {"", "", "libibverbs"});
    } else if (asked == nullptr || asked->status == AskedStatus::kCrashed) {
      if (asked != nullptr) {
        words = fmt::format("the test crashed in {}: {}", asked->step, asked->detail);
      }
      findings_.unknown(kDataHang, subject_, words);
    } else {
      judge_late(rdma, *asked);
      words = "the test did not end: " + step_of(*asked);
    }
    if (device == nullptr) say_rest(Why::kUnknown, nullptr, subject_, words, findings_);
    return device != nullptr;
  }

  bool not_asked() {
    const bool library = outcome_.status == ProbeStatus::kUnavailable;
    const Why why = library && !is_fault_of_probe(outcome_) ? Why::kNotApplicable : Why::kUnknown;
    const std::string words =
        library ? "libibverbs does not load" : facts_.not_tested.value_or("was not tested");
    say(why, kDataHang, subject_, words, findings_);
    say_rest(why, nullptr, subject_, words, findings_);
    return false;
  }

  static std::string step_of(const Asked& asked) {
    if (asked.status == AskedStatus::kSkipped) {
      return "the driver still holds a process of an earlier pass";
    }
    return asked.step.empty() ? "it did not begin" : "last in " + asked.step;
  }

  void judge_late(const RdmaDevice& rdma, const Asked& asked) {
    const std::string words = step_of(asked);
    const Evidence evidence{words, "every step ends in time", "libibverbs"};
    const bool held = asked.status == AskedStatus::kHung || asked.status == AskedStatus::kSkipped;
    const std::string answered = answered_by(node_, rdma);
    if (held && answered.empty()) {
      findings_.fail(kDataHang, subject_, words, evidence);
    } else {
      findings_.unknown(kDataHang, subject_,
                        held ? fmt::format("{}, but it answered {}", words, answered) : words,
                        evidence);
    }
  }

  void judge_setup(const DataDevice& device) {
    if (!device.failed) {
      findings_.pass(kDataCannotRegister, subject_, "memory was registered");
      findings_.pass(kDataCannotCreate, subject_, "a queue pair was set up");
      judge_transfers(device);
      return;
    }
    const Unseen& failed = *device.failed;
    const std::string words = fmt::format("{}: {}", failed.what, failed.reason);
    const Evidence evidence{failed.reason, "succeeds", failed.what};
    const bool limited = device.failed_step == DataStep::kMemory &&
                         (failed.os_error == ENOMEM || failed.os_error == EPERM) &&
                         device.lockable && *device.lockable < kRegistered;
    if (limited) {
      findings_.fail(kDataCannotRegister, subject_,
                     fmt::format("{}; only {} bytes may be locked", words, *device.lockable),
                     evidence);
      findings_.not_applicable(kDataCannotCreate, subject_, "no memory could be registered");
    } else {
      findings_.not_applicable(kDataCannotRegister, subject_, words);
      findings_.fail(kDataCannotCreate, subject_, words, evidence);
    }
    say_rest(Why::kNotApplicable, &kDataLoopbackFails, subject_, "no queue pair was set up",
             findings_);
  }

  void judge_transfers(const DataDevice& device) {
    const DataTransfer* last = last_of(device);
    if (last == nullptr) {
      say_rest(Why::kUnknown, &kDataLoopbackFails, subject_, "no message was sent", findings_);
      return;
    }
    const Evidence evidence{words_of(*last), "arrives as it was sent", "ibv_poll_cq"};
    switch (end_of(*last)) {
      case DataEnd::kFailed:
        findings_.fail(kDataLoopbackFails, subject_, words_of(*last), evidence);
        findings_.not_applicable(kDataLoopbackUnreachable, subject_, "it fails in another way");
        findings_.not_applicable(kDataCountersStill, subject_, "not all was moved");
        return;
      case DataEnd::kUnreachable:
        judge_unreachable(*last, evidence);
        return;
      case DataEnd::kArrived:
        judge_moved(device, evidence);
        return;
    }
  }

  // Only where another device of the node is reached it is known that messages to a device's own
  // address are carried at all.
  void judge_unreachable(const DataTransfer& transfer, const Evidence& evidence) {
    const std::string words = words_of(transfer);
    if (any_moves_) {
      findings_.fail(kDataLoopbackUnreachable, subject_,
                     words + "; other devices of the node move data", evidence);
    } else {
      findings_.unknown(kDataLoopbackUnreachable, subject_,
                        words +
                            "; no device of the node moved data: a security group that does not "
                            "allow all to and from itself (efa-doctor account tells), or EFA "
                            "carries no messages within a node",
                        evidence);
    }
    findings_.not_applicable(kDataLoopbackFails, subject_, "nothing arrived");
    findings_.not_applicable(kDataCountersStill, subject_, "nothing was moved");
  }

  void judge_moved(const DataDevice& device, const Evidence& evidence) {
    if (!control_failed(device)) {
      say_rest(
          Why::kUnknown, &kDataLoopbackFails, subject_,
          "a message to a queue pair that is no more did not fail: what arrives proves nothing",
          findings_);
      return;
    }
    size_t bytes = 0;
    for (const DataTransfer& one : device.transfers) bytes += is_control(one) ? 0 : one.bytes;
    findings_.pass(kDataLoopbackFails, subject_,
                   fmt::format("{} bytes arrived as they were sent", bytes), evidence);
    findings_.pass(kDataLoopbackUnreachable, subject_, "reaches its own address", evidence);
    judge_counters(device);
    judge_ring(device);
  }

  void judge_counters(const DataDevice& device) {
    const DataCounters* counters = find_device(facts_.counters, device.address);
    const bool seen =
        counters != nullptr && has(*counters, "send_bytes") && has(*counters, "recv_bytes");
    if (counters != nullptr && counters->shown == false) {
      findings_.not_applicable(kDataCountersStill, subject_, "the kernel shows no counters here");
      return;
    }
    if (!seen) {
      findings_.unknown(kDataCountersStill, subject_, "its counters could not be read");
      findings_.unknown(kDataOtherDeviceMoved, subject_, "its counters could not be read");
      return;
    }
    const std::string words =
        fmt::format("{} bytes were sent and {} received; send_bytes grew by {}, recv_bytes by {}",
                    counters->sent, counters->received, grown(*counters, "send_bytes"),
                    grown(*counters, "recv_bytes"));
    const Evidence evidence{words, "grow by at least that", "hw_counters"};
    if (counts(*counters)) {
      findings_.pass(kDataCountersStill, subject_, words, evidence);
      findings_.pass(kDataOtherDeviceMoved, subject_, "counted by the device itself", evidence);
    } else if (any_counts_) {
      findings_.fail(kDataCountersStill, subject_, words, evidence);
      judge_others(*counters, evidence);
    } else {
      // whether such traffic is counted at all, no other device shows
      findings_.unknown(kDataCountersStill, subject_, words, evidence);
      findings_.not_applicable(kDataOtherDeviceMoved, subject_, "no device counted it");
    }
  }

  void judge_others(const DataCounters& still, const Evidence& evidence) {
    for (const DataCounters& other : facts_.counters) {
      const DataDevice* device = find_device(facts_.devices, other.address);
      const bool idle = device != nullptr && device->idle == true;
      if (other.address == still.address || !idle || !has(other, "send_bytes")) continue;
      if (grown(other, "send_bytes") < other.sent + still.sent) continue;
      findings_.fail(kDataOtherDeviceMoved, subject_,
                     fmt::format("{} counted {} bytes more than were sent over it",
                                 other.address.to_text(), grown(other, "send_bytes") - other.sent),
                     evidence);
      return;
    }
    findings_.pass(kDataOtherDeviceMoved, subject_, "no other device counted it", evidence);
  }

  void judge_ring(const DataDevice& device) {
    if (node_.rdma.facts.devices.size() < 2) {
      findings_.not_applicable(kDataRingFails, subject_, "the node has no other device");
      return;
    }
    const auto edge = std::find_if(facts_.ring.begin(), facts_.ring.end(),
                                   [&](const DataEdge& one) { return one.from == device.address; });
    if (edge == facts_.ring.end()) {
      findings_.unknown(kDataRingFails, subject_, "no other device was there to send to");
      return;
    }
    const std::string words =
        fmt::format("to {}: {}", edge->to.to_text(), words_of(edge->transfer));
    const Evidence evidence{words, "arrives as it was sent", "ibv_poll_cq"};
    if (end_of(edge->transfer) == DataEnd::kArrived) {
      findings_.pass(kDataRingFails, subject_, words, evidence);
    } else {
      findings_.fail(kDataRingFails, subject_, words, evidence);
    }
  }

  const Node& node_;
  const Past& past_;
  const DataFacts& facts_;
  const ProbeOutcome& outcome_;
  Findings& findings_;
  std::string subject_;
  bool any_moves_ = false;
  bool any_counts_ = false;
};

}  // namespace

void judge_data(const Node& node, const Expectation& expectation, Findings& findings) {
  if (!node.live || !node.data) return;
  DataJudge judge(node, expectation.past, findings);
  for (const RdmaDevice& device : node.rdma.facts.devices) judge.judge(device);
}

}  // namespace efa
