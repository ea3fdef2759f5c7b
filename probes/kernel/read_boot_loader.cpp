// The boot loader's configuration, of which nothing is kept but the arguments that keep efa out:
// /etc/default/grub and what it is made into (grub.cfg), /etc/kernel/cmdline and what it is made
// into (/boot/loader/entries). What is compiled into a kernel is not seen, and what lies in its one
// file with an initramfs (UKI) not read: where there is one, GRUB's files say nothing. Interface:
// boot_line.h; kernel-install(8) for /etc/kernel/cmdline; the Boot Loader Specification, "Type #2".

#include "probes/kernel/read_boot_loader.h"

#include <algorithm>
#include <map>

#include "probes/base/text.h"
#include "probes/kernel/boot_line.h"
#include "probes/kernel/parse.h"

namespace efa {
namespace {

constexpr size_t kLargestFile = size_t{256} * 1024;  // grub.cfg has 10 KiB, and 4 for each kernel
constexpr size_t kMostFiles = 256;                   // of a directory: one a kernel, one a package

using Blocking = std::vector<Result<std::string>>;

std::vector<std::string> files_in(const Look& look, const std::string& directory,
                                  std::string_view ending, Blocking& seen) {
  const auto names = look.root.list(directory, kMostFiles);
  if (!names) seen.emplace_back(names.error());
  std::vector<std::string> files;
  for (const std::string& name : names.value_or({})) {
    if (name.ends_with(ending)) files.push_back(directory + "/" + name);
  }
  return files;
}

std::vector<BootLine> boot_lines(const Look& look, const std::string& path, Blocking& seen) {
  const auto keep = [](const std::string& line) { return parse_boot_line(line).has_value(); };
  const auto lines = look.root.read_lines(path, keep, kLargestFile);
  if (!lines) seen.emplace_back(lines.error());
  std::vector<BootLine> found;
  for (const std::string& line : lines.value_or({})) {
    if (auto one = parse_boot_line(line)) found.push_back(std::move(*one));
  }
  return found;
}

// A shell reads them one after the other: the last assignment of a variable holds.
void read_defaults(const Look& look, Blocking& seen) {
  std::vector<std::string> files = files_in(look, "/etc/default/grub.d", ".cfg", seen);
  files.insert(files.begin(), "/etc/default/grub");
  std::map<std::string, std::string> blocking;  // by variable
  for (const std::string& path : files) {
    for (const BootLine& line : boot_lines(look, path, seen)) {
      const auto argument = argument_that_keeps_efa_out(line.arguments);
      if (!line.adds) blocking.erase(line.variable);
      if (argument && !line.variable.empty()) blocking[line.variable] = path + ": " + *argument;
    }
  }
  for (const auto& [variable, where] : blocking) seen.emplace_back(where);
}

void read_kernel_install(const Look& look, Blocking& seen) {
  constexpr const char* kPath = "/etc/kernel/cmdline";
  const auto keep = [](std::string& line) {
    line = line.starts_with('#') ? "" : argument_that_keeps_efa_out(line).value_or("");
    return !line.empty();
  };
  const auto lines = look.root.read_lines(kPath, keep, Sysroot::kSmallFile);
  if (!lines) seen.emplace_back(lines.error());
  for (const std::string& line : lines.value_or({})) {
    const auto argument = argument_that_keeps_efa_out(line);
    if (argument) seen.emplace_back(std::string(kPath) + ": " + *argument);
  }
}

// Of an entry the options follow the kernel's file, as all that write entries have it.
void read_entries(const Look& look, const std::string& path, const std::string& release,
                  Blocking& seen) {
  bool is_of_another = false;
  for (const BootLine& line : boot_lines(look, path, seen)) {
    if (!line.kernel.empty()) {
      is_of_another = parse_kernel_file(line.kernel).value_or(release) != release;
    }
    const auto argument = argument_that_keeps_efa_out(line.arguments);
    if (argument && !is_of_another) seen.emplace_back(path + ": " + *argument);
  }
}

// Of the firmware. Installers leave the folder empty.
bool is_program(const std::string& name) {
  return lower_case(name).ends_with(".efi");  // on FAT
}

bool is_there_unseen(const Error& error) {
  return error.kind != ErrorKind::kNotFound;
}

}  // namespace

std::optional<std::string> what_boots_past_grub(const Look& look) {
  for (const char* partition : {"/boot/efi", "/efi", "/boot"}) {
    for (const char* folder : {"/EFI/Linux", "/EFI/systemd"}) {
      std::string path = std::string(partition) + folder;
      const auto names = look.root.list(path, kMostFiles);
      const bool is_there = names ? std::any_of(names->begin(), names->end(), is_program)
                                  : is_there_unseen(names.error());
      if (is_there) return path;
    }
  }
  return std::nullopt;
}

std::vector<Result<std::string>> read_boot_loader(const Look& look, const std::string& release) {
  Blocking seen;
  if (const auto past_grub = what_boots_past_grub(look)) {
    read_kernel_install(look, seen);
    seen.emplace_back(Error{ErrorKind::kInputOutput, *past_grub,
                            "may boot a kernel past GRUB, whose command line was not read"});
    return seen;
  }
  read_defaults(look, seen);
  read_kernel_install(look, seen);
  for (const std::string& path : files_in(look, "/boot/loader/entries", ".conf", seen)) {
    read_entries(look, path, release, seen);
  }
  for (const char* path : {"/boot/grub2/grubenv", "/boot/grub/grubenv", "/boot/grub2/grub.cfg",
                           "/boot/grub/grub.cfg"}) {
    read_entries(look, path, release, seen);
  }
  return seen;
}

}  // namespace efa
