// Judges what each instance exposes and reaches by IP, and its metadata service.

#include <fmt/core.h>

#include <algorithm>

#include "probes/account/exposure_checks.h"
#include "probes/account/fleet.h"
#include "probes/account/group_words.h"
#include "probes/account/ip_views.h"
#include "probes/judging/findings.h"

namespace efa {
namespace {

constexpr const char* kRulesSource = "ec2:DescribeSecurityGroupRules";

std::string words_of_row(const Rules::Row& row) {
  return fmt::format("{}: {}", row.group->id, words_of(*row.rule));
}

class ExposureJudge {
 public:
  ExposureJudge(const AccountFacts& facts, Findings& findings, const AccountWishes& wishes)
      : facts_(facts), findings_(findings), wishes_(wishes), views_(facts) {}

  void judge(const AccountInstance& instance) {
    judge_imds(instance);
    const std::vector<Seen> seen = addressed(instance);
    if (seen.empty()) {
      for (const Check* check : {&kAccountPort22Open, &kAccountNoIpEgress}) {
        say_without_address(*check, instance);
      }
      return;
    }
    judge_port_22(instance, seen);
    judge_egress(instance, seen);
  }

 private:
  struct Seen {
    const AccountInterface* interface;
    const IpView* view;
  };
  // The interfaces that have addresses: efa-only ones have none.
  std::vector<Seen> addressed(const AccountInstance& instance);
  [[nodiscard]] std::string why_unknown() const;

  void say_without_address(const Check& check, const AccountInstance& instance);
  void judge_port_22(const AccountInstance& instance, const std::vector<Seen>& seen);
  void fail_port_22(const AccountInstance& instance, const Rules::Row& row);
  void judge_egress(const AccountInstance& instance, const std::vector<Seen>& seen);
  void judge_imds(const AccountInstance& instance);

  const AccountFacts& facts_;
  Findings& findings_;
  const AccountWishes& wishes_;
  IpViews views_;
};

std::vector<ExposureJudge::Seen> ExposureJudge::addressed(const AccountInstance& instance) {
  std::vector<Seen> seen;
  for (const AccountInterface& interface : instance.interfaces) {
    if (!interface.type || interface.type == "efa-only") continue;
    seen.push_back({&interface, interface.groups ? &views_.of(sorted(*interface.groups))
                                                 : &IpViews::of_nothing()});
  }
  return seen;
}

std::string ExposureJudge::why_unknown() const {
  const std::string why = why_not_whole(facts_, kRulesSection);
  return "the rules of its groups are not all known" + (why.empty() ? "" : ": " + why);
}

void ExposureJudge::say_without_address(const Check& check, const AccountInstance& instance) {
  if (has_untold_type(instance)) {
    findings_.unknown(check, instance.id, "the type of its interfaces was not told");
  } else {
    findings_.not_applicable(check, instance.id, "no interface with an address was told");
  }
}

void ExposureJudge::judge_port_22(const AccountInstance& instance, const std::vector<Seen>& seen) {
  const Check& check = kAccountPort22Open;
  const auto open =
      std::find_if(seen.begin(), seen.end(), [](const Seen& one) { return one.view->open; });
  const auto listed =
      std::find_if(seen.begin(), seen.end(), [](const Seen& one) { return one.view->listed; });
  const bool complete =
      std::all_of(seen.begin(), seen.end(), [](const Seen& one) { return one.view->complete; });
  if (open != seen.end()) {
    fail_port_22(instance, *open->view->open);
  } else if (!complete || has_untold_type(instance)) {
    findings_.unknown(check, instance.id, why_unknown());
  } else if (listed != seen.end()) {
    findings_.unknown(check, instance.id,
                      words_of_row(*listed->view->listed) + ", whose addresses are not looked at");
  } else {
    findings_.pass(check, instance.id, "no rule lets all addresses in to tcp 22");
  }
}

void ExposureJudge::fail_port_22(const AccountInstance& instance, const Rules::Row& row) {
  const bool is_public = instance.has_public_address == true;
  const Check& check = kAccountPort22Open;
  findings_.fail(weighed(row_of(check), is_public ? check.severity : Severity::kInfo), instance.id,
                 fmt::format("{}; {}", words_of_row(row),
                             is_public                     ? "it has a public address"
                             : instance.has_public_address ? "it has no public IPv4 address"
                                                           : "whether it has a public address is "
                                                             "not known"),
                 {words_of_row(row), "tcp 22 from the addresses that need it", kRulesSource}, {});
}

// Packets leave by the first interface, unless the node's routes say otherwise.
void ExposureJudge::judge_egress(const AccountInstance& instance, const std::vector<Seen>& seen) {
  const Check& check = kAccountNoIpEgress;
  const auto first = std::find_if(seen.begin(), seen.end(), [](const Seen& one) {
    return one.interface->device == 0 && one.interface->card.value_or(0) == 0;
  });
  const auto leads_out = [](const Seen& one) { return one.view->leads_out; };
  const auto elsewhere =
      std::find_if(seen.begin(), seen.end(), [](const Seen& one) { return one.view->elsewhere; });
  const auto out = std::find_if(seen.begin(), seen.end(), leads_out);
  const bool complete =
      std::all_of(seen.begin(), seen.end(), [](const Seen& one) { return one.view->complete; });
  if (first != seen.end() ? leads_out(*first) : std::all_of(seen.begin(), seen.end(), leads_out)) {
    findings_.pass(check, instance.id, "an outbound rule covers tcp 443");
  } else if (out != seen.end()) {
    findings_.unknown(check, instance.id,
                      fmt::format("only {} has an outbound rule that covers tcp 443: whether "
                                  "packets leave by it the node's routes say",
                                  out->interface->id));
  } else if (!complete || has_untold_type(instance)) {
    findings_.unknown(check, instance.id, why_unknown());
  } else if (elsewhere != seen.end()) {
    findings_.unknown(check, instance.id,
                      words_of_row(*elsewhere->view->elsewhere) +
                          ", and nothing else: who is in "
                          "that group is not looked at");
  } else {
    findings_.fail(
        weighed(row_of(check), wishes_.ssm_is_required ? Severity::kWarning : check.severity),
        instance.id, "no outbound rule covers tcp 443 to addresses, a prefix list or another group",
        {"none", "tcp 443 to addresses of services", kRulesSource}, {});
  }
}

void ExposureJudge::judge_imds(const AccountInstance& instance) {
  const Check& check = kAccountImds;
  const std::string source = "ec2:DescribeInstances";
  if (!instance.imds_enabled) {
    findings_.unknown(check, instance.id, "the options of its metadata service were not told");
  } else if (!*instance.imds_enabled) {
    findings_.fail(check, instance.id, "its metadata service is disabled",
                   {"httpEndpoint disabled", "httpEndpoint enabled", source});
  } else if (!instance.imds_hop_limit) {
    findings_.unknown(check, instance.id, "the hop limit of its metadata service was not told");
  } else if (*instance.imds_hop_limit < 2) {
    findings_.fail(weighed(row_of(check), Severity::kInfo), instance.id,
                   "the hop limit of its metadata service is 1: containers with a network of their "
                   "own do not reach it",
                   {"hop limit 1", "hop limit 2 where containers ask", source}, {});
  } else {
    findings_.pass(check, instance.id, "its metadata service answers, in containers too");
  }
}

}  // namespace

void judge_account_exposure(const AccountFacts& facts, Findings& findings,
                            const AccountWishes& wishes) {
  ExposureJudge judge(facts, findings, wishes);
  for (const AccountInstance& instance : facts.instances) judge.judge(instance);
}

}  // namespace efa
