// What roles of a template may do, as far as AWS's managed policies say it (AWS::IAM::Role,
// InstanceProfile, Policy, ManagedPolicy). Pure.
#pragma once

#include <string>
#include <vector>

#include "probes/account/facts.h"
#include "probes/template/launches.h"
#include "probes/template/stack.h"

namespace efa {

class TemplateRoles {
 public:
  explicit TemplateRoles(const std::vector<TemplateResource>& resources) : resources_(resources) {}

  // The instance profile that nodes of that launch get; nothing when they get none. What is not
  // known has its words.
  std::optional<std::string> profile_of(const TemplateLaunch& launch);
  // Puts the profiles that were asked for there, and what their roles may.
  void put_into(AccountFacts& facts) const;

 private:
  [[nodiscard]] const TemplateResource* find(const Term& reference, const char* type) const;
  void add_profile(const std::string& name, const Term& role);
  [[nodiscard]] bool is_limited(const TemplateResource& role) const;
  void add_rights(const std::string& role, AccountFacts& facts) const;

  const std::vector<TemplateResource>& resources_;
  std::vector<AccountProfile> profiles_;
};

}  // namespace efa
