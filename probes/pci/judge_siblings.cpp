// Judges the NUMA node and the regions of an EFA device beside those of its siblings. What a device
// of its id should have is not known: only what more than half of them have is a measure.
// Interface: Documentation/ABI/testing/sysfs-bus-pci.

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "probes/base/text.h"
#include "probes/pci/checks.h"
#include "probes/pci/siblings.h"

namespace efa {
namespace {

using Sizes = std::vector<uint64_t>;

template <class Is>
size_t count_siblings(const PciFacts& facts, const std::string& id, const Is& is) {
  return static_cast<size_t>(
      std::count_if(facts.efa.begin(), facts.efa.end(),
                    [&](const PciFunction& one) { return one.device == id && is(one); }));
}

// Those of more than half of the devices of that id whose regions were read; empty: of no such.
Sizes usual_sizes(const PciFacts& facts, const std::string& id) {
  std::map<Sizes, size_t> counts;
  size_t all = 0;
  for (const PciFunction& function : facts.efa) {
    if (function.device != id || function.bar_sizes.empty()) continue;
    ++counts[function.bar_sizes];
    ++all;
  }
  for (const auto& [sizes, count] : counts) {
    if (2 * count > all) return sizes;
  }
  return {};
}

std::string words_of_sizes(const Sizes& sizes) {
  std::vector<std::string> words;
  for (const uint64_t size : sizes) words.push_back(std::to_string(size));
  return join(words, " ");
}

uint64_t size_at(const Sizes& sizes, size_t i) {
  return i < sizes.size() ? sizes[i] : 0;
}

// "BAR 2 is not assigned, BAR 4 has 8192 bytes instead of 4096"
std::string differences(const Sizes& sizes, const Sizes& usual) {
  std::vector<std::string> words;
  for (size_t i = 0; i < std::max(sizes.size(), usual.size()); ++i) {
    const uint64_t is = size_at(sizes, i);
    const uint64_t of_others = size_at(usual, i);
    if (is == of_others) continue;
    words.push_back(is == 0 ? fmt::format("BAR {} is not assigned", i)
                            : fmt::format("BAR {} has {} bytes instead of {}", i, is, of_others));
  }
  return join(words, ", ");
}

bool lacks_one(const Sizes& sizes, const Sizes& usual) {
  for (size_t i = 0; i < usual.size(); ++i) {
    if (usual[i] > 0 && size_at(sizes, i) == 0) return true;
  }
  return false;
}

}  // namespace

void judge_numa_node(const PciFacts& facts, const PciFunction& function, Findings& findings) {
  const Check& check = kPciNumaNodeMissing;
  const std::string subject = function.address.to_text();
  const std::string path = "/sys/bus/pci/devices/" + subject + "/numa_node";
  if (const Unseen* unseen = function.numa_node.unreadable()) {
    findings.unknown(check, subject, unseen->what + ": " + unseen->reason);
    return;
  }
  if (function.numa_node) {
    const std::string node = std::to_string(*function.numa_node);
    findings.pass(check, subject, "is on NUMA node " + node, {node, "a node", path});
    return;
  }
  const size_t with = count_siblings(
      facts, function.device, [](const PciFunction& one) { return one.numa_node.has_value(); });
  const size_t without = count_siblings(facts, function.device, [](const PciFunction& one) {
    return !one.numa_node && one.numa_node.unreadable() == nullptr;
  });
  if (with > without) {
    findings.fail(check, subject,
                  fmt::format("the kernel knows no NUMA node of it, and one of {} siblings", with),
                  {"-1", "a node", path});
  } else {
    findings.not_applicable(check, subject, "most of its kind have no NUMA node either");
  }
}

void judge_bars(const PciFacts& facts, const PciFunction& function, Findings& findings) {
  const std::string subject = function.address.to_text();
  const Sizes& sizes = function.bar_sizes;
  const Sizes usual = usual_sizes(facts, function.device);
  if (sizes.empty() && usual.empty()) return;
  const Evidence evidence{words_of_sizes(sizes), words_of_sizes(usual),
                          "/sys/bus/pci/devices/" + subject + "/resource"};
  if (usual.empty()) {
    findings.not_applicable(kPciBarsDiffer, subject, "no regions are those of most of its kind");
  } else if (sizes.empty()) {
    findings.unknown(kPciBarsDiffer, subject, "its regions could not be read", evidence);
  } else if (sizes == usual) {
    findings.pass(kPciBarsDiffer, subject, "its regions are those of its siblings", evidence);
  } else {
    findings.fail(lacks_one(sizes, usual) ? kPciBarsDiffer : kPciBarSizesDiffer, subject,
                  differences(sizes, usual), evidence);
  }
}

}  // namespace efa
