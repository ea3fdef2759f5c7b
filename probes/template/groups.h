// Security groups of a template and their rules (AWS::EC2::SecurityGroup, SecurityGroupIngress,
// SecurityGroupEgress), and the groups that interfaces name. Pure.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "probes/account/facts.h"
#include "probes/template/stack.h"

namespace efa {

class TemplateGroups {
 public:
  explicit TemplateGroups(const std::vector<TemplateResource>& resources);

  // The ids of the groups that an interface of `of` names. `vpc`: whose default group it is in
  // when it names none.
  std::vector<std::string> ids_of(const Term& groups, const std::string& of, const Term& vpc);
  // The VPC of a group of the template; else nothing.
  [[nodiscard]] Term vpc_of(const Term& group) const;
  // AWS refuses the template: none of its rules will be there.
  void refuse();

  [[nodiscard]] std::vector<AccountGroup> groups() const;
  // Why not all rules of that group are known; "" when they are.
  [[nodiscard]] std::string why_incomplete(const std::string& group) const;

 private:
  struct Known {
    AccountGroup group;
    std::string why;  // it is incomplete
    Term vpc;
  };

  void add_group(const TemplateResource& resource);
  void add_rules(const Term& rules, bool egress, const std::string& group,
                 const std::string& resource);
  void add_rule(const Term& rule, bool egress, const std::string& group,
                const std::string& resource);
  void add_separate(const TemplateResource& resource);
  void set_peer(const Term& rule, AccountRule& made, const std::string& group,
                const std::string& resource);
  std::string id_of(const Term& group, const std::string& of);
  Known& known(const std::string& id);
  void add_default_group(const std::string& id, const std::string& vpc);
  void doubt(const std::string& group, const std::string& why);

  std::map<std::string, const TemplateResource*> resources_;
  std::map<std::string, Known> groups_;
  std::map<std::string, bool> has_own_egress_;  // rules out that are resources of their own
  std::set<std::string> has_inline_;            // of Terraform, which rules of their own overwrite
  bool restricts_default_ = false;  // a custom resource of CDK empties the VPC's default group
};

}  // namespace efa
