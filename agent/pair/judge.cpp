#include "agent/pair/judge.h"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "agent/pair/connect.h"
#include "agent/pair/figures.h"
#include "agent/pair/findings.h"
#include "agent/pair/libfabric_judge.h"
#include "probes/base/text.h"
#include "probes/data/words.h"
#include "probes/pair/checks.h"

namespace efa {
namespace {

Finding not_told(const Check& check, const char* what) {
  return of_nodes(check, FindingResult::kUnknown,
                  fmt::format("the metadata service of one node or both does not tell {}", what));
}

std::set<std::string> vpcs_of(const PairHello& hello) {
  std::set<std::string> vpcs;
  for (const PairInterface& interface : hello.interfaces) {
    if (interface.vpc_id) vpcs.insert(*interface.vpc_id);
  }
  return vpcs;
}

std::set<std::string> groups_of(const PairHello& hello) {
  std::set<std::string> groups;
  for (const PairInterface& interface : hello.interfaces) {
    groups.insert(interface.security_group_ids.begin(), interface.security_group_ids.end());
  }
  return groups;
}

bool has_common(const std::set<std::string>& one, const std::set<std::string>& other) {
  return std::any_of(one.begin(), one.end(),
                     [&](const std::string& id) { return other.contains(id); });
}

std::string list_of(const std::set<std::string>& ids) {
  constexpr size_t kMost = 8;
  std::vector<std::string> shown(ids.begin(), ids.end());
  if (shown.size() > kMost) shown.resize(kMost);
  return join(shown, ", ");
}

Finding judge_zone(const PairHello& own, const PairHello& other) {
  if (!own.zone_id || !other.zone_id) return not_told(kPairZoneDiffers, "its zone");
  const bool same = *own.zone_id == *other.zone_id;
  return of_nodes(
      kPairZoneDiffers, same ? FindingResult::kPass : FindingResult::kFail,
      same ? fmt::format("both are in {}", *own.zone_id)
           : fmt::format("this node is in {}, the other in {}", *own.zone_id, *other.zone_id));
}

Finding judge_vpc(const PairHello& own, const PairHello& other) {
  const std::set<std::string> here = vpcs_of(own);
  const std::set<std::string> there = vpcs_of(other);
  if (here.empty() || there.empty()) return not_told(kPairVpcDiffers, "its VPC");
  const bool same = has_common(here, there);
  return of_nodes(
      kPairVpcDiffers, same ? FindingResult::kPass : FindingResult::kFail,
      same ? "both are in one VPC"
           : fmt::format("this node is in {}, the other in {}", list_of(here), list_of(there)));
}

// EC2 User Guide, "Elastic Fabric Adapter", limitations.
bool talks_only_to_its_kind(const std::string& type) {
  constexpr const char* kFamilies[] = {"p4d.", "p4de.", "dl1."};
  return std::any_of(std::begin(kFamilies), std::end(kFamilies),
                     [&](const char* family) { return type.starts_with(family); });
}

Finding judge_types(const PairHello& own, const PairHello& other) {
  if (!own.instance_type || !other.instance_type) {
    return not_told(kPairTypesIncompatible, "its instance type");
  }
  const bool fits =
      talks_only_to_its_kind(*own.instance_type) == talks_only_to_its_kind(*other.instance_type);
  return of_nodes(
      kPairTypesIncompatible, fits ? FindingResult::kPass : FindingResult::kFail,
      fmt::format("this node is a {}, the other a {}", *own.instance_type, *other.instance_type));
}

// Sure only where both tell all of theirs.
bool shares_no_group(const PairNodes& nodes) {
  const std::set<std::string> here = groups_of(nodes.own);
  const std::set<std::string> there = groups_of(nodes.other);
  return nodes.own.metadata_status == MetadataStatus::kOk &&
         nodes.other.metadata_status == MetadataStatus::kOk && !here.empty() && !there.empty() &&
         !has_common(here, there);
}

// The device's own counters say which way is lost: what the receiver counted had come.
std::string direction_of(const PairRail& rail) {
  const PairSide sender = rail.broken->side;
  const bool own = sender == PairSide::kOwn;
  const auto& receiver = own ? rail.other_grew : rail.own_grew;
  const auto counted = receiver.find("rx_pkts");
  if (counted == receiver.end()) return "which way is lost its counters do not tell";
  if (counted->second == 0) {
    return fmt::format(
        "likely the way there is lost: the receiver counted no packet. Look at what {} may send "
        "and at what {} may receive",
        name_of(sender), name_of(own ? PairSide::kOther : PairSide::kOwn));
  }
  return fmt::format(
      "likely the way back is lost: the receiver counted {} packets. Look at what {} may send and "
      "at what {} may receive",
      counted->second, name_of(own ? PairSide::kOther : PairSide::kOwn), name_of(sender));
}

// "; retrans_pkts +12 here"
std::string retransmissions_of(const PairRail& rail) {
  std::string words;
  const auto add = [&](const std::map<std::string, uint64_t>& grew, PairSide side) {
    for (const auto& [name, value] : grew) {
      const bool tells = name.starts_with("retrans_") || name.ends_with("_events");
      if (tells && value > 0) words += fmt::format("; {} +{} on {}", name, value, name_of(side));
    }
  };
  add(rail.own_grew, PairSide::kOwn);
  add(rail.other_grew, PairSide::kOther);
  return words;
}

enum VendorError {
  kBadQueue = 9,
  kNotReady = 10,
  kUnresponsive = 13,
  kUnreachable = 15,
  kFeatureMismatch = 18,
};

class RailJudge {
 public:
  RailJudge(const PairRail& rail, const PairNodes& nodes) : rail_(rail), nodes_(nodes) {}

  [[nodiscard]] Finding judge() const {
    if (rail_.differs) return fails(kPairCorrupt, "other bytes lay at the peer than were sent");
    if (!rail_.broken) return passes();
    const PairAnswer& answer = rail_.broken->answer;
    const std::string who = name_of(rail_.broken->side);
    if (answer.gone) return fails(kPairPeerGone, "control connection: " + *answer.gone);
    if (answer.ended && by_libfabric(rail_)) return judge_libfabric(rail_, nodes_);
    if (answer.ended) {
      return fails(kPairPeerGone,
                   fmt::format("the process with the device of {} ended: {}", who, *answer.ended));
    }
    if (answer.hung) return fails(kPairHang, fmt::format("on {}: {}", who, *answer.hung));
    if (!answer.holders.empty() || answer.other_test) return in_use();
    if (answer.users_unseen) {
      return finding_of(kPairInUse, FindingResult::kUnknown, subject_of(rail_),
                        fmt::format("who uses the device of {} could not be seen in time", who));
    }
    if (by_libfabric(rail_)) return judge_libfabric(rail_, nodes_);
    if (answer.failed) return of_call(*answer.failed);
    return of_transfer(answer);
  }

 private:
  [[nodiscard]] Finding fails(const Check& check, std::string message) const {
    return finding_of(check, FindingResult::kFail, subject_of(rail_), std::move(message));
  }

  [[nodiscard]] Finding passes() const {
    const std::string words = fmt::format("{} messages arrived", rail_.passed);
    const bool libfabric = by_libfabric(rail_);
    return finding_of(libfabric ? kPairLibfabric : kPairUnreachable, FindingResult::kPass,
                      subject_of(rail_), libfabric ? words + "; " + libfabrics_of(rail_) : words);
  }

  [[nodiscard]] Finding in_use() const {
    const PairAnswer& answer = rail_.broken->answer;
    const char* who = name_of(rail_.broken->side);
    if (answer.holders.empty()) {
      return fails(kPairInUse, fmt::format("another data test uses the device of {}", who));
    }
    std::vector<std::string> pids;
    for (const int pid : answer.holders) pids.push_back(std::to_string(pid));
    const bool later = answer.step == word_of(PairStep::kLook);
    return fails(kPairInUse, fmt::format("the device of {} {} PID {}", who,
                                         later ? "was opened during the test by" : "is in use by",
                                         join(pids, ", ")));
  }

  [[nodiscard]] Finding of_call(const Unseen& failed) const {
    const std::string who = name_of(rail_.broken->side);
    const std::string words = fmt::format("on {}: {}: {}", who, failed.what, failed.reason);
    const bool reaches = rail_.broken->answer.step == word_of(PairStep::kReach);
    if (reaches) {
      const auto& peer = rail_.broken->side == PairSide::kOwn ? rail_.other : rail_.own;
      return fails(kPairAddressRefused,
                   fmt::format("{}, of GID {}", words, peer.gid.value_or("unknown")));
    }
    const std::optional<int64_t> lockable = rail_.broken->answer.lockable;
    const bool memory = failed.what == call_of(DataStep::kMemory) &&
                        (failed.os_error == ENOMEM || failed.os_error == EPERM);
    if (memory && lockable && *lockable < static_cast<int64_t>(rail_.registered)) {
      return fails(kPairMemlock, fmt::format("{}; it is for {} bytes, and {} may be locked", words,
                                             rail_.registered, *lockable));
    }
    return fails(kPairCannotCreate, words);
  }

  [[nodiscard]] Finding of_transfer(const PairAnswer& answer) const {
    const DataTransfer& transfer = *answer.transfer;
    const std::string words =
        fmt::format("on {}: {}", name_of(rail_.broken->side), words_of(transfer));
    if (answer.step == word_of(PairStep::kReceived) && transfer.status.value_or(0) == 0) {
      return fails(kPairCorrupt, "a message completed, and the peer received nothing");
    }
    switch (transfer.status ? transfer.vendor_error.value_or(0) : kUnresponsive) {
      case kUnresponsive:
      case kUnreachable:
        return of_silence(words);
      case kBadQueue:
        return fails(kPairWrongQueue, words);
      case kNotReady:
        return fails(kPairNotReady, words);
      case kFeatureMismatch:
        return fails(kPairVersionMismatch, words + "; " + versions());
      default:
        return fails(kPairFails, words);
    }
  }

  [[nodiscard]] Finding of_silence(const std::string& words) const {
    if (rail_.passed > 0) {
      return fails(kPairLostMidway, fmt::format("{}, after {} messages had arrived{}", words,
                                                rail_.passed, retransmissions_of(rail_)));
    }
    const std::string message = words + "; " + direction_of(rail_);
    if (!shares_no_group(nodes_)) return fails(kPairUnreachable, message);
    return fails(kPairNoCommonGroup,
                 fmt::format("this node has {}, the other {}; {}", list_of(groups_of(nodes_.own)),
                             list_of(groups_of(nodes_.other)), message));
  }

  [[nodiscard]] std::string versions() const {
    const auto of = [](const PairHello& hello) {
      return fmt::format("driver {}, rdma-core {}, kernel {}", hello.driver.value_or("unknown"),
                         hello.rdma_core.value_or("unknown"), hello.kernel.value_or("unknown"));
    };
    return fmt::format("here {}; there {}", of(nodes_.own), of(nodes_.other));
  }

  const PairRail& rail_;
  const PairNodes& nodes_;
};

}  // namespace

std::vector<Finding> judge_places(const PairHello& own, const PairHello& other) {
  return {judge_zone(own, other), judge_vpc(own, other), judge_types(own, other)};
}

bool stops(const std::vector<Finding>& places) {
  return std::any_of(places.begin(), places.end(),
                     [](const Finding& finding) { return finding.result == FindingResult::kFail; });
}

Finding judge_rail(const PairRail& rail, const PairNodes& nodes) {
  return RailJudge(rail, nodes).judge();
}

std::vector<Finding> judge_rates(const std::vector<PairRail>& rails,
                                 const std::vector<std::optional<double>>& again) {
  std::vector<std::optional<double>> first;
  for (const PairRail& rail : rails) first.push_back(rail.broken ? std::nullopt : best_rate(rail));
  const std::vector<bool> slow = slow_ones(first);
  std::vector<std::optional<double>> second = first;
  for (size_t i = 0; i < std::min(second.size(), again.size()); ++i) {
    if (again[i]) second[i] = again[i];
  }
  const std::vector<bool> still = slow_ones(second);
  std::vector<Finding> findings;
  for (size_t i = 0; i < rails.size(); ++i) {
    if (!slow[i] || !still[i] || i >= again.size() || !again[i]) continue;
    findings.push_back(finding_of(kPairSlow, FindingResult::kFail, subject_of(rails[i]),
                                  fmt::format("{}, and at best {} when measured again",
                                              rate_words(*first[i]), rate_words(*again[i]))));
  }
  return findings;
}

Finding judge_connection(const Error& error, const std::string& where) {
  const std::string words = where + ": " + error.what;
  const auto fails = [&](const Check& check) {
    return of_nodes(check, FindingResult::kFail, words);
  };
  if (error.where == kNameFailed) return fails(kPairNoControlName);
  if (error.where == kRefusedByServer) return fails(kPairRefused);
  const bool strange = error.kind == ErrorKind::kMalformed || error.kind == ErrorKind::kTooLarge;
  if (error.where == kOtherProtocol || strange) return fails(kPairVersionMismatch);
  if (error.where != kConnectFailed) return fails(kPairPeerGone);
  return fails(error.os_error == ECONNREFUSED ? kPairNoControlRefused : kPairNoControlTimeout);
}

}  // namespace efa
