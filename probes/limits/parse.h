// Texts of procfs and sysfs about limits.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probes/limits/facts.h"

namespace efa {

// The row "Max locked memory         65536                65536                bytes"
std::optional<LockedMemory> parse_locked_memory(std::string_view limits);
// The values of NAME= in that section of a file of systemd's syntax, in order: "[Service]",
// "LimitMEMLOCK=infinity". Comments and other sections do not count.
std::vector<std::string> parse_settings(const std::vector<std::string>& lines,
                                        std::string_view section, std::string_view name);
// "*  -  memlock  unlimited  # EFA", with its source; none for another item, a comment or less.
// Words after the value do not count, as pam_limits has it.
std::optional<PamLimit> parse_pam_limit(std::string_view line, const std::string& source);
// A line of /etc/pam.d: "session [success=1] pam_limits.so conf=/etc/x", "@include common-session".
struct PamLine {
  std::string module;   // "pam_limits.so", without its directory
  std::string include;  // the other stack, of @include, include and substack
  std::string conf;     // of conf=FILE
};
// None for a comment and for lines of other kinds than sessions'. A word in brackets may have
// spaces.
std::optional<PamLine> parse_pam_line(std::string_view line);
// A line of sshd_config, as sshd takes it apart: "UsePAM yes", "usepam = \"yes\"  # x".
struct SshdLine {
  std::string keyword;  // in small letters
  std::vector<std::string> arguments;
};
// None for a comment, a keyword alone and a quote that does not end.
std::optional<SshdLine> parse_sshd_line(std::string_view line);
bool same_but_case(std::string_view one, std::string_view other);
// "PropagateResourceLimitsExcept=MEMLOCK  # x" -> "MEMLOCK"; names are of any case.
std::optional<std::string> parse_slurm_value(std::string_view line, std::string_view name);
// "CapBnd:\t000001ffffffffff" of /proc/<pid>/status: whether that capability is among them
std::optional<bool> has_capability(std::string_view line, unsigned capability);
// Of the same line: are all of them there, up to the kernel's last?
std::optional<bool> has_all_capabilities(std::string_view line, unsigned last);
// daemon.json of Docker: {"default-ulimits": {"memlock": {"Name": "memlock", "Hard": -1, ...}}}
std::optional<LockedMemory> parse_docker_memlock(std::string_view json);
// "a-b.service" -> "a-b.service.d", "a-.service.d", "service.d": the names of the directories of
// its drop-ins, the more specific first, as systemd.unit(5) has it; of all names of one unit
std::vector<std::string> drop_in_names(const std::vector<std::string>& units);
// "0-95,128-223" -> 192
std::optional<int> parse_cpu_count(std::string_view online);
// The number of a row "Uid:\t0\t0\t0\t0" or "Hugepagesize:    2048 kB"; column 0 follows the name
std::optional<uint64_t> parse_row(std::string_view text, std::string_view name, size_t column);

}  // namespace efa
