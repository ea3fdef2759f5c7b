// A fleet as AWS's API tells of it, made of words.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "probes/account/facts.h"
#include "probes/judging/findings.h"

namespace efa {

// Rules of security groups: "a in all b, a out tcp:0-65535 0.0.0.0/0, b"; a peer is a group, a
// range of addresses, a prefix list ("pl-1"), or a group of another account ("b@2222/pcx").
// Instances of p5.48xlarge: "i1: a a+b, i2: -" has an EFA interface in a and one in a and b; i2 has
// none. Each has an interface without EFA in "ip" first, an encrypted root volume of 200 GiB, a
// role that may what it should, and SSM reaches it. Everything was asked and told.
AccountFacts fleet_of(const std::string& rules, const std::string& instances);

void set_section(AccountFacts& facts, const char* name, SectionStatus status);

// What is said of the subject; a failure of the test where nothing is.
Finding fleet_finding(const std::vector<Finding>& findings, const std::string& code,
                      const std::string& subject);

// A change to a fleet, and what is then said of one of its instances.
struct AccountCase {
  const char* code;
  FindingResult wanted;
  void (*change)(AccountFacts&);
};

void expect_cases(std::span<const AccountCase> cases, AccountFacts (*healthy)(),
                  std::vector<Finding> (*judged)(const AccountFacts&), const std::string& subject);

// Those of each file of tests.
std::span<const AccountCase> account_exposure_cases();
std::span<const AccountCase> account_instance_cases();
std::span<const AccountCase> account_launch_cases();
std::span<const AccountCase> account_node_cases();
std::span<const AccountCase> account_role_cases();

}  // namespace efa
