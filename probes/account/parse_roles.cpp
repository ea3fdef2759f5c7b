// What IAM and STS say of roles and callers: their answers have members where EC2's have items.

#include "probes/account/elements.h"
#include "probes/account/parse.h"

namespace efa {
namespace {

// Of a simulation for one action on one resource.
Result<AccountRight> right_in(const XmlElement& member, const std::string& role) {
  const auto action = word_in(member, "EvalActionName");
  const auto resource = word_in(member, "EvalResourceName", kLongestArn);
  const auto decision = word_in(member, "EvalDecision");
  if (!action || !decision) {
    return malformed("SimulatePrincipalPolicy", "a decision has no action, or is none");
  }
  return AccountRight{role, *action, resource.value_or("*"), *decision,
                      !member["MissingContextValues"].children.empty()};
}

}  // namespace

Result<AccountProfile> parse_instance_profile(const std::string& body) {
  const std::string action = "GetInstanceProfile";
  const Result<XmlElement> root = answer_of(body, action, "GetInstanceProfileResult");
  if (!root) return root.error();
  const XmlElement& profile = (*root)["GetInstanceProfileResult"]["InstanceProfile"];
  const auto arn = word_in(profile, "Arn", kLongestArn);
  const XmlElement& roles = profile["Roles"];
  if (!arn || roles.name.empty()) return malformed(action, "the answer names no profile");
  if (roles.children.empty()) return AccountProfile{*arn, true, std::nullopt};
  const auto role = word_in(roles["member"], "Arn", kLongestArn);  // a profile has at most one
  if (!role) return malformed(action, "a role has no ARN");
  return AccountProfile{*arn, true, role};
}

Result<Page<AccountRight>> parse_rights(const std::string& body, const std::string& role) {
  const std::string action = "SimulatePrincipalPolicy";
  const Result<XmlElement> root = answer_of(body, action, "SimulatePrincipalPolicyResult");
  if (!root) return root.error();
  const XmlElement& result = (*root)["SimulatePrincipalPolicyResult"];
  const XmlElement& members = result["EvaluationResults"];
  const auto marker = word_in(result, "Marker", kLongestToken);
  const bool goes_on = truth_in(result, "IsTruncated") == true;
  if (members.name.empty() || (goes_on && !marker)) {
    return malformed(action, "the answer has no decisions, or no marker of more");
  }
  if (members.children.size() > kMostItems) {
    return Error{ErrorKind::kTooLarge, action, "the answer has more than was asked for"};
  }
  Page<AccountRight> page;
  if (goes_on) page.next = *marker;
  for (const XmlElement& member : members.children) {
    Result<AccountRight> right = right_in(member, role);
    if (!right) return right.error();
    page.items.push_back(std::move(*right));
  }
  return page;
}

Result<AccountCaller> parse_caller(const std::string& body) {
  const Result<XmlElement> root = answer_of(body, "GetCallerIdentity", "GetCallerIdentityResult");
  if (!root) return root.error();
  const XmlElement& result = (*root)["GetCallerIdentityResult"];
  const auto account = word_in(result, "Account");
  const auto arn = word_in(result, "Arn", kLongestArn);
  if (!account || !arn) return malformed("GetCallerIdentity", "the answer names no caller");
  return AccountCaller{*account, *arn};
}

}  // namespace efa
