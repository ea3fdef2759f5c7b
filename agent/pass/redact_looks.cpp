#include "agent/pass/redact_looks.h"

#include <string>
#include <utility>
#include <vector>

#include "agent/pass/redact_files.h"
#include "agent/pass/redact_limits.h"
#include "agent/pass/redact_texts.h"
#include "probes/base/text.h"

namespace efa {
namespace {

constexpr const char* kHostNamePath = "/proc/sys/kernel/hostname";

std::string redacted_name_in(const std::string& directory, const std::string& name,
                             Pseudonyms& pseudonyms) {
  return is_site_path(directory + "/" + name) ? redacted_file_name(name, pseudonyms)
                                              : pseudonyms.of_text(name);
}

// As it is written: "/usr/lib/systemd/system/ssh.service", "../ssh.service"
std::string redacted_target(const std::string& link, const std::string& target,
                            Pseudonyms& pseudonyms) {
  if (target.starts_with('/')) return redacted_path(target, pseudonyms);
  std::vector<std::string> names = split(target, '/');
  for (std::string& name : names) name = redacted_name_in(link, name, pseudonyms);
  return join(names, "/");
}

std::string redacted_read(const Value& look, const std::string& text, Pseudonyms& pseudonyms) {
  const std::string path = look.text("path");
  if (path == kHostNamePath) return pseudonyms.of_name(text);
  if (look.text("look") == "link") return redacted_target(path, text, pseudonyms);
  if (path == "/etc/docker/daemon.json") return redacted_docker(text);
  if (path.starts_with("/proc/") && path.ends_with("/cgroup")) {
    return redacted_control_groups(text, pseudonyms);
  }
  const bool spoken = path.ends_with("/os-release");
  return pseudonyms.of_text(text, spoken ? Source::kSpoken : Source::kFile);
}

// A line that was read, or a name in a directory.
std::string redacted_line_read(const Value& look, const std::string& line, bool of_limits,
                               Pseudonyms& pseudonyms) {
  const std::string path = look.text("path");
  if (look.text("look") == "list") return redacted_name_in(path, line, pseudonyms);
  if (path == "/dev/kmsg") return redacted_record(line, pseudonyms);
  if (path == "/proc/self/mountinfo") return redacted_mount(line, pseudonyms);
  if (path.ends_with("/slurm.conf")) return redacted_slurm_line(line, pseudonyms);
  const bool of_kernel = path.starts_with("/proc/") || path.starts_with("/sys/");
  const bool of_unit = path.find("/systemd/") != std::string::npos;
  if (of_limits && !of_kernel && !of_unit) return redacted_session_line(path, line, pseudonyms);
  return redacted_read(look, line, pseudonyms);
}

}  // namespace

Value redacted_look(Value look, bool of_limits, Pseudonyms& pseudonyms) {
  const Value original = look;
  const Value* is = original.find("is");
  if (const auto* text = is == nullptr ? nullptr : is->as<std::string>()) {
    look.set("is", redacted_read(original, *text, pseudonyms));
  } else if (const auto* lines = is == nullptr ? nullptr : is->as<Array>()) {
    Array kept;
    for (const Value& line : *lines) {
      const auto* words = line.as<std::string>();
      kept.push_back(words == nullptr
                         ? line
                         : Value(redacted_line_read(original, *words, of_limits, pseudonyms)));
    }
    look.set("is", std::move(kept));
  } else if (look.text("look") != "bytes" && look.find("hex") != nullptr) {
    look.set("hex", to_hex(redacted_read(original, from_hex(look.text("hex")), pseudonyms)));
  }
  const std::string path = look.text("path");
  if (!path.empty()) look.set("path", redacted_path(path, pseudonyms));
  return look;
}

}  // namespace efa
