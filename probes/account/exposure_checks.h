// The checks of what instances expose and reach by IP, and of their metadata service: codes and
// texts. A code is API: never renamed, never reused.
#pragma once

#include "probes/account/wishes.h"
#include "probes/judging/check.h"

namespace efa {

inline constexpr Check kAccountPort22Open{
    .code = "account.port-22-open",
    .severity = Severity::kWarning,
    .actor = Actor::kAccountOwner,
    .title = "SSH is open to all addresses",
    .meaning = "Anybody on the internet reaches the node's SSH server, where it has an address.",
    .seen_by =
        "DescribeSecurityGroupRules: a group of an interface with an address has an inbound rule "
        "that covers tcp 22 from 0.0.0.0/0 or ::/0. Info where the instance has no public IPv4 "
        "address.",
    .remedy =
        "Remove the rule, or narrow it to the addresses that need it; Session Manager needs no "
        "inbound rule.",
};

inline constexpr Check kAccountImds{
    .code = "account.imds",
    .severity = Severity::kWarning,
    .actor = Actor::kAccountOwner,
    .title = "The metadata service does not answer, or not in containers",
    .meaning =
        "Without it nothing on the node gets the keys of its role, and the node does not know its "
        "type and zone. With a hop limit of 1 containers that have a network of their own get no "
        "answer.",
    .seen_by =
        "DescribeInstances: metadataOptions.httpEndpoint is disabled; or httpPutResponseHopLimit "
        "is 1, which is info: whether the node runs containers AWS does not tell.",
    .remedy =
        "Set MetadataOptions HttpEndpoint enabled, HttpTokens required, and "
        "HttpPutResponseHopLimit "
        "2 where containers ask, in the launch template; modify-instance-metadata-options does it "
        "for instances that run.",
};

inline constexpr Check kAccountNoIpEgress{
    .code = "account.no-ip-egress",
    .severity = Severity::kInfo,
    .actor = Actor::kAccountOwner,
    .title = "No outbound rule lets the node reach services by IP",
    .meaning =
        "No SSM, no S3 and no packages, unless their endpoints are in the node's own security "
        "groups.",
    .seen_by =
        "DescribeSecurityGroupRules: no group of the interfaces that have addresses has an "
        "outbound rule that covers tcp 443 to a range of addresses, a prefix list or another "
        "group.",
    .remedy =
        "Add an outbound rule for tcp 443 to 0.0.0.0/0, or to the endpoints' addresses or group. "
        "It is often lost when an outbound rule for EFA is added: CloudFormation is reported to "
        "remove the default one.",
};

inline constexpr const Check* kAccountExposureChecks[] = {&kAccountPort22Open, &kAccountImds,
                                                          &kAccountNoIpEgress};

struct AccountFacts;
class Findings;
void judge_account_exposure(const AccountFacts& facts, Findings& findings,
                            const AccountWishes& wishes = {});

}  // namespace efa
