#include "probes/account/ip_views.h"

namespace efa {
namespace {

constexpr int kSsh = 22;
constexpr int kHttps = 443;

bool is_from_everywhere(const AccountRule& rule) {
  return rule.cidr4 == "0.0.0.0/0" || rule.cidr6 == "::/0";
}

// What people write to have no rule: AWS's default of all addresses stands until there is another.
bool leads_nowhere(const AccountRule& rule) {
  return rule.cidr4 && (rule.cidr4->starts_with("127.") || *rule.cidr4 == "255.255.255.255/32");
}

void look_in(const Rules::Row& row, IpView& view) {
  const AccountRule& rule = *row.rule;
  if (!covers_tcp(rule, kSsh)) return;
  if (is_from_everywhere(rule)) view.open = row;
  if (rule.prefix_list) view.listed = row;
}

void look_out(const Rules::Row& row, const GroupIds& groups, IpView& view) {
  const AccountRule& rule = *row.rule;
  if (!covers_tcp(rule, kHttps) || leads_nowhere(rule)) return;
  if (rule.cidr4 || rule.cidr6 || rule.prefix_list) view.leads_out = true;
  if (rule.peer && !contains(groups, rule.peer->id)) view.elsewhere = row;
}

}  // namespace

// No ports, or -1 (as for protocols that have none), are all.
bool covers_tcp(const AccountRule& rule, int port) {
  if (is_for_all_protocols(rule)) return true;
  if (rule.protocol != "tcp" && rule.protocol != "6") return false;
  const int first = rule.from.value_or(-1);
  const int last = rule.to.value_or(-1);
  return first < 0 || (first <= port && port <= last);
}

const IpView& IpViews::of(const GroupIds& groups) {
  const auto found = views_.find(groups);
  if (found != views_.end()) return found->second;
  return views_.emplace(groups, look_at(groups)).first->second;
}

const IpView& IpViews::of_nothing() {
  static const IpView kNothing;
  return kNothing;
}

IpView IpViews::look_at(const GroupIds& groups) const {
  IpView view;
  view.complete = rules_.are_complete(groups);
  for (const Rules::Row& row : rules_.rows(groups, Direction::kIn)) look_in(row, view);
  for (const Rules::Row& row : rules_.rows(groups, Direction::kOut)) look_out(row, groups, view);
  return view;
}

}  // namespace efa
