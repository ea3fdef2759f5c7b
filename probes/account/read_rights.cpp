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

std::string right_for(const Call& call) {
  return std::string(call.api.service) + ":" + call.action;
}

AccountSection asked(Calls& calls, const Call& call, std::string* body = nullptr) {
  AccountSection section;
  section.name = right_for(call);
  section.status = SectionStatus::kOk;
  auto answer = calls.ask(call);
  const Refusal* refusal = std::get_if<Refusal>(&answer);
  if (refusal == nullptr && body != nullptr) *body = std::move(std::get<std::string>(answer));
  if (refusal == nullptr || is_one_of(refusal->code, kAfterTheRight)) return section;
  section.status = refusal->status;
  section.error_code = refusal->code;
  section.words = refusal->words;
  section.denied_action = refusal->denied_action;
  return section;
}

// A key of a report that is there; else why none is known.
Result<std::string> some_key(const AccountSection& list, const std::string& body) {
  if (list.status != SectionStatus::kOk) return malformed("ListBucket", "was not answered");
  const Result<Page<std::string>> page = parse_keys(body);
  if (!page) return page.error();
  if (page->items.empty()) return malformed("the bucket", "holds no report");
  return page->items.front();
}

// Without the right to list, S3 denies what is not there as well.
void read_rights_of_bucket(Calls& calls, AccountFacts& part) {
  std::string body;
  const Call list{kS3,
                  "ListBucket",
                  {{"list-type", "2"}, {"max-keys", "1"}, {"prefix", calls.prefix() + "latest/"}}};
  part.sections.push_back(asked(calls, list, &body));
  Call get{kS3, "GetObject", {}};
  const Result<std::string> key = some_key(part.sections.back(), body);
  if (!key) {
    part.sections.push_back({right_for(get), SectionStatus::kFailed, "",
                             "there is nothing to try it on: " + message_of(key.error())});
    return;
  }
  get.key = *key;
  part.sections.push_back(asked(calls, get));
}

}  // namespace

void read_own_rights(Calls& calls, const std::string& region, const std::string& reports,
                     const TakeFacts& take) {
  AccountFacts part;
  part.region = region;
  const auto answer = calls.ask({kSts, "GetCallerIdentity", {}});
  const auto* body = std::get_if<std::string>(&answer);
  const Result<AccountCaller> caller = body == nullptr ? Error{} : parse_caller(*body);
  if (caller) part.caller = *caller;
  for (const Call& call : calls_of(caller ? caller->account : "")) {
    part.sections.push_back(asked(calls, call));
  }
  if (!reports.empty()) {
    part.reports = reports;
    read_rights_of_bucket(calls, part);
  }
  take(part);
}

}  // namespace efa
