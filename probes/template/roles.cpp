#include "probes/template/roles.h"

#include <algorithm>
#include <array>
#include <set>

namespace efa {
namespace {

constexpr const char* kRoleType = "AWS::IAM::Role";
constexpr const char* kProfileType = "AWS::IAM::InstanceProfile";

// Policies of AWS that let SSM's agent work (Systems Manager User Guide, "Configure instance
// permissions").
constexpr std::array kForSsm{":iam::aws:policy/AmazonSSMManagedInstanceCore",
                             ":iam::aws:policy/AdministratorAccess"};
constexpr std::array kSsmActions{"ssm:UpdateInstanceInformation",
                                 "ssmmessages:CreateControlChannel"};

bool names(const Term& term, const std::string& resource) {
  if (term.resource == resource) return true;
  const auto within = [&](const Term& one) { return names(one, resource); };
  return std::any_of(term.items.begin(), term.items.end(), within) ||
         std::any_of(term.members.begin(), term.members.end(),
                     [&](const auto& member) { return within(member.second); });
}

// A statement that takes a right away, or one of which that is not known.
bool may_deny(const Term& term) {
  if (term.is_unknown() || (term.is_text() && term.text == "Deny")) return true;
  return std::any_of(term.items.begin(), term.items.end(), may_deny) ||
         std::any_of(term.members.begin(), term.members.end(),
                     [](const auto& member) { return may_deny(member.second); });
}

bool lets_ssm_work(const Term& policy) {
  return std::any_of(kForSsm.begin(), kForSsm.end(), [&](const char* tail) {
    return policy.is_named() && policy.text.ends_with(tail);
  });
}

}  // namespace

const TemplateResource* TemplateRoles::find(const Term& reference, const char* type) const {
  if (reference.resource.empty()) return nullptr;
  for (const TemplateResource& one : resources_) {
    if (one.id == reference.resource && one.type == type) return &one;
  }
  return nullptr;
}

void TemplateRoles::add_profile(const std::string& name, const Term& role) {
  const bool known = std::any_of(profiles_.begin(), profiles_.end(),
                                 [&](const AccountProfile& one) { return one.arn == name; });
  if (known) return;
  AccountProfile profile{.arn = name};
  if (role.is_named()) profile.role = role.resource.empty() ? role.text : role.resource;
  if (role.is_unknown()) profile.role = role.text;
  profiles_.push_back(std::move(profile));
}

std::optional<std::string> TemplateRoles::profile_of(const TemplateLaunch& launch) {
  const Term described = launch.data.at("IamInstanceProfile");
  Term profile = described.at("Arn");
  if (profile.is_nothing()) profile = described.at("Name");
  if (profile.is_nothing() && !launch.role.is_nothing()) {
    const std::string name = "the profile that EKS makes of " + launch.role.text;
    add_profile(name, launch.role);
    return name;
  }
  if (profile.is_nothing() && !launch.is_used) {
    return "that of whoever launches by " + launch.id;
  }
  if (profile.is_nothing()) return std::nullopt;
  const TemplateResource* made = find(profile, kProfileType);
  if (made == nullptr) return profile.text;
  const Term roles = made->properties.at("Roles");
  add_profile(made->id, roles.items.empty() ? roles : roles.items.front());
  return made->id;
}

// By a boundary, or by what a policy may deny.
bool TemplateRoles::is_limited(const TemplateResource& role) const {
  if (!role.may_miss.empty() || !role.properties.at("PermissionsBoundary").is_nothing()) {
    return true;
  }
  if (may_deny(role.properties.at("Policies"))) return true;
  return std::any_of(resources_.begin(), resources_.end(), [&](const TemplateResource& one) {
    const bool policy = one.type == "AWS::IAM::Policy" || one.type == "AWS::IAM::ManagedPolicy" ||
                        one.type == "AWS::IAM::RolePolicy";
    if (!policy) return false;
    const Term roles = one.properties.at("Roles");
    const bool of_role = names(roles, role.id) || names(one.properties.at("RoleName"), role.id) ||
                         names(role.properties.at("ManagedPolicyArns"), one.id);
    return of_role && may_deny(one.properties.at("PolicyDocument"));
  });
}

// What other policies let it do is not read: no right is missing for certain, unless it has none.
void TemplateRoles::add_rights(const std::string& role, AccountFacts& facts) const {
  const TemplateResource* made = find(Term::of_resource(role, ""), kRoleType);
  if (made == nullptr || is_limited(*made)) return;
  const Term policies = made->properties.at("ManagedPolicyArns");
  const bool may = std::any_of(policies.items.begin(), policies.items.end(), lets_ssm_work);
  if (!may) return;
  for (const char* action : kSsmActions) facts.rights.push_back({role, action, "*", "allowed"});
}

void TemplateRoles::put_into(AccountFacts& facts) const {
  std::set<std::string> roles;
  for (const AccountProfile& profile : profiles_) {
    if (profile.role) roles.insert(*profile.role);
  }
  for (const std::string& role : roles) add_rights(role, facts);
  facts.profiles = profiles_;
}

}  // namespace efa
