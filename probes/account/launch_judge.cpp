// Judges what instances were launched as: of which type, and in which reservation.

#include <fmt/core.h>

#include <map>
#include <set>

#include "probes/account/fleet.h"
#include "probes/account/launch_checks.h"
#include "probes/judging/findings.h"

namespace efa {
namespace {

bool is_group_of_reservations(const std::string& name) {
  return name.starts_with("arn:");
}

class LaunchJudge {
 public:
  LaunchJudge(const AccountFacts& facts, Findings& findings, const AccountWishes& wishes)
      : facts_(facts), findings_(findings), wishes_(wishes) {
    for (const AccountType& type : facts.types) types_.emplace(type.name, &type);
    for (const AccountInstance& one : facts.instances) {
      if (efa_interfaces(one).empty()) continue;
      others_have_efa_ = true;
      if (one.placement_group) groups_with_efa_.insert(one.placement_group->name);
    }
  }

  void judge(const AccountInstance& instance) {
    judge_capacity(instance);
    judge_type(instance);
  }

 private:
  void judge_capacity(const AccountInstance& instance);
  void judge_type(const AccountInstance& instance);
  [[nodiscard]] bool is_meant(const AccountInstance& instance) const {
    return wishes_.efa_is_expected ||
           (instance.placement_group && groups_with_efa_.contains(instance.placement_group->name));
  }

  const AccountFacts& facts_;
  Findings& findings_;
  const AccountWishes& wishes_;
  std::map<std::string, const AccountType*> types_;
  std::set<std::string> groups_with_efa_;  // placement groups
  bool others_have_efa_ = false;
};

// A group of reservations lets its instances into none but its own.
void LaunchJudge::judge_capacity(const AccountInstance& instance) {
  const Check& check = kAccountCapacityUnused;
  const std::string in = instance.reservation.value_or("no reservation");
  if (does_not_run(instance)) {
    findings_.not_applicable(check, instance.id, "it is " + *instance.state);
    return;
  }
  if (!instance.reservation_wanted && !instance.reservation_preference) {
    findings_.unknown(check, instance.id, "what it was launched for was not told");
    return;
  }
  if (!instance.reservation_wanted) {
    findings_.not_applicable(check, instance.id, "it was launched for no reservation by name");
    return;
  }
  const std::string& wanted = *instance.reservation_wanted;
  const bool is_in = is_group_of_reservations(wanted) ? instance.reservation.has_value()
                                                      : instance.reservation == wanted;
  const Evidence evidence{in, wanted, "ec2:DescribeInstances"};
  if (is_in) {
    findings_.pass(check, instance.id, "it runs in " + in, evidence);
  } else {
    findings_.fail(check, instance.id,
                   fmt::format("it was launched for {} and runs in {}", wanted, in), evidence);
  }
}

void LaunchJudge::judge_type(const AccountInstance& instance) {
  const Check& check = kAccountTypeNoEfa;
  const auto found = instance.type ? types_.find(*instance.type) : types_.end();
  const AccountType* type = found == types_.end() ? nullptr : found->second;
  if (!efa_interfaces(instance).empty()) {
    findings_.pass(check, instance.id, "it has EFA interfaces");
  } else if (!others_have_efa_ && !wishes_.efa_is_expected) {
    findings_.not_applicable(check, instance.id, "nothing says that it is meant to have EFA");
  } else if (type == nullptr || !type->efa) {
    const std::string why = why_not_whole(facts_, kTypesSection);
    findings_.unknown(check, instance.id,
                      "whether its type has EFA is not known: " +
                          (why.empty() ? std::string("AWS did not tell") : why));
  } else if (*type->efa) {
    findings_.pass(check, instance.id, *instance.type + " can have EFA");
  } else {
    const bool meant = is_meant(instance);
    findings_.fail(weighed(row_of(check), meant ? check.severity : Severity::kInfo), instance.id,
                   fmt::format("{} has no EFA; {}", *instance.type,
                               wishes_.efa_is_expected ? "it is expected of every instance"
                               : meant                 ? "others of its placement group have"
                                       : "others of the fleet have, if it is not its head node"),
                   {"efaSupported false", "efaSupported true", "ec2:DescribeInstanceTypes"}, {});
  }
}

}  // namespace

void judge_account_launches(const AccountFacts& facts, Findings& findings,
                            const AccountWishes& wishes) {
  LaunchJudge judge(facts, findings, wishes);
  for (const AccountInstance& instance : facts.instances) judge.judge(instance);
}

}  // namespace efa
