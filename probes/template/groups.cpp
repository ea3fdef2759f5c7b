#include "probes/template/groups.h"

#include <array>
#include <utility>

#include "probes/base/text.h"

namespace efa {
namespace {

constexpr const char* kGroupType = "AWS::EC2::SecurityGroup";
constexpr const char* kEverywhere = "0.0.0.0/0";

AccountRule all_to_everywhere() {
  AccountRule rule;
  rule.egress = true;
  rule.protocol = "-1";
  rule.cidr4 = kEverywhere;
  return rule;
}

std::string named(const Term& term) {
  return term.is_named() ? term.text : "";
}

}  // namespace

TemplateGroups::TemplateGroups(const std::vector<TemplateResource>& resources) {
  for (const TemplateResource& one : resources) {
    resources_.emplace(one.id, &one);
    restricts_default_ = restricts_default_ || one.type == "Custom::VpcRestrictDefaultSG";
    if (one.type != "AWS::EC2::SecurityGroupEgress") continue;
    has_own_egress_[id_of(one.properties.at("GroupId"), one.id)] = true;
  }
  for (const TemplateResource& one : resources) {
    if (one.type == kGroupType) add_group(one);
  }
  for (const TemplateResource& one : resources) add_separate(one);
}

TemplateGroups::Known& TemplateGroups::known(const std::string& id) {
  Known& found = groups_[id];
  found.group.id = id;
  return found;
}

void TemplateGroups::doubt(const std::string& group, const std::string& why) {
  Known& found = known(group);
  found.group.complete = false;
  if (found.why.empty()) found.why = why;
}

// All spellings of one group are one: Ref, GroupId, Id. What the template does not make has its
// rules elsewhere.
std::string TemplateGroups::id_of(const Term& group, const std::string& of) {
  if (!group.is_named()) {
    std::string id = "a group of " + of;
    doubt(id, of + ": " + (group.is_unknown() ? group.text : "no group is named"));
    return id;
  }
  const auto made = resources_.find(group.resource);
  if (made != resources_.end() && made->second->type == kGroupType) return group.resource;
  if (groups_.contains(group.text)) return group.text;
  if (made != resources_.end() && made->second->type == "AWS::EC2::VPC" &&
      group.attribute == "DefaultSecurityGroup") {
    add_default_group(group.text, group.resource);
  } else if (group.attribute == "ClusterSecurityGroupId") {
    doubt(group.text, "EKS makes " + group.text +
                          ": by AWS's documentation it likely lets EFA "
                          "through, but nothing in the template says so");
  } else {
    doubt(group.text, group.text + " is not in the template");
  }
  return group.text;
}

// In from itself, out to 0.0.0.0/0 (VPC User Guide, "Default security groups").
void TemplateGroups::add_default_group(const std::string& id, const std::string& vpc) {
  Known& made = known(id);
  made.group.complete = true;
  made.vpc = Term::of_resource(vpc, "");
  if (restricts_default_) return;
  AccountRule from_itself;
  from_itself.protocol = "-1";
  from_itself.peer = AccountPeerGroup{.id = id};
  made.group.rules = {from_itself, all_to_everywhere()};
}

void TemplateGroups::add_group(const TemplateResource& resource) {
  Known& made = known(resource.id);
  made.group.complete = made.why.empty();
  made.vpc = resource.properties.at("VpcId");
  if (!resource.may_miss.empty()) {
    doubt(resource.id, resource.id + ": the condition " + resource.may_miss + " is not known");
  }
  add_rules(resource.properties.at("SecurityGroupIngress"), false, resource.id, resource.id);
  const Term egress = resource.properties.at("SecurityGroupEgress");
  add_rules(egress, true, resource.id, resource.id);
  // AWS's own rule is there until the first rule out is made apart from the group (reported by
  // people: aws-cdk #987, cloudformation-coverage-roadmap; not in its documentation)
  const bool none = egress.is_nothing() || (egress.is_list() && egress.items.empty());
  // the provider of Terraform takes it away at once
  const bool of_terraform = !resource.properties.at("HasNoDefaultEgress").is_nothing();
  if (none && !of_terraform && !has_own_egress_.contains(resource.id)) {
    made.group.rules.push_back(all_to_everywhere());
  }
  if (of_terraform && resource.properties.at("IsCreated").truth() == true &&
      !made.group.rules.empty()) {
    has_inline_.insert(resource.id);
  }
}

void TemplateGroups::add_rules(const Term& rules, bool egress, const std::string& group,
                               const std::string& resource) {
  if (rules.is_nothing()) return;
  if (!rules.is_list()) {
    doubt(group, resource + ": " + (rules.is_unknown() ? rules.text : "its rules are no list"));
    return;
  }
  for (const Term& rule : rules.items) add_rule(rule, egress, group, resource);
}

void TemplateGroups::add_separate(const TemplateResource& resource) {
  const bool egress = resource.type == "AWS::EC2::SecurityGroupEgress";
  if (!egress && resource.type != "AWS::EC2::SecurityGroupIngress") return;
  const Term group = resource.properties.at("GroupId");
  const std::string id = id_of(group, resource.id);
  const std::string doubtful = resource.may_miss.empty() ? ""
                                                         : resource.id + ": the condition " +
                                                               resource.may_miss + " is not known";
  if (!group.is_named()) {
    // it may be of any
    const std::string why = group.is_unknown() ? group.text : "its group is not known";
    for (auto& [other, known] : groups_) doubt(other, resource.id + ": " + why);
  } else if (doubtful.empty()) {
    add_rule(resource.properties, egress, id, resource.id);
  } else {
    doubt(id, doubtful);
  }
}

void TemplateGroups::add_rule(const Term& rule, bool egress, const std::string& group,
                              const std::string& resource) {
  const Term protocol = rule.at("IpProtocol");
  if (!protocol.is_text()) {
    doubt(group,
          resource + ": " +
              (protocol.is_unknown() ? protocol.text : "the protocol of a rule is not known"));
    return;
  }
  AccountRule made;
  made.egress = egress;
  made.protocol = protocol.text == "6" ? "tcp" : protocol.text;
  made.from = rule.at("FromPort").number();
  made.to = rule.at("ToPort").number();
  made.cidr4 = rule.at("CidrIp").known_text();
  made.cidr6 = rule.at("CidrIpv6").known_text();
  const std::string prefix_list =
      named(rule.at(egress ? "DestinationPrefixListId" : "SourcePrefixListId"));
  if (!prefix_list.empty()) made.prefix_list = prefix_list;
  set_peer(rule, made, group, resource);
  known(group).group.rules.push_back(std::move(made));
}

void TemplateGroups::set_peer(const Term& rule, AccountRule& made, const std::string& group,
                              const std::string& resource) {
  const Term peer = rule.at(made.egress ? "DestinationSecurityGroupId" : "SourceSecurityGroupId");
  if (!made.egress && !rule.at("SourceSecurityGroupName").is_nothing()) {
    doubt(group, resource + " names a group by its name");
  }
  if (peer.is_nothing()) return;
  if (!peer.is_named()) {
    doubt(group, resource + ": " + (peer.is_unknown() ? peer.text : "its peer is not known"));
    return;
  }
  made.peer = AccountPeerGroup{.id = id_of(peer, resource)};
  if (made.peer->id == group) return;
  // a parameter may hold the group itself
  const bool certain = peer.is_text() || !peer.resource.empty();
  if (!certain) doubt(group, resource + ": which group " + peer.text + " is, is not known");
}

std::vector<std::string> TemplateGroups::ids_of(const Term& groups, const std::string& of,
                                                const Term& vpc) {
  if (groups.is_unknown()) return {id_of(groups, of)};
  if (groups.is_named()) return {id_of(groups, of)};  // a parameter that is a list
  std::vector<std::string> ids;
  for (const Term& group : groups.items) ids.push_back(id_of(group, of));
  if (!ids.empty()) return ids;
  Term usual = vpc.resource.empty() ? Term::symbol("the default group of the VPC")
                                    : Term::of_resource(vpc.resource, "DefaultSecurityGroup");
  return {id_of(usual, of)};
}

Term TemplateGroups::vpc_of(const Term& group) const {
  const auto found = groups_.find(group.resource.empty() ? group.text : group.resource);
  return found == groups_.end() ? Term{} : found->second.vpc;
}

void TemplateGroups::refuse() {
  for (auto& [id, known] : groups_) {
    known.group.rules.clear();
    doubt(id, "AWS refuses the template");
  }
}

std::vector<AccountGroup> TemplateGroups::groups() const {
  std::vector<AccountGroup> all;
  for (const auto& [id, known] : groups_) all.push_back(known.group);
  return all;
}

std::string TemplateGroups::why_incomplete(const std::string& group) const {
  const auto found = groups_.find(group);
  return found == groups_.end() ? "" : found->second.why;
}

}  // namespace efa
