// The instances that a template launches, as AWS's API would tell of them. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "probes/account/facts.h"
#include "probes/template/groups.h"
#include "probes/template/launches.h"
#include "probes/template/places.h"

namespace efa {

class TemplateNodes {
 public:
  TemplateNodes(const std::vector<TemplateResource>& resources, TemplateGroups& groups);

  void add(const TemplateLaunch& launch, const std::optional<std::string>& profile);
  // There are more than are kept.
  [[nodiscard]] bool left_out() const { return left_out_; }
  // Puts instances and their volumes there. Zones and VPCs of which nobody knows whether they are
  // the same are left out.
  void put_into(AccountFacts& facts);

 private:
  // An instance with what is still to be compared with the others'.
  struct Draft {
    AccountInstance instance;
    Term zone;
    Term vpc;
    bool has_efa = false;
  };

  void add_one(const TemplateLaunch& launch, const std::string& id, const Term& type,
               const Term& zone);
  void add_interfaces(const TemplateLaunch& launch, Draft& draft);
  void add_plain_interface(const TemplateLaunch& launch, Draft& draft);
  void add_interface(const TemplateLaunch& launch, const Term& described, size_t number,
                     Draft& draft);
  [[nodiscard]] Term completed(const Term& described) const;
  [[nodiscard]] Term subnets_of(const TemplateLaunch& launch) const;
  [[nodiscard]] std::vector<Term> zones_of(const TemplateLaunch& launch) const;
  [[nodiscard]] Term vpc_of(const Term& subnet, const Term& groups) const;
  void add_placement(const TemplateLaunch& launch, AccountInstance& instance) const;
  void add_volume(const TemplateLaunch& launch, AccountInstance& instance);
  [[nodiscard]] std::string name_of(const Term& reference, const char* type) const;

  std::map<std::string, const TemplateResource*> resources_;
  TemplateGroups& groups_;
  TemplatePlaces places_;
  std::vector<Draft> drafts_;
  size_t interfaces_ = 0;
  bool left_out_ = false;
  std::vector<AccountVolume> volumes_;
  std::optional<std::string> profile_;  // of the launch that is added
};

}  // namespace efa
