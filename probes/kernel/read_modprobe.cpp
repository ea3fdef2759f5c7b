// The lines of modprobe.d and of the kernel's command line that keep efa out. Of an image it is the
// boot loader's configuration that has the command line: /proc/cmdline is of the machine on which
// the image is made.
// Interface: modprobe.d(5); conf_files_list and kmod_config_new of libkmod-config.c of kmod. Not by
// libkmod itself: it reads the command line of the machine that it runs on, whichever root it is
// given, follows links out of that root, can read no recording, and does not know
// module_blacklist=, by which the kernel refuses a module.

#include "probes/kernel/read_modprobe.h"

#include "probes/kernel/parse.h"
#include "probes/kernel/read_boot_loader.h"
#include "probes/protocol/configuration_files.h"

namespace efa {
namespace {

constexpr size_t kMaxSupportLines = 256;

bool is_wanted(const std::string& line) {
  return keeps_efa_out(line) || parse_allow_unsupported(line);
}

// Of each file of modprobe.d the lines that matter.
Sysroot::KeepLine keep_what_matters() {
  return [wrapped = WrappedLines()](std::string& line) mutable {
    if (!wrapped.take(line)) return false;
    const bool wanted = is_wanted(line);
    if (wanted) line = words_that_matter(line);
    return wanted;
  };
}

// What was seen first counts; what could not be read may hold a line, and counts after that.
void take_blocking(const Result<std::string>& seen, KernelFacts& facts) {
  if (!seen && seen.error().kind == ErrorKind::kNotFound) return;
  const Reading<std::string> reading = reading_of(seen);
  if (const Unseen* unseen = reading.unreadable()) facts.unseen.push_back(*unseen);
  const bool first = !facts.blacklisted_by && facts.blacklisted_by.unreadable() == nullptr;
  if (first || (reading && !facts.blacklisted_by)) facts.blacklisted_by = reading;
}

void take_lines(const std::string& path, const std::vector<std::string>& lines,
                KernelFacts& facts) {
  for (const std::string& line : lines) {
    if (!is_wanted(line)) continue;  // a recording may hold others
    const std::string where = path + ": " + line;
    if (keeps_efa_out(line)) {
      take_blocking(where, facts);
      continue;
    }
    if (facts.support_lines.size() == kMaxSupportLines) facts.support_lines.pop_back();
    facts.support_lines.push_back(where);
  }
}

// By name, which is the order in which kmod parses them: of lines of which the last one holds that
// is the last.
void read_files(const Look& look, KernelFacts& facts) {
  const ConfigurationFiles files = read_configuration_files(look, "modprobe.d", keep_what_matters);
  for (const Error& error : files.unread) take_blocking(error, facts);
  for (const auto& [name, file] : files.by_name) {
    if (!file.lines) take_blocking(file.lines.error(), facts);
    if (file.lines) take_lines(file.path, *file.lines, facts);
  }
}

// Of the kernel's own command line nothing is kept but the words that keep efa out.
void read_command_line(const Look& look, KernelFacts& facts) {
  constexpr const char* kPath = "/proc/cmdline";
  const auto keep = [](std::string& line) {
    line = argument_that_keeps_efa_out(line).value_or("");
    return !line.empty();
  };
  const auto lines = look.root.read_lines(kPath, keep, Sysroot::kSmallFile);
  if (!lines) take_blocking(lines.error(), facts);
  const std::string line = lines && !lines->empty() ? lines->front() : "";
  const auto argument = argument_that_keeps_efa_out(line);
  if (argument) take_blocking(std::string(kPath) + ": " + *argument, facts);
}

}  // namespace

void read_modprobe(const Look& look, KernelFacts& facts) {
  read_command_line(look, facts);
  read_files(look, facts);
}

void read_modprobe_of_image(const Look& look, const std::string& release, KernelFacts& facts) {
  for (const auto& blocking : read_boot_loader(look, release)) take_blocking(blocking, facts);
  read_files(look, facts);
}

void read_sysctl(const Look& look, KernelFacts& facts) {
  const auto keep = [](const std::string& line) {
    return parse_modules_disabled(line).has_value();
  };
  const ConfigurationFiles files =
      read_configuration_files(look, "sysctl.d", [&] { return Sysroot::KeepLine(keep); });
  Reading<std::string>& disabled_by = facts.modules_disabled_by;
  for (const auto& [name, file] : files.by_name) {
    if (!file.lines) disabled_by = reading_of<std::string>(file.lines.error());
    for (const std::string& line : file.lines.value_or({})) {
      const auto disables = parse_modules_disabled(line);  // a recording may hold other lines
      if (disables == true) disabled_by = file.path + ": " + line;
      if (disables == false) disabled_by.reset();
    }
  }
  if (!files.unread.empty()) disabled_by = reading_of<std::string>(files.unread.front());
}

}  // namespace efa
