// Judges the interfaces of each instance: whether they are EFA, how many, and where they are.

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <optional>

#include "probes/account/fleet.h"
#include "probes/account/instance_checks.h"
#include "probes/base/text.h"
#include "probes/judging/findings.h"

namespace efa {
namespace {

constexpr const char* kInstancesSource = "ec2:DescribeInstances";

int count_efa(const AccountInstance& instance) {
  return static_cast<int>(efa_interfaces(instance).size());
}

// The least count of a type that has all of its bandwidth, where that is not its maximum: 4 x 400
// or 8 x 200 Gb/s, of 16 interfaces that the API allows (EC2 User Guide, "EFA for accelerated
// instances").
std::optional<int> least_whole(const std::string& type) {
  if (type == "p6e-gb200.36xlarge") return 4;
  return std::nullopt;
}

class InterfacesJudge {
 public:
  InterfacesJudge(const AccountFacts& facts, Findings& findings)
      : facts_(facts), findings_(findings) {
    for (const AccountInstance& one : facts.instances) {
      if (!one.type) continue;
      int& most = most_of_type_[*one.type];
      most = std::max(most, count_efa(one));
    }
  }

  void judge(const AccountInstance& instance) {
    judge_type(instance);
    if (count_efa(instance) == 0) {
      for (const Check* check :
           {&kAccountInterfaceFewer, &kAccountInterfaceLayout, &kAccountTenancy}) {
        findings_.not_applicable(*check, instance.id, "it has no EFA interface");
      }
      return;
    }
    judge_fewer(instance);
    judge_layout(instance);
    judge_tenancy(instance);
  }

 private:
  // That any instance of its type in the fleet has.
  [[nodiscard]] int most_of_type(const AccountInstance& instance) const {
    const auto found = instance.type ? most_of_type_.find(*instance.type) : most_of_type_.end();
    return found == most_of_type_.end() ? 0 : found->second;
  }
  [[nodiscard]] std::optional<int> wanted_by_type(const AccountInstance& instance) const;

  void judge_type(const AccountInstance& instance);
  void judge_fewer(const AccountInstance& instance);
  void judge_layout(const AccountInstance& instance);
  void judge_tenancy(const AccountInstance& instance);

  const AccountFacts& facts_;
  Findings& findings_;
  std::map<std::string, int> most_of_type_;
};

std::optional<int> InterfacesJudge::wanted_by_type(const AccountInstance& instance) const {
  if (!instance.type) return std::nullopt;
  if (const std::optional<int> whole = least_whole(*instance.type)) return whole;
  for (const AccountType& type : facts_.types) {
    if (type.name == *instance.type) return type.most_efa;
  }
  return std::nullopt;
}

void InterfacesJudge::judge_type(const AccountInstance& instance) {
  const Check& check = kAccountInterfaceType;
  const int count = count_efa(instance);
  const int most = most_of_type(instance);
  if (count > 0) {
    findings_.pass(check, instance.id, fmt::format("it has {} of type EFA", count));
  } else if (has_untold_type(instance)) {
    findings_.unknown(check, instance.id, "the type of its interfaces was not told");
  } else if (most > 0) {
    findings_.fail(check, instance.id,
                   fmt::format("none of its {} interfaces is EFA; others of {} in the fleet have "
                               "{}",
                               instance.interfaces.size(), *instance.type, most),
                   {"0", std::to_string(most), kInstancesSource});
  } else {
    findings_.not_applicable(check, instance.id, "nothing says that it is meant to have EFA");
  }
}

void InterfacesJudge::judge_fewer(const AccountInstance& instance) {
  const Check& check = kAccountInterfaceFewer;
  const int count = count_efa(instance);
  const int most = most_of_type(instance);
  const std::optional<int> wanted = wanted_by_type(instance);
  if (has_untold_type(instance)) {
    findings_.unknown(check, instance.id, "the type of some interfaces was not told");
  } else if (count < most) {
    findings_.fail(check, instance.id,
                   fmt::format("{} EFA interfaces; others of {} in the fleet have {}", count,
                               *instance.type, most),
                   {std::to_string(count), std::to_string(most), kInstancesSource});
  } else if (!wanted) {
    findings_.unknown(check, instance.id,
                      "how many its type can have is not known: " +
                          (is_whole(facts_, kTypesSection) ? std::string("AWS did not tell")
                                                           : why_not_whole(facts_, kTypesSection)));
  } else if (count < *wanted) {
    findings_.fail(check, instance.id,
                   fmt::format("{} EFA interface{}; {} can have {}", count, count == 1 ? "" : "s",
                               *instance.type, *wanted),
                   {std::to_string(count), std::to_string(*wanted), "ec2:DescribeInstanceTypes"});
  } else {
    findings_.pass(check, instance.id, fmt::format("it has {} EFA interfaces", count));
  }
}

// What is wrong with an interface's place, for people; "" when nothing is.
std::string misplaced(const AccountInterface& interface,
                      std::map<int, const AccountInterface*>& on_card) {
  if (interface.status && *interface.status != "attached") {
    return fmt::format("{} is {}", interface.id, interface.status->to_text());
  }
  if (interface.type == "efa-only" && interface.card.value_or(0) == 0 && interface.device == 0) {
    return interface.id + " is efa-only and device 0 of card 0, which needs an address";
  }
  if (!interface.card) return "";
  const auto [place, added] = on_card.try_emplace(*interface.card, &interface);
  if (added) return "";
  return fmt::format("{} and {} are on card {}", place->second->id, interface.id, *interface.card);
}

void InterfacesJudge::judge_layout(const AccountInstance& instance) {
  const Check& check = kAccountInterfaceLayout;
  const std::vector<const AccountInterface*> interfaces = efa_interfaces(instance);
  std::vector<std::string> wrong;
  std::map<int, const AccountInterface*> on_card;
  bool told = true;
  for (const AccountInterface* interface : interfaces) {
    const std::string words = misplaced(*interface, on_card);
    if (!words.empty() && wrong.size() < 4) wrong.push_back(words);  // enough to see the pattern
    told = told && interface->status && (interface->card || interfaces.size() == 1);
  }
  if (!wrong.empty()) {
    findings_.fail(check, instance.id, join(wrong, "; "),
                   {join(wrong, "; "), "a network card for each, all attached", kInstancesSource});
  } else if (!told) {
    findings_.unknown(check, instance.id, "the network cards of its interfaces were not told");
  } else {
    findings_.pass(check, instance.id, "each is attached to a network card of its own");
  }
}

void InterfacesJudge::judge_tenancy(const AccountInstance& instance) {
  constexpr const char* kDefaultOnly[] = {"c7g.16xlarge", "m7g.16xlarge", "r7g.16xlarge"};
  const Check& check = kAccountTenancy;
  if (!instance.type) {
    findings_.unknown(check, instance.id, "its type was not told");
  } else if (!is_one_of(*instance.type, kDefaultOnly)) {
    findings_.not_applicable(check, instance.id, "its type has EFA with any tenancy");
  } else if (!instance.tenancy) {
    findings_.unknown(check, instance.id, "its tenancy was not told");
  } else if (*instance.tenancy != "default") {
    findings_.fail(check, instance.id,
                   fmt::format("{} with tenancy {}", *instance.type, *instance.tenancy),
                   {*instance.tenancy, "default", kInstancesSource});
  } else {
    findings_.pass(check, instance.id, "it has default tenancy");
  }
}

}  // namespace

void judge_account_interfaces(const AccountFacts& facts, Findings& findings) {
  InterfacesJudge judge(facts, findings);
  for (const AccountInstance& instance : facts.instances) judge.judge(instance);
}

}  // namespace efa
