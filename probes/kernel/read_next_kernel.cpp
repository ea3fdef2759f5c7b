// The kernel that the boot loader starts next, and whether its modules have efa. Said only where
// files name that kernel: GRUB's environment and configuration, or the link that a distribution
// keeps on its newest kernel. Interface: grub.info (GRUB_DEFAULT, saved_entry, next_entry);
// kernel-install(8) for the names of entries; kernel-img.conf(5) for the links.

#include "probes/kernel/read_next_kernel.h"

#include <algorithm>

#include "probes/base/text.h"
#include "probes/kernel/parse.h"
#include "probes/kernel/read_module.h"

namespace efa {
namespace {

constexpr size_t kLargestModulesDep = size_t{16} * 1024 * 1024;  // modules.dep has 1 MiB

// The last assignment of a file counts. Of its value no more is kept than is needed.
std::optional<std::string> assigned(const Look& look, const std::string& path,
                                    const std::string& name) {
  const auto keep = [&](std::string& line) {
    const auto value = parse_assignment(line, name);
    if (value) line = name + "=" + word_of_entry(*value);
    return value.has_value();
  };
  const auto lines = look.root.read_lines(path, keep, Sysroot::kSmallFile);
  const auto value =
      lines && !lines->empty() ? parse_assignment(lines->back(), name) : std::nullopt;
  return value ? std::optional(word_of_entry(*value)) : std::nullopt;
}

std::optional<std::string> configured_default(const Look& look) {
  constexpr const char* kName = "GRUB_DEFAULT";
  auto chosen = assigned(look, "/etc/default/grub", kName);
  for (const std::string& file : look.root.list("/etc/default/grub.d").value_or({})) {
    if (!file.ends_with(".cfg")) continue;
    if (auto later = assigned(look, "/etc/default/grub.d/" + file, kName)) chosen = later;
  }
  return chosen;
}

struct GrubEnvironment {
  std::string path;
  std::string saved;
  std::string next;  // for one start only
};

GrubEnvironment read_grub_environment(const Look& look) {
  GrubEnvironment environment;
  for (const char* path : {"/boot/grub2/grubenv", "/boot/grub/grubenv"}) {
    environment = {path, assigned(look, path, "saved_entry").value_or(""),
                   assigned(look, path, "next_entry").value_or("")};
    if (!environment.saved.empty() || !environment.next.empty()) break;
  }
  return environment;
}

std::optional<NextKernel> kernel_of_entry(const std::string& entry, const std::string& chosen_by) {
  if (entry.empty() || entry == "0" || entry == "saved" || entry == "other") return std::nullopt;
  return NextKernel{entry, chosen_by, {}};
}

// The first entry of the menu is the newest kernel, on which the link lies.
std::optional<NextKernel> kernel_of_link(const Look& look) {
  for (const char* path : {"/boot/vmlinuz", "/vmlinuz"}) {
    const auto target = look.root.link(path);
    const auto release = target ? parse_kernel_file(*target) : std::nullopt;
    if (release) return NextKernel{*release, path, {}};
  }
  return std::nullopt;
}

std::optional<NextKernel> next_kernel(const Look& look) {
  const auto configured = configured_default(look);
  const GrubEnvironment environment = read_grub_environment(look);
  if (!environment.next.empty()) return kernel_of_entry(environment.next, environment.path);
  const bool has_entries = look.root.exists("/boot/loader/entries");
  const bool by_environment = configured ? *configured == "saved" : has_entries;
  if (by_environment && !environment.saved.empty()) {
    return kernel_of_entry(environment.saved, environment.path);
  }
  const bool first = !configured || *configured == "0" || *configured == "saved";
  if (!first) return kernel_of_entry(*configured, "/etc/default/grub");
  if (has_entries) return std::nullopt;  // the first of them, by an order of GRUB's own
  return kernel_of_link(look);
}

// A module that depmod has not listed yet.
bool lies_beside(const Look& look, const std::string& modules) {
  for (const char* folder :
       {"extra", "extra/efa", "updates", "updates/dkms", "updates/efa", "weak-updates",
        "weak-updates/efa", "kernel/drivers/amazon/net/efa", "kernel/drivers/infiniband/hw/efa"}) {
    const auto names = look.root.list(modules + folder).value_or({});
    const bool found = std::any_of(names.begin(), names.end(), [](const std::string& name) {
      return parse_efa_module(name).has_value();
    });
    if (found) return true;
  }
  return false;
}

std::optional<bool> has_driver(const Look& look, const std::string& release) {
  const std::string modules = "/lib/modules/" + release + "/";
  const auto names_efa = [](const std::string& line) { return parse_efa_module(line).has_value(); };
  for (const char* index : {"modules.dep", "modules.builtin"}) {
    const auto lines = look.root.read_lines(modules + index, names_efa, kLargestModulesDep);
    if (!lines) return std::nullopt;
    if (std::any_of(lines->begin(), lines->end(), names_efa)) return true;
  }
  return lies_beside(look, modules);
}

}  // namespace

void read_next_kernel(const Look& look, KernelFacts& facts) {
  facts.next_kernel = next_kernel(look);
  if (!facts.next_kernel || facts.next_kernel->release == facts.release) return;
  facts.next_kernel->has_driver = has_driver(look, facts.next_kernel->release);
  facts.next_kernel->known_device_ids =
      read_known_ids(look, facts.next_kernel->release).value_or(std::vector<std::string>());
}

}  // namespace efa
