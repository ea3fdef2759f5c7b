// Looks at what gives a login or a job its limits: limits.conf in pam_limits' order, whether the
// PAM stacks have pam_limits, sshd_config, slurm.conf, Docker's daemon.json.
// Interface: limits.conf(5), pam.conf(5), sshd_config(5), slurm.conf(5), dockerd(8).

#include <algorithm>
#include <cerrno>
#include <set>

#include "probes/limits/memlock.h"
#include "probes/limits/parse.h"
#include "probes/limits/read.h"
#include "probes/protocol/text.h"
#include "probes/protocol/value.h"

namespace efa {
namespace {

constexpr size_t kMaxFiles = 64;   // of a directory, a PAM stack or an sshd_config
constexpr size_t kMaxLines = 256;  // of limits.conf and limits.d about memlock
constexpr const char* kSlurmFiles[] = {
    "/etc/slurm/slurm.conf", "/opt/slurm/etc/slurm.conf", "/run/slurm/conf/slurm.conf",
    "/var/spool/slurmd/conf-cache/slurm.conf", "/etc/slurm-llnl/slurm.conf"};

constexpr const char* kPropagate = "PropagateResourceLimits";
constexpr const char* kExcept = "PropagateResourceLimitsExcept";
constexpr const char* kUsePam = "UsePAM";

std::vector<std::string> conf_files(const Look& look, const std::string& directory) {
  std::vector<std::string> files;
  for (const std::string& file : look.root.list(directory).value_or({})) {
    if (file.ends_with(".conf") && files.size() < kMaxFiles)
      files.push_back(directory + "/" + file);
  }
  return files;
}

void unseen(LimitsFacts& facts, const std::string& path, const Error& error) {
  if (error.os_error != ENOENT) facts.unseen.push_back({path, error.what, error.os_error});
}

void read_limits_file(const Look& look, const std::string& path, LimitsFacts& facts) {
  const auto keep = [&](const std::string& line) {
    return parse_pam_limit(line, path).has_value();
  };
  const auto lines = look.root.read_lines(path, keep, Sysroot::kSmallFile);
  if (!lines) return unseen(facts, path, lines.error());
  for (const std::string& line : *lines) {
    auto limit = parse_pam_limit(line, path);
    if (!limit || facts.pam_limits.size() >= kMaxLines) continue;
    facts.pam_limits.push_back(std::move(*limit));
    facts.configured.push_back(path + ": " + line);
  }
}

// Follows the includes of one service's stack.
class StackReader {
 public:
  explicit StackReader(const Look& look) : look_(look) {}

  PamStack read(const std::string& service) {
    PamStack stack;
    const bool whole = visit(service, stack);
    if (!stack.limits && whole) stack.limits = false;
    return stack;
  }

 private:
  bool visit(const std::string& name, PamStack& stack) {
    if (name.find('/') != std::string::npos && !name.starts_with('/')) return false;
    if (visited_.size() >= kMaxFiles) return false;
    if (!visited_.insert(name).second) return true;
    const auto keep = [](const std::string& line) { return parse_pam_line(line).has_value(); };
    const std::string path = name.starts_with('/') ? name : "/etc/pam.d/" + name;
    auto lines = look_.root.read_lines(path, keep, Sysroot::kSmallFile);
    if (!lines && !name.starts_with('/')) {
      lines = look_.root.read_lines("/usr/lib/pam.d/" + name, keep, Sysroot::kSmallFile);
    }
    if (!lines) return false;
    bool whole = true;
    for (const std::string& line : *lines) {
      const auto parsed = parse_pam_line(line);
      if (!parsed) continue;
      if (!parsed->include.empty()) whole = visit(parsed->include, stack) && whole;
      if (parsed->module != "pam_limits.so" || stack.limits) continue;
      stack.limits = true;
      stack.conf = parsed->conf;
    }
    return whole;
  }

  const Look& look_;
  std::set<std::string> visited_;
};

// sshd takes the first value that it finds, in the order of the lines with the files included.
class SshdReader {
 public:
  explicit SshdReader(const Look& look) : look_(look) {}

  // Absent: it could not be read.
  std::optional<bool> uses_pam() {
    const auto found = visit("/etc/ssh/sshd_config");
    return found || unreadable_ ? found : std::optional(false);  // sshd's own default
  }

 private:
  std::optional<bool> visit(const std::string& path) {
    const auto keep = [](const std::string& line) {
      const std::vector<std::string> fields = words(line);
      const std::string name = fields.size() < 2 ? "" : fields[0];
      return name == "UsePAM" || name == "Include" || name == "Match";
    };
    if (++files_ > kMaxFiles) return std::nullopt;
    const auto lines = look_.root.read_lines(path, keep, Sysroot::kSmallFile);
    if (!lines) unreadable_ = true;
    for (const std::string& line : lines.value_or({})) {
      const std::vector<std::string> fields = words(line);
      if (fields[0] == "Match") break;
      if (fields[0] == "UsePAM") return fields[1] == "yes";
      const auto found =
          visit_all(fields[1].starts_with('/') ? fields[1] : "/etc/ssh/" + fields[1]);
      if (found) return found;
    }
    return std::nullopt;
  }

  std::optional<bool> visit_all(const std::string& pattern) {
    const size_t star = pattern.rfind("/*.conf");
    const auto files = star == std::string::npos ? std::vector<std::string>{pattern}
                                                 : conf_files(look_, pattern.substr(0, star));
    for (const std::string& file : files) {
      const auto found = visit(file);
      if (found) return found;
    }
    return std::nullopt;
  }

  const Look& look_;
  size_t files_ = 0;
  bool unreadable_ = false;
};

void read_slurm(const Look& look, LimitsFacts& facts) {
  constexpr size_t kMaxSlurmConf = size_t{4} * 1024 * 1024;  // of large clusters
  const auto keep = [](const std::string& line) {
    return parse_slurm_value(line, kPropagate) || parse_slurm_value(line, kExcept) ||
           parse_slurm_value(line, kUsePam);
  };
  for (const char* path : kSlurmFiles) {
    const auto lines = look.root.read_lines(path, keep, kMaxSlurmConf);
    if (!lines) {
      unseen(facts, path, lines.error());
      continue;
    }
    SlurmLimits slurm;
    slurm.file = path;
    for (const std::string& line : *lines) {
      if (auto value = parse_slurm_value(line, kPropagate)) slurm.propagate = value;
      if (auto value = parse_slurm_value(line, kExcept)) slurm.propagate_except = value;
      if (auto value = parse_slurm_value(line, kUsePam))
        slurm.use_pam = *value == "1" || *value == "yes";
    }
    facts.slurm = slurm;
    return;
  }
}

// {"default-ulimits": {"memlock": {"Name": "memlock", "Hard": -1, "Soft": -1}}}
void read_docker(const Look& look, LimitsFacts& facts) {
  const auto text = look.root.text("/etc/docker/daemon.json");
  if (!text) return;
  const Result<Value> json = parse_json(*text, "daemon.json");
  const Value* limits = json ? json->find("default-ulimits") : nullptr;
  const Value* memlock = limits == nullptr ? nullptr : limits->find("memlock");
  if (memlock == nullptr) return;
  const auto half = [&](const char* name) {
    const Value* value = memlock->find(name);
    const auto* bytes = value == nullptr ? nullptr : value->as<int64_t>();
    if (bytes == nullptr) return std::string("?");
    return *bytes < 0 ? std::string("infinity") : std::to_string(*bytes);
  };
  facts.docker_gives = parse_unit_limit(half("Soft") + ":" + half("Hard"));
}

}  // namespace

void read_sessions(const Look& look, LimitsFacts& facts) {
  facts.ssh_stack = StackReader(look).read("sshd");
  facts.slurm_stack = StackReader(look).read("slurm");
  facts.ssh_uses_pam = SshdReader(look).uses_pam();
  if (!facts.ssh_stack.conf.empty()) {  // it replaces both
    read_limits_file(look, facts.ssh_stack.conf, facts);
  } else {
    read_limits_file(look, "/etc/security/limits.conf", facts);
    for (const std::string& file : conf_files(look, "/etc/security/limits.d")) {
      read_limits_file(look, file, facts);
    }
  }
  read_slurm(look, facts);
  read_docker(look, facts);
}

}  // namespace efa
