#include "agent/pass/redact_limits.h"

#include <fmt/core.h>

#include <algorithm>
#include <vector>

#include "agent/pass/redact_files.h"
#include "agent/pass/redact_texts.h"
#include "probes/base/text.h"
#include "probes/base/value.h"
#include "probes/limits/parse.h"
#include "probes/limits/runtime_mounts.h"

namespace efa {
namespace {

constexpr const char* kOther = "other";

// Its type, of what form its source is, and of an overlay of which runtime's layers it is.
std::string redacted_file_system(const Mount& mount) {
  if (mount.type.empty()) return "";
  const std::string_view layers = layers_of_root(mount);
  if (!layers.empty()) return fmt::format(" - overlay overlay rw,lowerdir={}", layers);
  const bool of_site = mount.type.starts_with("fuse.") && mount.type != "fuse.lxcfs";
  const bool loop = mount.source.starts_with("/dev/loop");
  const bool device = mount.source.starts_with("/dev/");
  return fmt::format(" - {} {} rw", of_site ? "fuse" : mount.type,
                     loop     ? "/dev/loop0"
                     : device ? "/dev/disk"
                              : "none");
}

std::string redacted_limit_value(const std::string& value) {
  constexpr std::string_view kWords[] = {"unlimited", "infinity", "-1", "-"};
  if (is_one_of(value, kWords)) return value;
  const std::string digits = value.substr(0, value.find_first_not_of("0123456789"));
  return digits.empty() ? kOther : digits;  // what follows them does not count
}

std::string redacted_limits_line(const PamLimit& line, Pseudonyms& pseudonyms) {
  constexpr std::string_view kTypes[] = {"soft", "hard", "-"};
  return fmt::format("{} {} memlock {}", redacted_limits_domain(line.domain, pseudonyms),
                     is_one_of(line.type, kTypes) ? line.type : kOther,
                     redacted_limit_value(line.value));
}

// Of a pattern of glob(7) each part with a wildcard stands for more names, of which none but those
// that it had meant were read.
std::string redacted_pattern(const std::string& pattern, Pseudonyms& pseudonyms) {
  const std::string path = pattern.starts_with('/') ? pattern : "/etc/ssh/" + pattern;
  if (!is_site_path(path)) return redacted_path(path, pseudonyms);
  std::vector<std::string> parts = split(path, '/');
  for (std::string& part : parts) {
    if (part.find_first_of("*?[\\") == std::string::npos) {
      part = redacted_file_name(part, pseudonyms);
    } else {
      part = part.ends_with(".conf") ? "*.conf" : "*";
    }
  }
  return join(parts, "/");
}

// After "Match" stand users, groups and hosts; "all" is for every login.
std::string redacted_sshd_line(const SshdLine& line, Pseudonyms& pseudonyms) {
  const std::string first = lower_case(line.arguments.front());
  if (line.keyword == "match") return first == "all" ? "Match all" : "Match (not kept)";
  if (line.keyword == "usepam") return first == "yes" ? "UsePAM yes" : "UsePAM no";
  if (line.keyword != "include") return "";
  std::string include = "Include";
  for (const std::string& pattern : line.arguments) {
    include += " " + redacted_pattern(pattern, pseudonyms);
  }
  return include;
}

std::string redacted_include(const std::string& name, Pseudonyms& pseudonyms) {
  if (name.starts_with('/')) return redacted_path(name, pseudonyms);
  return name.find('/') == std::string::npos ? redacted_file_name(name, pseudonyms) : "./";
}

// pam_exec.so, pam_succeed_if.so and others have arguments that name anybody.
std::string redacted_pam_line(const PamLine& line, Pseudonyms& pseudonyms) {
  constexpr const char* kLimits = "pam_limits.so";
  if (!line.include.empty()) return "session include " + redacted_include(line.include, pseudonyms);
  if (line.module != kLimits) return "session optional other";
  const std::string conf = line.conf.empty() ? "" : " conf=" + redacted_path(line.conf, pseudonyms);
  return std::string("session required ") + kLimits + conf;
}

std::string limits_line_of(const std::string& line, Pseudonyms& pseudonyms) {
  const auto limit = parse_pam_limit(line, "");
  return limit ? redacted_limits_line(*limit, pseudonyms) : "";
}

std::string sshd_line_of(const std::string& line, Pseudonyms& pseudonyms) {
  const auto parsed = parse_sshd_line(line);
  return parsed ? redacted_sshd_line(*parsed, pseudonyms) : "";
}

std::string pam_line_of(const std::string& line, Pseudonyms& pseudonyms) {
  const auto parsed = parse_pam_line(line);
  return parsed ? redacted_pam_line(*parsed, pseudonyms) : "";
}

}  // namespace

std::string redacted_limits_domain(const std::string& domain, Pseudonyms& pseudonyms) {
  const size_t mark = domain.starts_with('@') || domain.starts_with('%') ? 1 : 0;
  const std::string name = domain.substr(mark);
  const bool range = name.find_first_not_of("0123456789:") == std::string::npos;
  if (range || name == "*" || name == "root") return domain;
  return domain.substr(0, mark) + pseudonyms.of_name(name);
}

std::string redacted_configured(const std::string& configured, Pseudonyms& pseudonyms) {
  constexpr std::string_view kBetween = ": ";
  const size_t colon = configured.find(kBetween);
  if (colon == std::string::npos) return pseudonyms.of_text(configured);
  const std::string line = configured.substr(colon + kBetween.size());
  const std::string limit = limits_line_of(line, pseudonyms);
  return redacted_path(configured.substr(0, colon), pseudonyms) + std::string(kBetween) +
         (limit.empty() ? pseudonyms.of_text(line) : limit);
}

std::string redacted_session_line(const std::string& path, const std::string& line,
                                  Pseudonyms& pseudonyms) {
  if (path.find("/security/") != std::string::npos) return limits_line_of(line, pseudonyms);
  if (path.find("/pam.d/") != std::string::npos) return pam_line_of(line, pseudonyms);
  if (path.find("/ssh/") != std::string::npos) return sshd_line_of(line, pseudonyms);
  for (const auto& redacted : {limits_line_of, pam_line_of, sshd_line_of}) {
    std::string found = redacted(line, pseudonyms);
    if (!found.empty()) return found;
  }
  return pseudonyms.of_text(line);
}

std::string redacted_docker(const std::string& json) {
  const Result<Value> config = parse_json(json, "daemon.json");
  const Value* limits = config ? config->find("default-ulimits") : nullptr;
  const Value* memlock = limits == nullptr ? nullptr : limits->find("memlock");
  if (memlock == nullptr) return "{}";
  Value halves{Object{}};
  for (const char* name : {"Soft", "Hard"}) {
    const Value* half = memlock->find(name);
    if (half != nullptr && half->as<int64_t>() != nullptr) halves.set(name, *half);
  }
  Value kept_limits{Object{}};
  kept_limits.set("memlock", std::move(halves));
  Value kept{Object{}};
  kept.set("default-ulimits", std::move(kept_limits));
  return render_json(kept);
}

// "0::/system.slice/slurmd.service"
std::string redacted_control_groups(const std::string& text, Pseudonyms& pseudonyms) {
  std::vector<std::string> lines = split(text, '\n');
  for (std::string& line : lines) {
    const size_t second = line.find(':', line.find(':') + 1);  // npos + 1 is 0
    if (second == std::string::npos) {
      line.clear();
      continue;
    }
    line = line.substr(0, second + 1) + redacted_control_group(line.substr(second + 1), pseudonyms);
  }
  return join(lines, "\n");
}

// "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue"; what is mounted
// says by the form of its path of which container runtime it is.
std::string redacted_mount(const std::string& line, Pseudonyms& pseudonyms) {
  constexpr size_t kRoot = 3, kPoint = 4, kOptions = 5;
  const std::vector<std::string> fields = split(line, ' ');
  if (fields.size() <= kOptions) return "";
  const bool read_only = fields[kOptions] == "ro" || fields[kOptions].starts_with("ro,");
  const auto mount = parse_mount(line);
  return fmt::format("0 0 0:0 {} {} {}{}", redacted_control_group(fields[kRoot], pseudonyms),
                     redacted_path(fields[kPoint], pseudonyms), read_only ? "ro" : "rw",
                     mount ? redacted_file_system(*mount) : "");
}

}  // namespace efa
