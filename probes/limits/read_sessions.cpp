// Looks at what gives a login or a job its limits: limits.conf in pam_limits' order, whether the
// PAM stacks have pam_limits, sshd_config, slurm.conf, Docker's daemon.json.
// Interface: limits.conf(5), pam.conf(5), sshd_config(5), slurm.conf(5), dockerd(8).

#include <fnmatch.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "probes/base/text.h"
#include "probes/limits/continued.h"
#include "probes/limits/memlock.h"
#include "probes/limits/parse.h"
#include "probes/limits/read.h"

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
constexpr const char* kSshdConfig = "/etc/ssh/sshd_config";

std::vector<std::string> conf_files(const Look& look, const std::string& directory,
                                    LimitsFacts& facts) {
  std::vector<std::string> files;
  const auto names = look.root.list(directory);
  if (!names && names.error().kind != ErrorKind::kNotFound) {
    facts.pam_limits_unseen = unseen_of(directory, names.error());
  }
  for (const std::string& file : names.value_or({})) {
    if (file.ends_with(".conf") && files.size() < kMaxFiles)
      files.push_back(directory + "/" + file);
  }
  return files;
}

void unseen(LimitsFacts& facts, const std::string& path, const Error& error) {
  if (error.os_error != ENOENT) facts.unseen.push_back(unseen_of(path, error));
}

void read_limits_file(const Look& look, const std::string& path, LimitsFacts& facts) {
  const auto keep = [&](const std::string& line) {
    return parse_pam_limit(line, path).has_value();
  };
  const auto lines = look.root.read_lines(path, keep, Sysroot::kSmallFile);
  if (!lines) {
    if (lines.error().kind == ErrorKind::kNotFound) return;
    facts.pam_limits_unseen = unseen_of(path, lines.error());
    return unseen(facts, path, lines.error());
  }
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
    auto lines = read_whole(path, keep, stack);
    if (!lines && !name.starts_with('/')) lines = read_whole("/usr/lib/pam.d/" + name, keep, stack);
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

  [[nodiscard]] Result<std::vector<std::string>> read_whole(const std::string& path,
                                                            const Sysroot::KeepLine& keep,
                                                            PamStack& stack) const {
    auto lines = look_.root.read_lines(path, keep_whole(pam_lines(), keep), Sysroot::kSmallFile);
    const bool hidden = !lines && lines.error().kind != ErrorKind::kNotFound;
    if (hidden && !stack.unseen) stack.unseen = unseen_of(path, lines.error());
    return lines;
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
    const auto found = visit(kSshdConfig);
    return found || unreadable_ ? found : std::optional(false);  // sshd's own default
  }
  [[nodiscard]] const std::optional<Unseen>& unseen() const { return unseen_; }

 private:
  std::optional<bool> visit(const std::string& path) {
    const auto keep = [](const std::string& line) {
      const auto parsed = parse_sshd_line(line);
      const std::string name = parsed ? parsed->keyword : "";
      return name == "usepam" || name == "include" || name == "match";
    };
    if (++files_ > kMaxFiles) return std::nullopt;
    const auto lines = look_.root.read_lines(path, keep, Sysroot::kSmallFile);
    const bool only_included = path != kSshdConfig;  // a pattern may match nothing
    if (!lines && !(only_included && lines.error().os_error == ENOENT)) unreadable_ = true;
    const bool hidden = !lines && lines.error().kind != ErrorKind::kNotFound;
    if (hidden && !unseen_) unseen_ = unseen_of(path, lines.error());
    bool always = true;  // not in a Match block of some logins
    for (const std::string& line : lines.value_or({})) {
      const auto parsed = parse_sshd_line(line);
      if (!parsed) continue;
      if (parsed->keyword == "match") always = same_but_case(parsed->arguments[0], "all");
      if (!always) continue;
      if (parsed->keyword == "usepam") return same_but_case(parsed->arguments[0], "yes");
      if (parsed->keyword != "include") continue;
      const auto found = visit_all(parsed->arguments);
      if (found) return found;
    }
    return std::nullopt;
  }

  std::optional<bool> visit_all(const std::vector<std::string>& patterns) {
    for (const std::string& pattern : patterns) {
      for (const std::string& file : matches(pattern)) {
        const auto found = visit(file);
        if (found) return found;
      }
    }
    return std::nullopt;
  }

  // What a pattern of glob(7) may be, in order; a path without wildcards need not be there.
  [[nodiscard]] std::vector<std::string> matches(const std::string& pattern) const {
    std::vector<std::string> paths = {""};
    for (const std::string& part :
         split(pattern.starts_with('/') ? pattern : "/etc/ssh/" + pattern, '/')) {
      if (part.empty()) continue;
      std::vector<std::string> next;
      for (const std::string& path : paths) {
        if (part.find_first_of("*?[\\") == std::string::npos) {
          next.push_back(path + "/" + part);
          continue;
        }
        for (const std::string& name : look_.root.list(path.empty() ? "/" : path).value_or({})) {
          const bool fits = fnmatch(part.c_str(), name.c_str(), FNM_PERIOD) == 0;
          if (fits && next.size() < kMaxFiles) next.push_back(path + "/" + name);
        }
      }
      paths = std::move(next);
    }
    std::sort(paths.begin(), paths.end());
    return paths;
  }

  const Look& look_;
  size_t files_ = 0;
  bool unreadable_ = false;
  std::optional<Unseen> unseen_;
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

void read_docker(const Look& look, LimitsFacts& facts) {
  const auto text = look.root.text("/etc/docker/daemon.json");
  if (text) facts.docker_gives = parse_docker_memlock(*text);
}

}  // namespace

void read_sessions(const Look& look, LimitsFacts& facts) {
  facts.ssh_stack = StackReader(look).read("sshd");
  facts.slurm_stack = StackReader(look).read("slurm");
  SshdReader sshd(look);
  facts.ssh_uses_pam = sshd.uses_pam();
  facts.sshd_unseen = sshd.unseen();
  if (!facts.ssh_stack.conf.empty()) {  // it replaces both
    read_limits_file(look, facts.ssh_stack.conf, facts);
  } else {
    read_limits_file(look, "/etc/security/limits.conf", facts);
    for (const std::string& file : conf_files(look, "/etc/security/limits.d", facts)) {
      read_limits_file(look, file, facts);
    }
  }
  read_slurm(look, facts);
  read_docker(look, facts);
}

}  // namespace efa
