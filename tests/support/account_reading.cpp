#include "tests/support/account_reading.h"

#include <gtest/gtest.h>

#include "probes/account/exposure_checks.h"
#include "probes/account/group_checks.h"
#include "probes/account/instance_checks.h"
#include "probes/account/role_checks.h"
#include "probes/account/volume_checks.h"
#include "probes/base/describe.h"
#include "tests/support/account_fleet.h"

namespace efa {
namespace {

constexpr int64_t kNowMs = 1'795'471'200'000;  // 2026-11-23T22:00:00Z

template <class Item>
void append(const std::vector<Item>& more, std::vector<Item>& all) {
  all.insert(all.end(), more.begin(), more.end());
}

// All parts together.
void join_part(const AccountFacts& part, AccountFacts& facts) {
  if (part.caller) facts.caller = part.caller;
  facts.region = part.region;
  facts.asked_ms = part.asked_ms;
  append(part.sections, facts.sections);
  append(part.instances, facts.instances);
  append(part.groups, facts.groups);
  append(part.placement_groups, facts.placement_groups);
  append(part.types, facts.types);
  append(part.reservations, facts.reservations);
  append(part.volumes, facts.volumes);
  append(part.managed, facts.managed);
  append(part.profiles, facts.profiles);
  append(part.rights, facts.rights);
  if (part.session_log_group) facts.session_log_group = part.session_log_group;
}

}  // namespace

AccountFacts fleet_in_aws(int instances) {
  std::string text;
  for (int i = 1; i <= instances; ++i) {
    text += (i == 1 ? "" : ", ") + ("i-" + std::to_string(i)) + ": a a";
  }
  AccountFacts facts =
      fleet_of("a in all a, a out all 0.0.0.0/0, a out tcp:443 pl-1, ip out all 0.0.0.0/0", text);
  facts.types.at(0).most_efa = 2;
  facts.reservations.push_back({.id = "cr-1", .state = "active"});
  for (AccountInstance& one : facts.instances) one.reservation = "cr-1";
  facts.caller = AccountCaller{"111122223333", "arn:aws:iam::111122223333:user/admin"};
  facts.asked_ms = kNowMs;
  return facts;
}

AccountFacts read_from(Ec2Service& service, const FleetQuery& query, const TakeFacts& take) {
  int64_t now_ms = 0;
  const Clock clock{.unix_ms = [] { return kNowMs; },
                    .steady_ms = [&] { return now_ms; },
                    .sleep = [&](int64_t ms) { now_ms += ms; },
                    .stopped = [] { return false; }};
  CredentialChain chain(
      {}, [](const char* name) { return std::string(name) == "HOME" ? "/none" : "key"; }, service);
  SignedHttp http(chain, service, clock);
  Calls calls({.region = "eu-west-1"}, http, clock, [] { return 0.5; });
  AccountFacts facts;
  read_account(calls, "eu-west-1", query, [&](const AccountFacts& part) {
    take(part);
    join_part(part, facts);
  });
  return facts;
}

std::string json_of(const AccountFacts& facts) {
  return render_json(to_value(facts), 1);
}

const AccountSection& section_named(const AccountFacts& facts, const std::string& name) {
  static const AccountSection kNoSection;
  for (const AccountSection& one : facts.sections) {
    if (one.name == name) return one;
  }
  ADD_FAILURE() << "no section " << name;
  return kNoSection;
}

std::map<std::string, FindingResult> results_of(const AccountFacts& facts,
                                                const std::string& subject) {
  Findings findings;
  judge_account_groups(facts, findings);
  judge_account_interfaces(facts, findings);
  judge_account_places(facts, findings);
  judge_account_volumes(facts, findings);
  judge_account_roles(facts, findings);
  judge_account_exposure(facts, findings);
  std::map<std::string, FindingResult> results;
  for (const Finding& finding : findings.all()) {
    if (finding.subject == subject) results[std::string(finding.check->code)] = finding.result;
  }
  return results;
}

}  // namespace efa
