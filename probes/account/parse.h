// Answers of AWS's APIs, taken apart. Interface: EC2 API Reference (version 2016-11-15), IAM, SSM
// and STS API References. An element that is missing, longer than its kind has, or not made of
// what it is made of, was not told; an answer of another shape, or a thing without its id, is
// malformed.
#pragma once

#include <string>
#include <vector>

#include "probes/account/facts.h"
#include "probes/base/result.h"

namespace efa {

template <class Item>
struct Page {
  std::vector<Item> items;
  std::string next;  // the token to ask for the next page with; "" after the last
};

struct RuleOfGroup {
  std::string group;
  AccountRule rule;
};

// <DescribeInstancesResponse>; without those that were terminated
Result<Page<AccountInstance>> parse_instances(const std::string& body);
// <DescribeSecurityGroupRulesResponse>
Result<Page<RuleOfGroup>> parse_rules(const std::string& body);
// <DescribeSecurityGroupsResponse>: the ids
Result<Page<std::string>> parse_group_ids(const std::string& body);
Result<Page<AccountPlacementGroup>> parse_placement_groups(const std::string& body);
Result<Page<AccountType>> parse_types(const std::string& body);
Result<Page<AccountReservation>> parse_reservations(const std::string& body);
Result<Page<AccountVolume>> parse_volumes(const std::string& body);

// <ListBucketResult> of ListObjectsV2: the keys
Result<Page<std::string>> parse_keys(const std::string& body);

// <GetInstanceProfileResponse>
Result<AccountProfile> parse_instance_profile(const std::string& body);
// <SimulatePrincipalPolicyResponse> for that role
Result<Page<AccountRight>> parse_rights(const std::string& body, const std::string& role);
// Of DescribeInstanceInformation
Result<Page<AccountManaged>> parse_managed(const std::string& body);
// Of GetDocument, for the account's preferences of sessions; absent: they are not logged
Result<std::optional<std::string>> parse_session_log_group(const std::string& body);
// <GetCallerIdentityResponse>
Result<AccountCaller> parse_caller(const std::string& body);

}  // namespace efa
