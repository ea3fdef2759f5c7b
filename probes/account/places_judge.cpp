// Judges where the instances of a fleet are: zone, VPC, subnet, placement group, reservation.

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "probes/account/fleet.h"
#include "probes/account/instance_checks.h"
#include "probes/base/text.h"
#include "probes/judging/findings.h"

namespace efa {
namespace {

constexpr const char* kPlacesSource = "ec2:DescribeInstances";
constexpr const char* kAlone = "there is no other instance to compare with";

// Who is where: instances by place.
using Places = std::map<std::string, size_t>;

// Where most are; of several the first by name. "" when nobody is anywhere.
std::string usual_place(const Places& places) {
  const auto most =
      std::max_element(places.begin(), places.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == places.end() ? "" : most->first;
}

// The values that EFA interfaces have in common or not; nothing when one was not told.
template <class Member>
std::optional<std::set<std::string>> values_of(const AccountInstance& instance, Member member) {
  std::set<std::string> values;
  for (const AccountInterface* interface : efa_interfaces(instance)) {
    const std::optional<std::string>& value = interface->*member;
    if (!value) return std::nullopt;
    values.insert(*value);
  }
  return values;
}

std::string joined(const std::set<std::string>& values) {
  return join({values.begin(), values.end()}, ", ");
}

bool is_of_capacity_block(const AccountInstance& instance) {
  return instance.lifecycle == "capacity-block";
}

class PlacesJudge {
 public:
  PlacesJudge(const AccountFacts& facts, Findings& findings)
      : facts_(facts), findings_(findings), whole_(is_whole(facts, kInstancesSection)) {
    for (const AccountInstance& one : facts.instances) count(one);
  }

  void judge(const AccountInstance& instance) {
    if (efa_interfaces(instance).empty()) {
      for (const Check* check : kAccountPlaceChecks) {
        findings_.not_applicable(*check, instance.id, "it has no EFA interface");
      }
      return;
    }
    judge_zone(instance);
    judge_subnet(instance);
    judge_placement_group(instance);
    judge_placement_differs(instance);
    judge_capacity(instance);
  }

 private:
  void count(const AccountInstance& instance);
  // The strategy of the instance's placement group; nothing when it is not known.
  [[nodiscard]] std::optional<std::string> strategy_of(const AccountInstance& instance) const;

  void judge_zone(const AccountInstance& instance);
  void judge_subnet(const AccountInstance& instance);
  void judge_placement_group(const AccountInstance& instance);
  void judge_placement_differs(const AccountInstance& instance);
  void judge_capacity(const AccountInstance& instance);
  void judge_end(const AccountInstance& instance, const AccountReservation& reservation);

  const AccountFacts& facts_;
  Findings& findings_;
  bool whole_;
  size_t instances_ = 0;  // with EFA
  Places zones_;
  Places vpcs_;
  Places clusters_;  // placement groups, but for those known to be none of strategy cluster
  std::set<std::string> subnets_;
};

void PlacesJudge::count(const AccountInstance& instance) {
  if (efa_interfaces(instance).empty()) return;
  ++instances_;
  if (instance.zone) ++zones_[*instance.zone];
  for (const std::string& vpc :
       values_of(instance, &AccountInterface::vpc).value_or(std::set<std::string>())) {
    ++vpcs_[vpc];
  }
  const auto subnets = values_of(instance, &AccountInterface::subnet);
  if (subnets) subnets_.insert(subnets->begin(), subnets->end());
  if (instance.placement_group && strategy_of(instance).value_or("cluster") == "cluster") {
    ++clusters_[instance.placement_group->name];
  }
}

std::optional<std::string> PlacesJudge::strategy_of(const AccountInstance& instance) const {
  for (const AccountPlacementGroup& group : facts_.placement_groups) {
    if (group.name == instance.placement_group->name) return group.strategy;
  }
  return std::nullopt;
}

void PlacesJudge::judge_zone(const AccountInstance& instance) {
  const Check& check = kAccountZoneDiffers;
  const auto vpcs = values_of(instance, &AccountInterface::vpc);
  const std::string zone = usual_place(zones_);
  const std::string vpc = usual_place(vpcs_);
  const Evidence evidence{fmt::format("{}, {}", instance.zone.value_or("a zone not told"),
                                      vpcs ? joined(*vpcs) : "a VPC not told"),
                          fmt::format("{}, {}, where most of the fleet are", zone, vpc),
                          kPlacesSource};
  const bool apart =
      (instance.zone && *instance.zone != zone) || (vpcs && *vpcs != std::set<std::string>{vpc});
  if (apart) {
    findings_.fail(check, instance.id,
                   fmt::format("its EFA interfaces are in {}, most of the fleet in {}, {}",
                               evidence.observed, zone, vpc),
                   evidence);
  } else if (!instance.zone || !vpcs) {
    findings_.unknown(check, instance.id, "its zone or the VPC of its interfaces was not told");
  } else if (!whole_) {
    findings_.unknown(check, instance.id,
                      "not all instances are known: " + why_not_whole(facts_, kInstancesSection));
  } else if (instances_ == 1) {
    findings_.not_applicable(check, instance.id, kAlone);
  } else {
    findings_.pass(check, instance.id, "it is where most of the fleet are", evidence);
  }
}

// In one VPC, EFA passes between subnets of a zone.
void PlacesJudge::judge_subnet(const AccountInstance& instance) {
  const Check& check = kAccountSubnetDiffers;
  const auto subnets = values_of(instance, &AccountInterface::subnet);
  const auto vpcs = values_of(instance, &AccountInterface::vpc);
  const std::string vpc = usual_place(vpcs_);
  if (!subnets || !vpcs) {
    findings_.unknown(check, instance.id, "the subnets of its interfaces were not told");
  } else if (*vpcs != std::set<std::string>{vpc}) {
    findings_.fail(
        check, instance.id,
        fmt::format("{} of {}; most of the fleet are in {}", joined(*subnets), joined(*vpcs), vpc),
        {joined(*subnets), "subnets of " + vpc, kPlacesSource});
  } else if (instances_ == 1 && subnets_.size() == 1) {
    findings_.not_applicable(check, instance.id, kAlone);
  } else {
    findings_.pass(
        check, instance.id,
        subnets_.size() == 1 ? "the fleet is in one subnet" : "the fleet's subnets are of one VPC");
  }
}

void PlacesJudge::judge_placement_group(const AccountInstance& instance) {
  const Check& check = kAccountPlacementGroup;
  if (is_of_capacity_block(instance)) {
    findings_.not_applicable(check, instance.id, "a capacity block places its instances itself");
    return;
  }
  if (!instance.placement_group) {
    findings_.fail(check, instance.id, "it is in no placement group",
                   {"none", "a group of strategy cluster", kPlacesSource});
    return;
  }
  const std::string& name = instance.placement_group->name;
  const std::optional<std::string> strategy = strategy_of(instance);
  if (!strategy) {
    const std::string why = why_not_whole(facts_, kPlacementGroupsSection);
    findings_.unknown(check, instance.id,
                      fmt::format("the strategy of {} is not known: {}", name,
                                  why.empty() ? "AWS does not list it" : why));
  } else if (*strategy != "cluster") {
    findings_.fail(check, instance.id, fmt::format("{} is of strategy {}", name, *strategy),
                   {*strategy, "cluster", "ec2:DescribePlacementGroups"});
  } else {
    findings_.pass(check, instance.id, name + " is of strategy cluster");
  }
}

void PlacesJudge::judge_placement_differs(const AccountInstance& instance) {
  const Check& check = kAccountPlacementGroupDiffers;
  const std::string usual = usual_place(clusters_);
  if (is_of_capacity_block(instance) || !instance.placement_group) {
    findings_.not_applicable(check, instance.id, "it is in no placement group that was chosen");
    return;
  }
  const std::string& name = instance.placement_group->name;
  const std::optional<std::string> strategy = strategy_of(instance);
  if (strategy && *strategy != "cluster") {
    findings_.not_applicable(check, instance.id, name + " is not of strategy cluster");
  } else if (instances_ == 1 && whole_) {
    findings_.not_applicable(check, instance.id, kAlone);
  } else if (!strategy || !whole_) {
    findings_.unknown(check, instance.id,
                      "the placement groups, or the instances, are not all known");
  } else if (name != usual) {
    findings_.fail(check, instance.id,
                   fmt::format("it is in {}, most of the fleet in {}", name, usual),
                   {name, usual, kPlacesSource});
  } else {
    findings_.pass(check, instance.id, "it is in the group that most of the fleet are in");
  }
}

void PlacesJudge::judge_capacity(const AccountInstance& instance) {
  const Check& check = kAccountCapacityEnds;
  if (!instance.reservation) {
    findings_.not_applicable(check, instance.id, "it runs in no capacity reservation");
    return;
  }
  for (const AccountReservation& reservation : facts_.reservations) {
    if (reservation.id != *instance.reservation) continue;
    judge_end(instance, reservation);
    return;
  }
  const std::string why = why_not_whole(facts_, kReservationsSection);
  findings_.unknown(check, instance.id,
                    fmt::format("the end of {} is not known: {}", *instance.reservation,
                                why.empty() ? "AWS does not list it" : why));
}

void PlacesJudge::judge_end(const AccountInstance& instance,
                            const AccountReservation& reservation) {
  constexpr int64_t kMinuteMs = 60'000;
  constexpr int64_t kHourMs = 60 * kMinuteMs;
  constexpr int64_t kLatestMs = INT64_MAX / 2;
  const Check& check = kAccountCapacityEnds;
  const int64_t left_ms =
      std::clamp<int64_t>(reservation.ends_ms.value_or(kLatestMs), 0, kLatestMs) -
      std::clamp<int64_t>(facts_.asked_ms, 0, kLatestMs);
  const char* source = "ec2:DescribeCapacityReservations";
  if (!reservation.state) {
    findings_.unknown(check, instance.id, "the state of " + reservation.id + " was not told");
  } else if (*reservation.state != "active") {
    findings_.fail(check, instance.id, fmt::format("{} is {}", reservation.id, *reservation.state),
                   {*reservation.state, "active", source});
  } else if (reservation.ends_ms && left_ms < 24 * kHourMs) {
    findings_.fail(weighed(row_of(check), left_ms < kHourMs ? Severity::kCritical : check.severity),
                   instance.id,
                   fmt::format("{} ends in {} minutes", reservation.id,
                               std::max<int64_t>(left_ms, 0) / kMinuteMs),
                   {fmt::format("{} minutes", left_ms / kMinuteMs), "more than a day", source}, {});
  } else {
    findings_.pass(check, instance.id, reservation.id + " does not end within a day");
  }
}

}  // namespace

void judge_account_places(const AccountFacts& facts, Findings& findings) {
  PlacesJudge judge(facts, findings);
  for (const AccountInstance& instance : facts.instances) judge.judge(instance);
}

}  // namespace efa
