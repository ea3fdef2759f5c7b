#include "probes/account/read_rights.h"

#include "probes/account/parse.h"
#include "probes/base/text.h"

namespace efa {
namespace {

constexpr const char* kNobody = "efa-doctor-asks-for-its-rights";

// They are said only to those who may ask.
constexpr const char* kAfterTheRight[] = {"DryRunOperation", "InvalidDocument", "InvalidInput",
                                          "NoSuchEntity", "ValidationError"};

std::vector<Call> calls_of(const std::string& account) {
  std::vector<Call> calls;
  for (const char* action :
       {"DescribeInstances", "DescribeSecurityGroupRules", "DescribeSecurityGroups",
        "DescribePlacementGroups", "DescribeInstanceTypes", "DescribeCapacityReservations",
        "DescribeVolumes"}) {
    calls.push_back({kEc2, action, {{"DryRun", "true"}}});
  }
  calls.push_back({kSsm, "DescribeInstanceInformation", {}, {{"MaxResults", 5}}});
  calls.push_back({kSsm, "GetDocument", {}, {{"Name", "SSM-SessionManagerRunShell"}}});
  calls.push_back({kIam, "GetInstanceProfile", {{"InstanceProfileName", kNobody}}});
  const std::string role = "arn:aws:iam::" + account + ":role/" + kNobody;
  calls.push_back({kIam,
                   "SimulatePrincipalPolicy",
                   {{"PolicySourceArn", role}, {"ActionNames.member.1", "s3:PutObject"}}});
  return calls;
}

AccountSection asked(Calls& calls, const Call& call) {
  AccountSection section;
  section.name = std::string(call.api.service) + ":" + call.action;
  section.status = SectionStatus::kOk;
  const auto answer = calls.ask(call);
  const Refusal* refusal = std::get_if<Refusal>(&answer);
  if (refusal == nullptr || is_one_of(refusal->code, kAfterTheRight)) return section;
  section.status = refusal->status;
  section.error_code = refusal->code;
  section.words = refusal->words;
  section.denied_action = refusal->denied_action;
  return section;
}

}  // namespace

void read_own_rights(Calls& calls, const TakeFacts& take) {
  AccountFacts part;
  const auto answer = calls.ask({kSts, "GetCallerIdentity", {}});
  const auto* body = std::get_if<std::string>(&answer);
  const Result<AccountCaller> caller = body == nullptr ? Error{} : parse_caller(*body);
  if (caller) part.caller = *caller;
  for (const Call& call : calls_of(caller ? caller->account : "")) {
    part.sections.push_back(asked(calls, call));
  }
  take(part);
}

}  // namespace efa
