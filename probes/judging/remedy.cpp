#include "probes/judging/remedy.h"

#include <fmt/core.h>

#include <algorithm>

#include "probes/base/text.h"
#include "probes/judging/installer.h"
#include "probes/judging/site_probe.h"
#include "probes/protocol/pci_address.h"

namespace efa {
namespace {

constexpr std::string_view kSudo = "sudo ";

bool has(std::string_view text, std::string_view word) {
  return text.find(word) != std::string_view::npos;
}

// A word that a shell takes as it is: a redacted recording holds names of any kind.
bool is_id(const std::string& text) {
  return !text.empty() && is_made_of(text, "-");
}

// On Nitro the asset tag of DMI is the id too, and is there where the metadata service is not.
std::string instance_of(const CloudFacts& cloud) {
  if (cloud.instance_id && is_id(*cloud.instance_id)) return *cloud.instance_id;
  const std::string tag = cloud.dmi_asset_tag.value_or("");
  return tag.starts_with("i-") && is_id(tag) ? tag : "";
}

// "" when the instance is not known: with a blank it does not run. Without --region the command
// line's own holds.
std::string for_instance(const CloudFacts& cloud, const std::string& command) {
  const std::string region = cloud.region.value_or("");
  std::string there =
      replaced(command, " --region REGION", is_id(region) ? " --region " + region : "");
  if (!has(there, "INSTANCE_ID")) return there;
  const std::string instance = instance_of(cloud);
  return instance.empty() ? "" : replaced(there, "INSTANCE_ID", instance);
}

// Whoever describes the container mends it; of what is done to the machine it is said where.
void fit_container(Finding& finding) {
  if (!finding.check->in_container.empty()) {
    finding.remedy = finding.check->in_container;
    finding.command = {};
    finding.drain_first = false;
  } else if (has(finding.command.text, kSudo)) {
    finding.remedy = fmt::format("On the node, not in this container: {}", finding.remedy_text());
  }
}

// Its root shell (sheltie) has no sudo.
void fit_bottlerocket(Finding& finding) {
  if (!finding.check->on_bottlerocket.empty()) {
    finding.remedy = finding.check->on_bottlerocket;
    finding.command = {};
  }
  finding.command.text = replaced(finding.command.text, kSudo, "");
}

// Bottlerocket (EKS Auto, Standard) 2026.9.14 (aws-k8s-1.36-standard)
bool is_auto_mode(const std::string& os) {
  return has(os, "(EKS Auto");
}

// Nobody logs in, and IAM lets nobody change the instance or its interfaces (AWS's "Security
// Overview of EKS Auto Mode"). A node is deleted, and a new one launched.
void fit_auto_mode(const CloudFacts& cloud, Finding& finding) {
  const Check& check = *finding.check;
  const std::string_view other =
      check.in_auto_mode.empty() ? check.in_container : check.in_auto_mode;
  const bool of_job = check.actor == Actor::kJobOwner;
  const bool asks_aws = finding.command.text.starts_with("aws ");
  if (!of_job) finding.drain_first = false;
  if (!asks_aws || !other.empty()) finding.command = {};
  if (!other.empty()) {
    finding.remedy = other;
  } else if (check.severity == Severity::kInfo && !of_job && !asks_aws) {
    finding.remedy = "Nothing: EKS Auto Mode lets nobody change this on its nodes.";
  } else if (!of_job && check.actor != Actor::kAccountOwner) {
    finding.remedy =
        "Delete the node from the cluster: EKS Auto Mode drains it and launches another, of its "
        "newest image. If that has the same fault, give AWS Support the report.";
    finding.command = {for_instance(cloud, "kubectl delete node INSTANCE_ID"), ""};
  }
}

void complete(const Node& node, Finding& finding) {
  if (is_site_code(finding.check->code)) return;  // the site's own words
  const std::string os = node.kernel.facts.os.value_or("");
  const bool judges_own = !finding.command.text.empty() && !runs_installer(finding.command);
  if (finding.command.text.empty()) finding.command.text = finding.check->command;
  finding.command.text = for_instance(node.cloud.facts, finding.command.text);
  finding.drain_first = finding.check->drain_first;
  if (node.limits.facts.container) {
    fit_container(finding);
  } else if (is_auto_mode(os)) {
    fit_auto_mode(node.cloud.facts, finding);
  } else if (has(os, "Bottlerocket")) {
    fit_bottlerocket(finding);
  } else {
    fit_installer(os, judges_own, finding);
  }
}

// What one command is for.
struct Loop {
  std::string text;
  std::vector<std::string> of;
};

// What all addresses share is said once, so that the command for 32 devices can be read: of
// "0000:4f:00.0" and "0000:50:00.0" it is "0000:" and ":00.0".
void say_once(std::vector<std::string>& addresses, std::string& each) {
  constexpr size_t kFew = 4;
  constexpr size_t kDomain = 5;  // "0000:"
  constexpr size_t kSlot = 5;    // ":00.0"
  const bool many = addresses.size() > kFew;
  if (!many || !PciAddress::from_text(addresses.front())) return;
  const std::string domain = addresses.front().substr(0, kDomain);
  const std::string slot = addresses.front().substr(addresses.front().size() - kSlot);
  const bool alike = std::all_of(addresses.begin(), addresses.end(), [&](const auto& address) {
    return PciAddress::from_text(address) && address.starts_with(domain) && address.ends_with(slot);
  });
  if (!alike) return;
  each = domain + "${d}" + slot;
  for (std::string& address : addresses) {
    address = address.substr(kDomain, address.size() - kDomain - kSlot);
  }
}

std::string command_of(const Loop& loop) {
  if (loop.of.empty()) return loop.text;
  if (loop.of.size() == 1) return replaced(loop.text, "{}", loop.of.front());
  std::vector<std::string> of = loop.of;
  std::string each = "$d";
  say_once(of, each);
  return fmt::format("for d in {}; do {}; done", join(of, " "), replaced(loop.text, "{}", each));
}

void add(const ShellCommand& command, std::vector<Loop>& loops) {
  if (command.text.empty()) return;
  auto loop = std::find_if(loops.begin(), loops.end(), [&](const Loop& one) {
    return one.text == command.text && one.of.empty() == command.of.empty();
  });
  if (loop == loops.end()) loop = loops.insert(loops.end(), {command.text, {}});
  const bool known = std::find(loop->of.begin(), loop->of.end(), command.of) != loop->of.end();
  if (!command.of.empty() && !known) loop->of.push_back(command.of);
}

}  // namespace

void complete_remedies(const Node& node, std::vector<Finding>& findings) {
  for (Finding& finding : findings) {
    if (finding.result == FindingResult::kFail) {
      complete(node, finding);
    } else {
      finding.command.text = for_instance(node.cloud.facts, finding.command.text);
    }
  }
}

std::vector<std::string> commands_of(const std::vector<const Finding*>& findings) {
  std::vector<Loop> loops;
  for (const Finding* finding : findings) add(finding->command, loops);
  std::vector<std::string> commands;
  for (const Loop& loop : loops) commands.push_back(command_of(loop));
  return commands;
}

std::string command_of(const Finding& finding) {
  const std::vector<std::string> commands = commands_of({&finding});
  return commands.empty() ? "" : commands.front();
}

}  // namespace efa
