// Judges the role that each instance has, by what IAM simulates of it, and whether SSM reaches the
// instance. A simulation knows the role's own policies and boundary: it allows "by the policies".

#include <fmt/core.h>

#include <initializer_list>
#include <map>
#include <optional>

#include "probes/account/fleet.h"
#include "probes/account/role_checks.h"
#include "probes/judging/findings.h"

namespace efa {
namespace {

constexpr const char* kRightsSource = "iam:SimulatePrincipalPolicy";

// Why there is no row: the kind's reason, or that AWS has none.
std::string why_absent(const AccountFacts& facts, const char* section) {
  const std::string why = why_not_whole(facts, section);
  return why.empty() ? "AWS does not list it" : why;
}

class RoleJudge {
 public:
  RoleJudge(const AccountFacts& facts, Findings& findings, const AccountWishes& wishes)
      : facts_(facts), findings_(findings), wishes_(wishes) {
    for (const AccountProfile& one : facts.profiles) profiles_.emplace(one.arn, &one);
    for (const AccountRight& one : facts.rights)
      rights_.emplace(std::pair(one.role, one.action), &one);
    for (const AccountManaged& one : facts.managed) managed_.emplace(one.instance, &one);
  }

  void judge(const AccountInstance& instance) {
    judge_profile(instance);
    judge_ssm_rights(instance);
    judge_managed(instance);
    judge_session_logs(instance);
    judge_bucket(instance);
  }

 private:
  [[nodiscard]] const AccountProfile* profile_of(const AccountInstance& instance) const;
  [[nodiscard]] const AccountManaged* managed_of(const AccountInstance& instance) const;
  // What is said where there is no role whose rights can be looked at; whether that was so.
  bool say_without_role(const Check& check, const AccountInstance& instance);
  // The role's rights to these actions: fails for a denied one, else unknown, else passes.
  void judge_rights(const Check& check, const AccountInstance& instance,
                    std::initializer_list<const char*> actions);

  void judge_profile(const AccountInstance& instance);
  void judge_ssm_rights(const AccountInstance& instance);
  void judge_managed(const AccountInstance& instance);
  void judge_session_logs(const AccountInstance& instance);
  void judge_bucket(const AccountInstance& instance);

  const AccountFacts& facts_;
  Findings& findings_;
  const AccountWishes& wishes_;
  std::map<std::string, const AccountProfile*> profiles_;
  std::map<std::pair<std::string, std::string>, const AccountRight*> rights_;  // by role, action
  std::map<std::string, const AccountManaged*> managed_;
};

const AccountProfile* RoleJudge::profile_of(const AccountInstance& instance) const {
  const auto found = profiles_.find(instance.profile_arn.value_or(""));
  return found == profiles_.end() ? nullptr : found->second;
}

const AccountManaged* RoleJudge::managed_of(const AccountInstance& instance) const {
  const auto found = managed_.find(instance.id);
  return found == managed_.end() ? nullptr : found->second;
}

void RoleJudge::judge_profile(const AccountInstance& instance) {
  const Check& check = kAccountNoRole;
  const AccountProfile* profile = profile_of(instance);
  if (!instance.profile_arn) {
    findings_.fail(check, instance.id, "it has no instance profile",
                   {"none", "an instance profile with a role", "ec2:DescribeInstances"});
  } else if (profile == nullptr) {
    findings_.unknown(check, instance.id,
                      fmt::format("the role of {} is not known: {}", *instance.profile_arn,
                                  why_absent(facts_, kProfilesSection)));
  } else if (!profile->exists || !profile->role) {
    findings_.fail(check, instance.id,
                   fmt::format("{} {}", profile->arn,
                               profile->exists ? "has no role" : "does not exist any more"),
                   {profile->exists ? "no role" : "gone", "an instance profile with a role",
                    "iam:GetInstanceProfile"});
  } else {
    findings_.pass(check, instance.id, "it has " + *profile->role);
  }
}

bool RoleJudge::say_without_role(const Check& check, const AccountInstance& instance) {
  const AccountProfile* profile = profile_of(instance);
  if (profile != nullptr && profile->role) return false;
  if (instance.profile_arn && profile == nullptr) {
    findings_.unknown(check, instance.id,
                      "its role is not known: " + why_absent(facts_, kProfilesSection));
  } else {
    findings_.not_applicable(check, instance.id, "it has no role");
  }
  return true;
}

void RoleJudge::judge_rights(const Check& check, const AccountInstance& instance,
                             std::initializer_list<const char*> actions) {
  const std::string& role = *profile_of(instance)->role;
  std::string unknown;
  for (const char* action : actions) {
    const auto found = rights_.find({role, action});
    const AccountRight* right = found == rights_.end() ? nullptr : found->second;
    if (right != nullptr && right->decision == "allowed") continue;
    if (right != nullptr && !right->has_conditions) {
      findings_.fail(
          check, instance.id,
          fmt::format("{} may not {} on {}, by its policies", role, action, right->resource),
          {right->decision, "allowed", kRightsSource});
      return;
    }
    unknown = fmt::format(
        "whether {} may {} is not known: {}", role, action,
        right == nullptr ? why_absent(facts_, kRightsSection) : "its policies have conditions");
  }
  if (!unknown.empty()) {
    findings_.unknown(check, instance.id, unknown);
  } else {
    findings_.pass(check, instance.id, role + " may, by its policies");
  }
}

// SSM hears of an instance also by rights that no policy of its role shows: those of the account's
// Default Host Management Configuration, or on narrower resources than all.
void RoleJudge::judge_ssm_rights(const AccountInstance& instance) {
  const Check& check = kAccountRoleNoSsm;
  const AccountManaged* managed = managed_of(instance);
  if (managed != nullptr && managed->ping == "Online") {
    findings_.pass(check, instance.id, "its SSM agent is online");
  } else if (!say_without_role(check, instance)) {
    judge_rights(check, instance,
                 {"ssm:UpdateInstanceInformation", "ssmmessages:CreateControlChannel"});
  }
}

void RoleJudge::judge_managed(const AccountInstance& instance) {
  const Check& check = kAccountNotManaged;
  const AccountManaged* managed = managed_of(instance);
  const bool whole = is_whole(facts_, kManagedSection);
  if (does_not_run(instance)) {
    findings_.not_applicable(check, instance.id, "it is " + *instance.state);
    return;
  }
  if ((managed == nullptr && !whole) || (managed != nullptr && !managed->ping)) {
    const std::string why = why_not_whole(facts_, kManagedSection);
    findings_.unknown(check, instance.id,
                      "whether SSM reaches it is not known: " +
                          (why.empty() ? std::string("it did not say") : why));
    return;
  }
  const std::string observed = managed == nullptr ? "not listed" : *managed->ping;
  const Evidence evidence{observed, "Online", "ssm:DescribeInstanceInformation"};
  if (observed == "Online") {
    findings_.pass(check, instance.id, "SSM reaches it", evidence);
    return;
  }
  findings_.fail(
      weighed(row_of(check), wishes_.ssm_is_required ? Severity::kWarning : check.severity),
      instance.id, managed == nullptr ? "SSM does not list it" : "its SSM agent is " + observed,
      evidence, {});
}

void RoleJudge::judge_session_logs(const AccountInstance& instance) {
  const Check& check = kAccountSessionLogs;
  if (say_without_role(check, instance)) return;
  if (facts_.session_log_group) {
    judge_rights(check, instance, {"logs:CreateLogStream", "logs:PutLogEvents"});
  } else if (is_whole(facts_, kSessionsSection)) {
    findings_.not_applicable(check, instance.id, "sessions are not logged to CloudWatch");
  } else {
    findings_.unknown(
        check, instance.id,
        "where sessions are logged is not known: " + why_not_whole(facts_, kSessionsSection));
  }
}

// What no policy of the role allows, that of the bucket may: only a statement that denies is sure.
void RoleJudge::judge_bucket(const AccountInstance& instance) {
  const Check& check = kAccountBucket;
  if (!facts_.bucket) {
    findings_.not_applicable(check, instance.id, "no bucket was named");
    return;
  }
  if (say_without_role(check, instance)) return;
  const std::string& role = *profile_of(instance)->role;
  const auto found = rights_.find({role, "s3:PutObject"});
  const AccountRight* right = found == rights_.end() ? nullptr : found->second;
  const std::string decision = right == nullptr ? "" : right->decision;
  const std::string where = fmt::format("put objects into {}", *facts_.bucket);
  if (decision == "allowed") {
    findings_.pass(check, instance.id, fmt::format("{} may {}, by its policies", role, where));
  } else if (decision == "explicitDeny" && !right->has_conditions) {
    findings_.fail(check, instance.id, fmt::format("{} may not {}", role, where),
                   {decision, "allowed", kRightsSource});
  } else {
    findings_.unknown(
        check, instance.id,
        fmt::format("whether {} may {} is not known: {}", role, where,
                    right == nullptr        ? why_absent(facts_, kRightsSection)
                    : right->has_conditions ? "its policies have conditions"
                                            : "its policies do not say, the bucket's may"));
  }
}

}  // namespace

void judge_account_roles(const AccountFacts& facts, Findings& findings,
                         const AccountWishes& wishes) {
  RoleJudge judge(facts, findings, wishes);
  for (const AccountInstance& instance : facts.instances) judge.judge(instance);
}

}  // namespace efa
