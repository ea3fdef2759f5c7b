#include "probes/account/fleet.h"

#include <algorithm>
#include <set>

namespace efa {
namespace {

bool are_told(const AccountInterface& interface) {
  return interface.groups && !interface.groups->empty();
}

}  // namespace

GroupIds sorted(const std::vector<SharedText>& shared) {
  GroupIds groups(shared.begin(), shared.end());
  std::sort(groups.begin(), groups.end());
  groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
  return groups;
}

bool is_instance_of(const AccountFacts& facts, const std::string& id) {
  return std::any_of(facts.instances.begin(), facts.instances.end(),
                     [&](const AccountInstance& one) { return one.id == id; });
}

bool is_efa(const AccountInterface& interface) {
  return interface.type == "efa" || interface.type == "efa-only";
}

std::vector<const AccountInterface*> efa_interfaces(const AccountInstance& instance) {
  std::vector<const AccountInterface*> interfaces;
  for (const AccountInterface& interface : instance.interfaces) {
    if (is_efa(interface)) interfaces.push_back(&interface);
  }
  return interfaces;
}

bool does_not_run(const AccountInstance& instance) {
  return instance.state && *instance.state != "running";
}

bool has_untold_type(const AccountInstance& instance) {
  return std::any_of(instance.interfaces.begin(), instance.interfaces.end(),
                     [](const AccountInterface& one) { return !one.type; });
}

std::map<GroupIds, std::vector<const AccountInterface*>> sets_of(const AccountInstance& instance) {
  std::map<GroupIds, std::vector<const AccountInterface*>> sets;
  for (const AccountInterface* interface : efa_interfaces(instance)) {
    if (are_told(*interface)) sets[sorted(*interface->groups)].push_back(interface);
  }
  return sets;
}

Fleet::Fleet(const AccountFacts& facts) : whole(is_whole(facts, kInstancesSection)) {
  std::set<std::string> all;
  for (const AccountInstance& instance : facts.instances) {
    size_t told = 0;
    for (const auto& [groups, interfaces] : sets_of(instance)) {
      told += interfaces.size();
      sets[groups].interfaces += interfaces.size();
      ++sets[groups].instances;
      all.insert(groups.begin(), groups.end());
    }
    const size_t efa = efa_interfaces(instance).size();
    instances += efa > 0 ? 1 : 0;
    whole = whole && told == efa && !has_untold_type(instance);
  }
  held = {all.begin(), all.end()};
}

}  // namespace efa
