// The lines of modprobe.d and of the kernel's command line that keep efa out.
// Interface: modprobe.d(5); conf_files_list and kmod_config_new of libkmod-config.c of kmod. Not by
// libkmod itself: it reads the command line of the machine that it runs on, whichever root it is
// given, follows links out of that root, can read no recording, and does not know
// module_blacklist=, by which the kernel refuses a module.

#include "probes/kernel/read_modprobe.h"

#include <cerrno>
#include <map>

#include "probes/kernel/parse.h"

namespace efa {
namespace {

constexpr size_t kMaxSupportLines = 256;

bool is_wanted(const std::string& line) {
  return keeps_efa_out(line) || parse_allow_unsupported(line);
}

// The lines of a file of modprobe.d that matter; kNotFound when kmod does not count the file.
Result<std::vector<std::string>> lines_that_matter(const Look& look, const std::string& path) {
  WrappedLines wrapped;
  const auto keep = [&wrapped](std::string& line) {
    if (!wrapped.take(line)) return false;
    const bool wanted = is_wanted(line);
    if (wanted) line = words_that_matter(line);
    return wanted;
  };
  auto lines = look.root.read_lines(path, keep, Sysroot::kSmallFile);
  if (lines) {  // a recording may hold others
    std::erase_if(*lines, [](const std::string& line) { return !is_wanted(line); });
  }
  if (!lines && look.root.link(path).value_or("").ends_with("/dev/null")) {
    return std::vector<std::string>();  // empty, on purpose
  }
  if (!lines && lines.error().os_error == EISDIR) return system_error(ENOENT, path);
  return lines;
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
    const std::string where = path + ": " + line;
    if (keeps_efa_out(line)) {
      take_blocking(where, facts);
      continue;
    }
    if (facts.support_lines.size() == kMaxSupportLines) facts.support_lines.pop_back();
    facts.support_lines.push_back(where);
  }
}

struct ModprobeFile {
  std::string path;
  Result<std::vector<std::string>> lines;
};

// By name, which is the order in which kmod parses them, whatever directory they are in: of lines
// of which the last one holds that is the last. Of files of one name the first directory's counts.
std::map<std::string, ModprobeFile> list_files(const Look& look, KernelFacts& facts) {
  std::map<std::string, ModprobeFile> by_name;
  for (const char* directory : {"/etc/modprobe.d", "/run/modprobe.d", "/usr/local/lib/modprobe.d",
                                "/usr/lib/modprobe.d", "/lib/modprobe.d"}) {
    const Result<std::vector<std::string>> files = look.root.list(directory);
    if (!files) take_blocking(files.error(), facts);
    for (const std::string& file : files.value_or({})) {
      if (!file.ends_with(".conf") || by_name.contains(file)) continue;
      const std::string path = std::string(directory) + "/" + file;
      Result<std::vector<std::string>> lines = lines_that_matter(look, path);
      if (!lines && lines.error().kind == ErrorKind::kNotFound) continue;
      by_name.insert({file, {path, std::move(lines)}});
    }
  }
  return by_name;
}

void read_files(const Look& look, KernelFacts& facts) {
  for (const auto& [name, file] : list_files(look, facts)) {
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

}  // namespace efa
