// The kernel that the boot loader starts next, and whether its modules have efa. Said only where
// files name that kernel: GRUB's environment and configuration, or the first entry of its menu. The
// links /boot/vmlinuz and /vmlinuz lie on the kernel that was installed last, which need not be the
// one that the menu has first (linux-update-symlinks(1)). Interface: grub.info (GRUB_DEFAULT,
// saved_entry, next_entry); boot_menu.h; kernel-install(8) for the names of entries.

#include "probes/kernel/read_next_kernel.h"

#include <algorithm>

#include "probes/base/text.h"
#include "probes/kernel/boot_menu.h"
#include "probes/kernel/find_module.h"
#include "probes/kernel/parse.h"
#include "probes/kernel/read_boot_loader.h"
#include "probes/kernel/read_module.h"

namespace efa {
namespace {

constexpr size_t kLargestModulesDep = size_t{16} * 1024 * 1024;  // modules.dep has 1 MiB
constexpr size_t kLargestMenu = size_t{256} * 1024;  // grub.cfg has 10 KiB, and 4 for each kernel

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

struct FoundMenu {
  std::string path;
  BootMenu menu;
};

// Nothing is chosen for certain where there are two of it, or a file of the site's that it reads.
FoundMenu read_menu(const Look& look) {
  const auto keep = [](std::string& line) {
    line = word_of_menu(line);
    return !line.empty();
  };
  FoundMenu found;
  for (const char* folder : {"/boot/grub2", "/boot/grub"}) {
    const std::string path = std::string(folder) + "/grub.cfg";
    const auto lines = look.root.read_lines(path, keep, kLargestMenu);
    if (!lines) continue;
    const bool certain =
        found.path.empty() && !look.root.exists(std::string(folder) + "/custom.cfg");
    found = {path, parse_boot_menu(*lines)};
    if (!certain) found.menu = {"other", std::nullopt};
  }
  return found;
}

std::optional<NextKernel> first_of_menu(const FoundMenu& found) {
  if (!found.menu.first) return std::nullopt;
  return NextKernel{*found.menu.first, found.path, {}, {}};
}

// What grub-mkconfig has made of the configuration counts before it.
std::optional<NextKernel> next_kernel(const Look& look) {
  const FoundMenu found = read_menu(look);
  const auto configured = found.menu.chosen ? found.menu.chosen : configured_default(look);
  const GrubEnvironment environment = read_grub_environment(look);
  if (!environment.next.empty()) return kernel_of_entry(environment.next, environment.path);
  const bool has_entries = look.root.exists("/boot/loader/entries");
  const bool by_environment = configured ? *configured == "saved" : has_entries;
  if (by_environment && !environment.saved.empty()) {
    return kernel_of_entry(environment.saved, environment.path);
  }
  const bool first = !configured || *configured == "0" || *configured == "saved";
  if (!first) {
    return kernel_of_entry(*configured, found.menu.chosen ? found.path : "/etc/default/grub");
  }
  if (has_entries) return std::nullopt;  // the first of them, by an order of GRUB's own
  return first_of_menu(found);
}

std::optional<bool> has_driver(const Look& look, const std::string& release) {
  const std::string modules = "/lib/modules/" + release + "/";
  const auto names_efa = [](const std::string& line) { return parse_efa_module(line).has_value(); };
  for (const char* index : {"modules.dep", "modules.builtin"}) {
    const auto lines = look.root.read_lines(modules + index, names_efa, kLargestModulesDep);
    if (!lines) return std::nullopt;
    if (std::any_of(lines->begin(), lines->end(), names_efa)) return true;
  }
  return !find_module_files(look, release).empty();  // depmod may list it before that boot
}

}  // namespace

void read_next_kernel(const Look& look, KernelFacts& facts) {
  facts.boots_past_grub = what_boots_past_grub(look);
  if (facts.boots_past_grub) return;
  facts.next_kernel = next_kernel(look);
  if (!facts.next_kernel || facts.next_kernel->release == facts.release) return;
  facts.next_kernel->has_driver = has_driver(look, facts.next_kernel->release);
  facts.next_kernel->known_device_ids =
      read_known_ids(look, facts.next_kernel->release).value_or(std::vector<std::string>());
}

}  // namespace efa
