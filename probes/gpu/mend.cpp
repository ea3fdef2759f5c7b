#include "probes/gpu/mend.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "probes/base/text.h"
#include "probes/gpu/cause_judge.h"
#include "probes/judging/installer.h"
#include "probes/judging/loaded_driver.h"

namespace efa {
namespace {

constexpr const char* kMayOpen = "may open P2P";

// Drivers and a kernel as this node could have them.
struct Trial {
  GpuFacts facts;
  std::optional<bool> symbols;  // NVIDIA's driver gives efa its calls; nothing: that does not show
};

// What efa was told when it asked; of one that does not ask, by the driver and the kernel.
std::optional<bool> gives_symbols(const Node& node) {
  const GpuFacts& facts = node.gpu.facts;
  if (facts.p2p) return !names_no_provider(facts.p2p);
  const auto nvidia = version_of(facts.modules.nvidia);
  if (facts.nvidia_open == true && nvidia && exports_for_gpl(*nvidia) == true) return true;
  const auto cut = keeps_symbols_back(node);
  return cut ? std::optional(!*cut) : std::nullopt;
}

Trial as_it_is(const Node& node) {
  return {node.gpu.facts, gives_symbols(node)};
}

Trial with_efa(Trial trial, const std::string& version) {
  trial.facts.modules.efa = version;
  return trial;
}

// The repositories have 580 or later: for GPL alone, so that no kernel cuts it off, and with the
// newer page table.
Trial with_open_modules(Trial trial) {
  trial.facts.nvidia_open = true;
  trial.facts.modules.nvidia = "580.65.06";
  trial.symbols = true;
  return trial;
}

// The efa's part of P2P.
bool takes_pages(const GpuFacts& facts) {
  const auto efa = version_of(facts.modules.efa);
  return efa && !is_amazon_linuxs_own(*efa) && is_at_least(*efa, kEfaProviders) &&
         speaks_other_page_table(facts) == false;
}

// "opens P2P"; "" where both ways stay closed.
std::string effect_of(const Trial& trial, const std::optional<TopologyCheck>& grace) {
  const bool p2p = takes_pages(trial.facts);
  if (p2p && trial.symbols == true) return "opens P2P";
  if (nvidia_dmabuf(trial.facts, grace).way == Way::kOpen) return "opens dma-buf";
  return p2p && !trial.symbols ? kMayOpen : "";
}

Mend by_lost_driver(const Node& node, const std::string& efa, const std::string& effect) {
  return {fmt::format("Drain the node and bring back efa {}, which was installed and is not the "
                      "one that is loaded: that {}. Have it built for each kernel of the image.",
                      efa, effect),
          renew_command(node), true};
}

struct Step {
  Trial trial;
  std::string what;
  std::string command;
};

// The easier first.
std::vector<Step> steps_of(const Node& node, const Trial& now) {
  const std::string os = node.kernel.facts.os.value_or("");
  const auto efa = newest_efa_for(os);
  std::vector<Step> steps;
  if (efa) steps.push_back({with_efa(now, *efa), "run the EFA installer", kNewestInstaller});
  if (now.facts.nvidia_open != false) return steps;
  const Trial open = with_open_modules(now);
  const std::string what = "install NVIDIA's open kernel modules (of its package repository)";
  const std::string command = open_modules_command(os);
  steps.push_back({open, what, command});
  if (!efa) return steps;
  const std::string first = replaced(command, " && sudo reboot", "");
  steps.push_back({with_efa(open, *efa), what + " and run the EFA installer",
                   first.empty() ? "" : first + " && " + kNewestInstaller});
  return steps;
}

// Where no driver opens P2P and the kernel has no dma-buf.
Mend by_newer_kernel(const Node& node, Trial trial, const std::optional<TopologyCheck>& grace) {
  const auto kernel = version_of(trial.facts.kernel_release);
  if (!kernel || is_at_least(*kernel, kKernelDmabuf)) return {};
  const bool proprietary = trial.facts.nvidia_open == false;
  if (proprietary) trial = with_open_modules(std::move(trial));
  if (const auto efa = newest_efa_for(node.kernel.facts.os.value_or(""))) {
    trial = with_efa(std::move(trial), *efa);
  }
  trial.facts.kernel_release = "5.16.0";  // from which on the kernel's own efa takes dma-bufs too
  if (nvidia_dmabuf(trial.facts, grace).way != Way::kOpen) return {};
  return {
      fmt::format("Drain the node and boot a kernel of 5.12 or later, with efa 1.16 or later{}: "
                  "that opens dma-buf. This kernel has none, and no driver is known to open "
                  "P2P on it.",
                  proprietary ? " and NVIDIA's open kernel modules" : ""),
      ""};
}

bool knows_neuron(const std::string& efa) {
  const auto version = parse_version(efa);
  return version && !is_amazon_linuxs_own(*version) && is_at_least(*version, kEfaNeuron);
}

}  // namespace

Mend nvidia_mend(const Node& node, const std::optional<TopologyCheck>& grace) {
  const Trial now = as_it_is(node);
  const auto lost = lost_driver(node);
  const std::string back = lost ? effect_of(with_efa(now, *lost), grace) : "";
  if (!back.empty()) return by_lost_driver(node, *lost, back);
  Mend likely;
  for (const Step& step : steps_of(node, now)) {
    const std::string effect = effect_of(step.trial, grace);
    if (effect.empty()) continue;
    Mend mend{fmt::format("Drain the node and {}, in the image too: that {}.", step.what, effect),
              step.command};
    if (effect != kMayOpen) return mend;
    if (likely.remedy.empty()) likely = std::move(mend);
  }
  return likely.remedy.empty() ? by_newer_kernel(node, now, grace) : likely;
}

Mend neuron_mend(const Node& node) {
  const Reading<PeerMemory>& p2p = node.gpu.facts.p2p;
  const bool can = p2p && p2p->attribute == "p2p";  // an efa that knows Neuron
  const auto lost = lost_driver(node);
  if (!can && lost && knows_neuron(*lost)) return by_lost_driver(node, *lost, "opens P2P");
  if (!can && newest_efa_for(node.kernel.facts.os.value_or(""))) {
    return {"Drain the node and run the EFA installer, in the image too: that opens P2P.",
            kNewestInstaller};
  }
  return {
      "Drain the node and boot a kernel of 5.15 or later: the Neuron driver exports dma-bufs "
      "there.",
      ""};
}

Mend pages_mend(const Node& node) {
  const auto lost = lost_driver(node);
  if (!lost || !takes_pages(with_efa(as_it_is(node), *lost).facts)) return {};
  return by_lost_driver(node, *lost, "knows the pages of the NVIDIA driver");
}

bool lost_driver_opens_p2p(const Node& node) {
  const Trial now = as_it_is(node);
  const auto lost = lost_driver(node);
  return lost && takes_pages(with_efa(now, *lost).facts) && now.symbols != false;
}

}  // namespace efa
