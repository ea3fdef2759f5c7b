#include "tests/support/account_fleet.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "probes/base/text.h"

namespace efa {
namespace {

std::string group_id(const std::string& name) {
  return "sg-" + name;
}

std::vector<std::string> rows_of(const std::string& text) {
  std::vector<std::string> rows;
  for (const std::string& row : split(text, ',')) rows.emplace_back(trim(row));
  return rows;
}

AccountGroup& group_of(AccountFacts& facts, const std::string& name) {
  const auto found = std::find_if(facts.groups.begin(), facts.groups.end(),
                                  [&](const auto& one) { return one.id == group_id(name); });
  if (found != facts.groups.end()) return *found;
  facts.groups.push_back({.id = group_id(name), .exists = true, .complete = true, .rules = {}});
  return facts.groups.back();
}

void set_peer(const std::string& peer, AccountRule& rule) {
  const std::vector<std::string> parts = split(peer, '@');
  if (peer.find('.') != std::string::npos) {
    rule.cidr4 = peer;
  } else if (peer.find(':') != std::string::npos) {
    rule.cidr6 = peer;
  } else if (peer.starts_with("pl-")) {
    rule.prefix_list = peer;
  } else if (parts.size() == 2) {
    const std::vector<std::string> other = split(parts[1], '/');
    rule.peer = {group_id(parts[0]), other[0], "vpc-" + other[0], "active"};
  } else {
    rule.peer = {.id = group_id(peer)};
  }
}

AccountRule rule_of(const std::vector<std::string>& row) {
  AccountRule rule;
  rule.egress = row[1] == "out";
  const std::vector<std::string> protocol = split(row[2], ':');
  rule.protocol = protocol[0] == "all" ? "-1" : protocol[0];
  if (protocol.size() > 1) {
    const std::vector<std::string> ports = split(protocol[1], '-');
    rule.from = parse_number<int>(ports.front());
    rule.to = parse_number<int>(ports.back());
  }
  set_peer(row[3], rule);
  return rule;
}

AccountInterface interface_of(const AccountInstance& instance, const std::string& groups) {
  const auto card = static_cast<int>(instance.interfaces.size()) - 1;
  AccountInterface interface;
  interface.id = "eni-" + instance.id + "-" + std::to_string(card);
  interface.type = "efa-only";
  interface.card = card;
  interface.device = 1;
  interface.status = "attached";
  interface.subnet = instance.subnet;
  interface.vpc = instance.vpc;
  interface.groups.emplace();
  for (const std::string& group : split(groups, '+')) {
    interface.groups->push_back(group_id(group));
  }
  return interface;
}

AccountInstance instance_of(const std::string& text) {
  const std::vector<std::string> parts = split(text, ':');
  AccountInstance instance;
  instance.id = parts[0];
  instance.type = "p5.48xlarge";
  instance.state = "running";
  instance.zone = "eu-west-1a";
  instance.subnet = "subnet-1";
  instance.vpc = "vpc-1";
  instance.tenancy = "default";
  instance.placement_group = {"train", "pg-1", std::nullopt};
  instance.profile_arn = "arn:aws:iam::111122223333:instance-profile/node";
  instance.has_public_address = false;
  instance.root_volume = "vol-" + instance.id;
  instance.imds_enabled = true;
  instance.imds_tokens = "required";
  instance.imds_hop_limit = 2;
  instance.reservation_preference = "open";
  AccountInterface first = interface_of(instance, "ip");
  first.id = "eni-" + instance.id;
  first.type = "interface";
  first.card = 0;
  first.device = 0;
  instance.interfaces.push_back(first);
  for (const std::string& groups : words(parts[1])) {
    if (groups != "-") instance.interfaces.push_back(interface_of(instance, groups));
  }
  return instance;
}

// What is known of every instance and its role.
void add_services(AccountFacts& facts) {
  const std::string role = "arn:aws:iam::111122223333:role/node";
  for (const AccountInstance& one : facts.instances) {
    facts.volumes.push_back({*one.root_volume, 200, true, "gp3"});
    facts.managed.push_back({one.id, "Online", "3.3.987.0"});
  }
  facts.profiles.push_back({"arn:aws:iam::111122223333:instance-profile/node", true, role});
  facts.session_log_group = "sessions";
  for (const char* action : {"ssm:UpdateInstanceInformation", "ssmmessages:CreateControlChannel"}) {
    facts.rights.push_back({role, action, "*", "allowed"});
  }
  for (const char* action : {"logs:CreateLogStream", "logs:PutLogEvents"}) {
    facts.rights.push_back(
        {role, action, "arn:aws:logs:eu-west-1:111122223333:log-group:sessions:log-stream:session",
         "allowed"});
  }
}

}  // namespace

AccountFacts fleet_of(const std::string& rules, const std::string& instances) {
  AccountFacts facts;
  facts.region = "eu-west-1";
  for (const char* name : {kInstancesSection, kRulesSection, kPlacementGroupsSection, kTypesSection,
                           kReservationsSection, kVolumesSection, kManagedSection, kProfilesSection,
                           kSessionsSection, kRightsSection}) {
    facts.sections.push_back({name, SectionStatus::kOk, "", ""});
  }
  for (const std::string& row : rows_of(rules)) {
    const std::vector<std::string> parts = words(row);
    AccountGroup& group = group_of(facts, parts[0]);
    if (parts.size() == 4) group.rules.push_back(rule_of(parts));
  }
  for (const std::string& row : rows_of(instances)) facts.instances.push_back(instance_of(row));
  facts.placement_groups.push_back({"train", "cluster", "available"});
  facts.types.push_back({"p5.48xlarge", true, 32, 32});
  add_services(facts);
  return facts;
}

void set_section(AccountFacts& facts, const char* name, SectionStatus status) {
  for (AccountSection& section : facts.sections) {
    if (section.name == name) section.status = status;
  }
}

Finding fleet_finding(const std::vector<Finding>& findings, const std::string& code,
                      const std::string& subject) {
  for (const Finding& finding : findings) {
    if (finding.check->code == code && finding.subject == subject) return finding;
  }
  ADD_FAILURE() << "nothing is said of " << code << " of " << subject;
  return {};
}

void expect_cases(std::span<const AccountCase> cases, AccountFacts (*healthy)(),
                  std::vector<Finding> (*judged)(const AccountFacts&), const std::string& subject) {
  for (const AccountCase& row : cases) {
    AccountFacts facts = healthy();
    row.change(facts);
    const Finding finding = fleet_finding(judged(facts), row.code, subject);
    EXPECT_EQ(finding.result, row.wanted) << row.code << ": " << finding.message;
    EXPECT_FALSE(finding.message.empty()) << row.code;
  }
}

}  // namespace efa
