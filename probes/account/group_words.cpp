#include "probes/account/group_words.h"

#include <fmt/core.h>

#include "probes/base/text.h"

namespace efa {
namespace {

std::string ports_of(const AccountRule& rule) {
  if (!rule.from || !rule.to || *rule.from < 0) return "";
  if (*rule.from == *rule.to) return fmt::format(" {}", *rule.from);
  return fmt::format(" {}-{}", *rule.from, *rule.to);
}

std::string peer_of(const AccountRule& rule) {
  if (rule.peer) return rule.peer->id;
  if (rule.cidr4) return *rule.cidr4;
  if (rule.cidr6) return *rule.cidr6;
  return rule.prefix_list.value_or("a peer that was not told");
}

bool is_shell_word(const std::string& text) {
  return !text.empty() && text.front() != '-' && is_made_of(text, "-");
}

}  // namespace

std::string words_of(const GroupIds& groups) {
  return join(groups, " and ");
}

std::string words_of(const std::vector<const AccountInterface*>& interfaces) {
  if (interfaces.size() == 1) return interfaces.front()->id;
  return fmt::format("{} EFA interfaces", interfaces.size());
}

std::string words_of(const AccountRule& rule) {
  return fmt::format("{}{} {} {}", is_for_all_protocols(rule) ? "all" : rule.protocol,
                     is_for_all_protocols(rule) ? "" : ports_of(rule), rule.egress ? "to" : "from",
                     peer_of(rule));
}

std::string words_of(const std::vector<Rules::Row>& rows) {
  constexpr size_t kMost = 8;
  if (rows.empty()) return "none";
  std::string text;
  const AccountGroup* group = nullptr;
  for (size_t i = 0; i < rows.size() && i < kMost; ++i) {
    const bool first = rows[i].group != group;
    group = rows[i].group;
    if (i > 0) text += first ? "; " : ", ";
    if (first) text += group->id + ": ";
    text += words_of(*rows[i].rule);
  }
  if (rows.size() > kMost) text += fmt::format(" and {} more", rows.size() - kMost);
  return text;
}

ShellCommand command_for(const std::string& group, Direction direction, const std::string& region) {
  if (!is_shell_word(group)) return {};
  return {fmt::format("aws ec2 authorize-security-group-{}{} --group-id {{}} --ip-permissions "
                      "\"IpProtocol=-1,UserIdGroupPairs=[{{GroupId={{}}}}]\"",
                      direction == Direction::kOut ? "egress" : "ingress",
                      is_shell_word(region) ? " --region " + region : ""),
          group};
}

}  // namespace efa
