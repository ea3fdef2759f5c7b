// Judges whether security groups let EFA through between the interfaces of a fleet.

#include <fmt/core.h>

#include <algorithm>

#include "probes/account/group_checks.h"
#include "probes/account/group_views.h"
#include "probes/account/group_words.h"
#include "probes/judging/findings.h"

namespace efa {
namespace {

constexpr const char* kSource = "ec2:DescribeSecurityGroupRules";

using Interfaces = std::vector<const AccountInterface*>;

class GroupsJudge {
 public:
  GroupsJudge(const AccountFacts& facts, Findings& findings)
      : facts_(facts), findings_(findings), views_(facts) {}

  void judge(const AccountInstance& instance);

 private:
  // An instance's sets of groups, and whether those of all its EFA interfaces are known.
  struct Looked {
    std::string subject;
    std::map<GroupIds, Interfaces> sets;
    bool told = true;
  };

  [[nodiscard]] Allowed passes(const Looked& looked) const;
  [[nodiscard]] std::string why_unknown(const Looked& looked) const;

  void say_without_efa(const Looked& looked);
  void judge_direction(const Check& check, const Looked& looked, Direction direction);
  void fail_direction(const Check& check, const Looked& looked, Direction direction,
                      const GroupIds& groups, const Interfaces& interfaces);
  [[nodiscard]] std::string group_to_mend(const GroupIds& groups, Direction direction) const;
  void judge_undocumented(const Looked& looked);
  void judge_differs(const Looked& looked);
  void judge_protocol(const Looked& looked);
  [[nodiscard]] const AccountRule* rule_of_one_protocol(const GroupIds& groups,
                                                        Direction direction) const;

  const AccountFacts& facts_;
  Findings& findings_;
  GroupViews views_;
};

std::string GroupsJudge::why_unknown(const Looked& looked) const {
  if (!looked.told) return "the groups of its EFA interfaces were not told";
  if (!is_whole(facts_, kRulesSection)) {
    return "the rules of its groups are not known: " + why_not_whole(facts_, kRulesSection);
  }
  if (!is_whole(facts_, kInstancesSection)) {
    return "not all instances are known: " + why_not_whole(facts_, kInstancesSection);
  }
  if (!views_.are_compared()) {
    return fmt::format("the fleet has more than {} different sets of groups", GroupViews::kMost);
  }
  return "not all rules of its groups, or not all of its peers, are known";
}

Allowed GroupsJudge::passes(const Looked& looked) const {
  Allowed all = looked.told ? Allowed::kYes : Allowed::kUnknown;
  for (const auto& [groups, interfaces] : looked.sets) {
    all = both(all, views_.of(groups).passes());
  }
  return all;
}

void GroupsJudge::judge_direction(const Check& check, const Looked& looked, Direction direction) {
  bool known = looked.told;
  for (const auto& [groups, interfaces] : looked.sets) {
    const GroupView& view = views_.of(groups);
    const Allowed answer = direction == Direction::kOut ? view.out : view.in;
    if (answer == Allowed::kNo) {
      fail_direction(check, looked, direction, groups, interfaces);
      return;
    }
    known = known && answer == Allowed::kYes;
  }
  if (!known) {
    findings_.unknown(check, looked.subject, why_unknown(looked));
    return;
  }
  findings_.pass(check, looked.subject, "a rule for all protocols between its groups is there");
}

void GroupsJudge::fail_direction(const Check& check, const Looked& looked, Direction direction,
                                 const GroupIds& groups, const Interfaces& interfaces) {
  const bool out = direction == Direction::kOut;
  const std::vector<Rules::Row> rows = views_.rules().rows(groups, direction);
  const bool open = std::any_of(rows.begin(), rows.end(), [](const Rules::Row& row) {
    return is_for_all_protocols(*row.rule) && row.rule->cidr4 == "0.0.0.0/0";
  });
  const std::string group = group_to_mend(groups, direction);
  const std::string message = fmt::format(
      "{} in {}: no {} rule for all protocols {} the group itself{}", words_of(interfaces),
      words_of(groups), out ? "outbound" : "inbound", out ? "to" : "from",
      open ? fmt::format("; the one {} 0.0.0.0/0 does not let EFA through", out ? "to" : "from")
           : "");
  findings_.fail(
      check, looked.subject, message,
      {words_of(rows), fmt::format("all {} {}", out ? "to" : "from", group), kSource},
      is_of_template(facts_) ? ShellCommand{} : command_for(group, direction, facts_.region));
}

// One that refers to itself in the other direction already, else the one that most are in.
std::string GroupsJudge::group_to_mend(const GroupIds& groups, Direction direction) const {
  const Direction other = direction == Direction::kOut ? Direction::kIn : Direction::kOut;
  const auto weight = [&](const std::string& group) {
    size_t interfaces = 0;
    for (const auto& [set, members] : views_.fleet().sets) {
      if (contains(set, group)) interfaces += members.interfaces;
    }
    return std::pair(views_.rules().refers_to_itself(group, other), interfaces);
  };
  return *std::max_element(
      groups.begin(), groups.end(),
      [&](const std::string& a, const std::string& b) { return weight(a) < weight(b); });
}

void GroupsJudge::judge_undocumented(const Looked& looked) {
  const Check& check = kAccountUndocumented;
  if (passes(looked) == Allowed::kNo) {
    findings_.not_applicable(check, looked.subject, "its groups do not let EFA through");
    return;
  }
  bool known = passes(looked) == Allowed::kYes && views_.are_compared();
  for (const auto& [groups, interfaces] : looked.sets) {
    const GroupView& view = views_.of(groups);
    known = known && view.unseen == nullptr;
    if (view.undocumented == nullptr) continue;
    findings_.fail(
        check, looked.subject,
        *view.undocumented == groups
            ? fmt::format("{}: no one group of {} refers to itself in both directions",
                          words_of(interfaces), words_of(groups))
            : fmt::format("{} in {}: reached from {} only by rules that refer to the other's group",
                          words_of(interfaces), words_of(groups), words_of(*view.undocumented)),
        {words_of(views_.rules().rows(groups, Direction::kIn)) + "; " +
             words_of(views_.rules().rows(groups, Direction::kOut)),
         "one group with all from and all to itself", kSource});
    return;
  }
  if (!known) {
    findings_.unknown(check, looked.subject, why_unknown(looked));
    return;
  }
  findings_.pass(check, looked.subject, "a group that refers to itself lets EFA through");
}

void GroupsJudge::judge_differs(const Looked& looked) {
  const Check& check = kAccountDiffers;
  const Fleet& fleet = views_.fleet();
  bool known = looked.told && fleet.whole && views_.are_compared();
  for (const auto& [groups, interfaces] : looked.sets) {
    const GroupView& view = views_.of(groups);
    known = known && view.unseen == nullptr;
    if (view.apart_from == nullptr) continue;
    const size_t others = fleet.sets.at(*view.apart_from).interfaces;
    findings_.fail(check, looked.subject,
                   fmt::format("{} in {}: no group in common with, and no rules for, the {} EFA "
                               "interface{} in {}",
                               words_of(interfaces), words_of(groups), others,
                               others == 1 ? "" : "s", words_of(*view.apart_from)),
                   {words_of(groups), words_of(*view.apart_from), "ec2:DescribeInstances"});
    return;
  }
  if (passes(looked) == Allowed::kNo) {
    findings_.not_applicable(check, looked.subject, "its groups do not let EFA through");
  } else if (looked.told && fleet.whole && fleet.instances == 1 && fleet.sets.size() == 1) {
    findings_.not_applicable(check, looked.subject, "there is no other instance to compare with");
  } else if (!known) {
    findings_.unknown(check, looked.subject, why_unknown(looked));
  } else {
    findings_.pass(check, looked.subject,
                   "its groups are those of the fleet, or have rules for them");
  }
}

const AccountRule* GroupsJudge::rule_of_one_protocol(const GroupIds& groups,
                                                     Direction direction) const {
  for (const Rules::Row& row : views_.rules().rows(groups, direction)) {
    const bool of_peers = row.rule->peer && contains(views_.fleet().held, row.rule->peer->id);
    if (of_peers && !is_for_all_protocols(*row.rule)) return row.rule;
  }
  return nullptr;
}

void GroupsJudge::judge_protocol(const Looked& looked) {
  const Check& check = kAccountProtocol;
  for (const auto& [groups, interfaces] : looked.sets) {
    const GroupView& view = views_.of(groups);
    for (const auto& [answer, direction] :
         {std::pair(view.in, Direction::kIn), std::pair(view.out, Direction::kOut)}) {
      const AccountRule* rule =
          answer == Allowed::kNo ? rule_of_one_protocol(groups, direction) : nullptr;
      if (rule == nullptr) continue;
      findings_.fail(check, looked.subject,
                     fmt::format("{} in {}: {} does not let EFA through", words_of(interfaces),
                                 words_of(groups), words_of(*rule)),
                     {words_of(*rule), "protocol -1", kSource});
      return;
    }
  }
  const Allowed all = passes(looked);
  if (all == Allowed::kUnknown) {
    findings_.unknown(check, looked.subject, why_unknown(looked));
  } else if (all == Allowed::kYes) {
    findings_.pass(check, looked.subject, "the rules between its groups are for all protocols");
  } else {
    findings_.not_applicable(check, looked.subject, "no rule of another protocol is in its place");
  }
}

void GroupsJudge::say_without_efa(const Looked& looked) {
  for (const Check* check : kAccountGroupChecks) {
    if (looked.told) {
      findings_.not_applicable(*check, looked.subject, "it has no EFA interface");
    } else {
      const std::string why = why_not_whole(facts_, kInstancesSection);
      findings_.unknown(
          *check, looked.subject,
          "the type of its interfaces was not told" + (why.empty() ? "" : ": " + why));
    }
  }
}

void GroupsJudge::judge(const AccountInstance& instance) {
  Looked looked{instance.id, sets_of(instance), true};
  size_t told = 0;
  for (const auto& [groups, interfaces] : looked.sets) told += interfaces.size();
  const size_t efa = efa_interfaces(instance).size();
  looked.told = told == efa && !has_untold_type(instance);
  if (efa == 0) {
    say_without_efa(looked);
    return;
  }
  judge_direction(kAccountNoIngress, looked, Direction::kIn);
  judge_direction(kAccountNoEgress, looked, Direction::kOut);
  judge_undocumented(looked);
  judge_differs(looked);
  judge_protocol(looked);
}

}  // namespace

void judge_account_groups(const AccountFacts& facts, Findings& findings) {
  GroupsJudge judge(facts, findings);
  for (const AccountInstance& instance : facts.instances) judge.judge(instance);
}

}  // namespace efa
