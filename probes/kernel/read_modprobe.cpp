// The lines of modprobe.d and of the kernel's command line that keep efa out. Of an image it is the
// boot loader's configuration that has the command line: /proc/cmdline is of the machine on which
// the image is made.
// Interface: modprobe.d(5); conf_files_list and kmod_config_new of libkmod-config.c of kmod. Not by
// libkmod itself: it reads the command line of the machine that it runs on, whichever root it is
// given, follows links out of that root, can read no recording, and does not know
// module_blacklist=, by which the kernel refuses a module.

#include "probes/kernel/read_modprobe.h"

#include <algorithm>
#include <set>
#include <utility>

#include "probes/base/text.h"
#include "probes/kernel/modprobe_line.h"
#include "probes/kernel/parse.h"
#include "probes/kernel/read_boot_loader.h"
#include "probes/protocol/configuration_files.h"

namespace efa {
namespace {

constexpr size_t kMaxSupportLines = 256;
constexpr size_t kMaxBlocking = 64;

bool is_wanted(const std::string& line) {
  return parse_modprobe_line(line) || parse_allow_unsupported(line);
}

// Of each file of modprobe.d the lines that matter.
Sysroot::KeepLine keep_what_matters() {
  return [wrapped = WrappedLines(), first = std::string(),
          goes_on = false](std::string& line) mutable {
    if (!goes_on) first = line;
    goes_on = !wrapped.take(line);
    if (goes_on || !is_wanted(line)) return false;
    line = words_that_matter(line);
    if (keeps_efa_out(line) && !is_written_so(first, line)) line += kGoesOn;
    return true;
  };
}

// "/etc/modprobe.d/x.conf: blacklist efa": "modprobe efa" loads it all the same.
bool holds_back_udev_alone(const std::string& where) {
  const std::string line = where.substr(where.find(": ") + 2);
  const auto parsed = parse_modprobe_line(line);
  return parsed ? !parsed->keeps_modprobe : line.starts_with("modprobe.blacklist=");
}

// Beside what is known already; what "modprobe efa" does not overcome leads.
void take_another(std::string where, KernelFacts& facts) {
  std::string& leading = *facts.blacklisted_by;
  std::vector<std::string>& others = facts.also_kept_out_by;
  if (where == leading || is_one_of(where, others)) return;
  const bool leads = holds_back_udev_alone(leading) && !holds_back_udev_alone(where);
  if (leads) std::swap(leading, where);
  if (others.size() < kMaxBlocking) {
    others.insert(leads ? others.begin() : others.end(), std::move(where));
  }
}

// What could not be read may hold a line, and counts where none was seen.
void take_blocking(const Result<std::string>& seen, KernelFacts& facts) {
  if (!seen && seen.error().kind == ErrorKind::kNotFound) return;
  const Reading<std::string> reading = reading_of(seen);
  if (const Unseen* unseen = reading.unreadable()) facts.unseen.push_back(*unseen);
  if (reading && facts.blacklisted_by) return take_another(*reading, facts);
  const bool first = facts.blacklisted_by.unreadable() == nullptr;
  if (reading || (first && !facts.blacklisted_by)) facts.blacklisted_by = reading;
}

// The files of modprobe.d, one after the other.
class ModprobeFiles {
 public:
  ModprobeFiles(bool of_image, KernelFacts& facts) : of_image_(of_image), facts_(facts) {}

  void take(const std::string& path, const std::vector<std::string>& lines) {
    for (const std::string& line : lines) {
      const std::string where = path + ": " + line;
      const auto parsed = parse_modprobe_line(line);
      if (parsed && has_a_say(*parsed)) take_blocking(where, facts_);
      if (!parse_allow_unsupported(line)) continue;  // a recording may hold others
      if (facts_.support_lines.size() == kMaxSupportLines) facts_.support_lines.pop_back();
      facts_.support_lines.push_back(where);
    }
  }

 private:
  // Of the lines that install a module kmod takes the first. At an image's boot udev loads efa,
  // which does not ask by its name.
  bool has_a_say(const ModprobeLine& line) {
    loaded_.insert(line.loaded.begin(), line.loaded.end());
    if (line.keyword != "install") return of_image_ ? line.keeps_udev : true;
    return std::any_of(line.kept_out.begin(), line.kept_out.end(),
                       [&](const std::string& module) { return !loaded_.contains(module); });
  }

  bool of_image_;
  KernelFacts& facts_;
  std::set<std::string> loaded_;  // by a command that comes first
};

// It may hold any line.
void take_unread(const Error& error, KernelFacts& facts) {
  take_blocking(error, facts);
  const Reading<std::string> unread = reading_of<std::string>(error);
  const Unseen* unseen = unread.unreadable();
  if (unseen != nullptr && !facts.modprobe_unseen) facts.modprobe_unseen = *unseen;
}

// By name, which is the order in which kmod parses them: of allow_unsupported_modules the last one
// holds.
void read_files(const Look& look, bool of_image, KernelFacts& facts) {
  const ConfigurationFiles files = read_configuration_files(look, "modprobe.d", keep_what_matters);
  for (const Error& error : files.unread) take_unread(error, facts);
  ModprobeFiles taken(of_image, facts);
  for (const auto& [name, file] : files.by_name) {
    if (!file.lines) take_unread(file.lines.error(), facts);
    if (file.lines) taken.take(file.path, *file.lines);
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
  read_files(look, /*of_image=*/false, facts);
}

void read_modprobe_of_image(const Look& look, const std::string& release, KernelFacts& facts) {
  for (const auto& blocking : read_boot_loader(look, release)) take_blocking(blocking, facts);
  read_files(look, /*of_image=*/true, facts);
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
