// A fleet as it is read from a stand-in for AWS's API, and what is said of it.
#pragma once

#include <map>
#include <string>

#include "probes/account/facts.h"
#include "probes/account/read.h"
#include "probes/judging/findings.h"
#include "tests/support/ec2_service.h"

namespace efa {

AccountFacts fleet_in_aws(int instances = 3);
AccountFacts read_from(
    Ec2Service& service, const FleetQuery& query = {{}, {{"tag:Fleet", "train"}}},
    const TakeFacts& take = [](const AccountFacts&) {});
std::string json_of(const AccountFacts& facts);
// A failure of the test where there is none.
const AccountSection& section_named(const AccountFacts& facts, const std::string& name);
// By code, of one instance.
std::map<std::string, FindingResult> results_of(const AccountFacts& facts,
                                                const std::string& subject);

}  // namespace efa
