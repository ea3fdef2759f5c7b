#include "agent/pass/redact_files.h"

#include <algorithm>
#include <array>
#include <functional>
#include <iterator>
#include <vector>

#include "agent/pass/identity.h"
#include "agent/pass/redact_texts.h"
#include "probes/base/text.h"
#include "probes/limits/doors.h"

namespace efa {
namespace {

using OfWord = std::function<std::string(const std::string&)>;

constexpr std::string_view kControlGroups = "/sys/fs/cgroup";

constexpr std::string_view kOwnNames[] = {
    // directories
    "etc", "run", "usr", "lib", "local", "var", "opt", "boot", "spool", "udev", "rules.d", "loader",
    "entries", "default", "grub", "grub.d", "kernel", "cmdline", "hostname", "hosts", "docker",
    "modprobe.d", "modules-load.d", "sysctl.d", "security", "limits.d", "pam.d", "sshd", "ssh",
    "sshd_config.d", "slurm", "slurm-llnl", "slurmd", "conf", "conf-cache", "systemd", "system",
    "system.conf.d", "system.control", "system.attached", "transient", "generator",
    "generator.early", "generator.late", "container", "nvidia", "driver", "secrets",
    "kubernetes.io", "efa-doctor", "service.d", "probes.d", "host", "container-manager",
    // files
    "60-rdma-persistent-naming.rules", "os-release", "ld.so.cache", "resolv.conf", "daemon.json",
    "efa_nv_peermem.conf", "limits.conf", "slurm.conf", "system.conf", ".containerenv",
    "sshd_config"};

// Of units, control groups and container runtimes; "name" is that of a pseudonym.
constexpr std::string_view kPublicWords[] = {
    // of systemd, of schedulers, of container runtimes
    "name",        "system",    "user",       "session",       "app",       "background",
    "init",        "machine",   "service",    "slice",         "scope",     "socket",
    "target",      "mount",     "automount",  "swap",          "timer",     "path",
    "device",      "d",         "wants",      "requires",      "upholds",   "default",
    "multi",       "graphical", "network",    "online",        "systemd",   "dbus",
    "run",         "home",      "tmp",        "mnt",           "var",       "lib",
    "etc",         "cgroup",    "procs",      "devices",       "list",      "memory",
    "max",         "unified",   "slurm",      "slurmd",        "slurmctld", "slurmstepd",
    "job",         "step",      "task",       "uid",           "batch",     "extern",
    "interactive", "special",   "docker",     "containerd",    "cri",       "crio",
    "conmon",      "kubelet",   "kubepods",   "besteffort",    "burstable", "guaranteed",
    "pod",         "pods",      "libpod",     "podman",        "lxc",       "payload",
    "ecs",         "overlay",   "containers", "hosts",         "hostname",  "resolv",
    "conf",        "ssh",       "sshd",       "efa",           "doctor",    "amazon",
    "ssm",         "agent",     "nvidia",     "fabricmanager", "runtime",   "type"};

bool is_number(std::string_view word) {
  constexpr size_t kLongest = 8;  // a date, a process, a user; an account has 12 digits
  return word.size() <= kLongest && std::all_of(word.begin(), word.end(), is_digit);
}

// "sge" and "execd" of sge_execd, "lsfd" of lsfd.service
bool is_word_of_door(const std::string& word) {
  const auto has = [&](const char* name) {
    return name != nullptr && is_one_of(word, split(replaced(name, "_", "-"), '-'));
  };
  return std::any_of(doors().begin(), doors().end(), [&](const DoorRow& row) {
    return has(row.command) ||
           std::any_of(std::begin(row.units), std::end(row.units), [&](const char* unit) {
             return unit != nullptr && has(replaced(unit, ".service", "").c_str());
           });
  });
}

bool stays(const std::string& word) {
  return is_number(word) || is_one_of(lower_case(word), kPublicWords) || is_word_of_door(word);
}

// Word by word: a part of a unit's name can be the beginning of a drop-in directory's, as in
// "acme-.service.d" of "acme-slurmd.service".
std::string each_word(const std::string& name, const OfWord& of_word) {
  constexpr size_t kUuid = 36;
  std::string out;
  std::string word;
  const auto end_word = [&] {
    if (!word.empty()) out += stays(word) ? word : of_word(word);
    word.clear();
  };
  for (size_t i = 0; i < name.size();) {
    const bool uuid = begins_with_uuid(std::string_view(name).substr(i));
    const auto byte = static_cast<unsigned char>(name[i]);
    if (!uuid && (is_alnum(name[i]) || byte >= 0x80)) {
      word += name[i++];
      continue;
    }
    end_word();
    out += uuid ? of_word(name.substr(i, kUuid)) : std::string(1, name[i]);
    i += uuid ? kUuid : 1;
  }
  end_word();
  return out;
}

// Part by part between '-', each but for the number and the separator that lead it: so pseudonyms
// whose numbers are in the order of the words leave the names in their own.
std::string each_part(const std::string& name, const OfWord& of_word) {
  std::vector<std::string> parts = split(name, '-');
  for (std::string& part : parts) {
    const size_t digits = std::min(part.find_first_not_of("0123456789"), part.size());
    size_t begin = is_number(part.substr(0, digits)) ? digits : 0;
    while (begin < part.size() && static_cast<unsigned char>(part[begin]) < 0x80 &&
           !is_alnum(part[begin])) {
      ++begin;
    }
    const std::string word = part.substr(begin);
    if (!word.empty() && word != "name") part = part.substr(0, begin) + of_word(word);
  }
  return join(parts, "-");
}

// "ssh.service", "ssh.service.d", "multi-user.target.wants"
bool names_unit(std::string_view name) {
  constexpr std::string_view kOfUnits[] = {".d", ".wants", ".requires", ".upholds"};
  constexpr std::string_view kUnits[] = {".service",   ".socket", ".slice", ".scope",
                                         ".target",    ".mount",  ".swap",  ".timer",
                                         ".automount", ".path",   ".device"};
  for (const std::string_view ending : kOfUnits) {
    if (name.ends_with(ending)) name.remove_suffix(ending.size());
  }
  return std::any_of(std::begin(kUnits), std::end(kUnits),
                     [&](std::string_view ending) { return name.ends_with(ending); });
}

std::string each_of_file(const std::string& name, const OfWord& of_word) {
  if (names_unit(name)) return each_word(name, of_word);
  for (const std::string_view ending : {".conf", ".cfg", ".rules", ".d"}) {
    if (!name.ends_with(ending)) continue;
    return each_part(name.substr(0, name.size() - ending.size()), of_word) + std::string(ending);
  }
  return each_part(name, of_word);
}

std::string each_of_path(const std::string& path, const OfWord& of_word) {
  std::vector<std::string> names = split(path, '/');
  for (std::string& name : names) {
    if (!is_own_name(name)) name = each_of_file(name, of_word);
  }
  return join(names, "/");
}

// Ids have pseudonyms that are ids.
bool is_id(const std::string& word) {
  return begins_with_uuid(word) || identity_of(word) == Identity::kHexId;
}

OfWord pseudonym_by(Pseudonyms& pseudonyms) {
  return [&](const std::string& word) {
    return is_id(word) ? pseudonyms.of_text(word) : pseudonyms.of_name(word);
  };
}

}  // namespace

bool is_known_path(std::string_view path) {
  constexpr std::array<std::string_view, 28> kRoots = {
      "/bin/",           "/boot/",
      "/dev/",           "/etc/",
      "/latest/",        "/lib/",
      "/lib32/",         "/lib64/",
      "/opt/amazon/",    "/opt/aws",
      "/opt/slurm/",     "/proc/",
      "/run/",           "/sbin/",
      "/snap/",          "/sys/",
      "/topology.xml/",  "/usr/",
      "/vmlinuz/",       "/var/lib/dkms/",
      "/var/lib/dpkg/",  "/var/run/",
      "/var/lib/efa-",   "/var/log/fabricmanager.log/",
      "/.dockerenv",     "/var/spool/slurmd/",
      "/.singularity.d", "/.lock"};
  const std::string whole = std::string(path) + "/";
  return path.find_first_not_of('/') == std::string_view::npos || whole.starts_with("/efi/EFI/") ||
         whole.starts_with("/ch/environment/") ||
         std::any_of(kRoots.begin(), kRoots.end(),
                     [&](std::string_view root) { return whole.starts_with(root); });
}

bool is_site_path(std::string_view path) {
  constexpr std::string_view kRoots[] = {"/etc/",         "/run/",       "/var/run/",
                                         "/boot/loader/", "/opt/slurm/", "/var/spool/slurmd/"};
  const auto begins = [&](std::string_view root) { return path.starts_with(root); };
  if (std::any_of(std::begin(kRoots), std::end(kRoots), begins)) return true;
  if (!begins("/usr/") && !begins("/lib/")) return false;
  std::vector<std::string> above = split(path, '/');
  above.pop_back();
  return std::any_of(above.begin(), above.end(), [](const std::string& name) {
    return name == "systemd" || name.ends_with(".d");
  });
}

bool is_own_name(std::string_view name) {
  return is_one_of(name, kOwnNames);
}

std::string redacted_file_name(const std::string& name, Pseudonyms& pseudonyms) {
  return is_own_name(name) ? name : each_of_file(name, pseudonym_by(pseudonyms));
}

std::string redacted_path(const std::string& path, Pseudonyms& pseudonyms) {
  if (path.starts_with(kControlGroups)) {
    return std::string(kControlGroups) +
           redacted_control_group(path.substr(kControlGroups.size()), pseudonyms);
  }
  if (is_site_path(path)) return each_of_path(path, pseudonym_by(pseudonyms));
  const bool whole = path.starts_with('/') && !is_known_path(path);
  return whole ? "/" + pseudonyms.of_name(path) : pseudonyms.of_text(path);
}

std::string redacted_control_group(const std::string& group, Pseudonyms& pseudonyms) {
  constexpr std::string_view kJob = "job_";
  std::vector<std::string> names = split(group, '/');
  for (std::string& name : names) {
    const bool job = name.starts_with(kJob) && is_number(name.substr(kJob.size()));
    name = job ? redacted_job(name, pseudonyms) : each_word(name, pseudonym_by(pseudonyms));
  }
  return join(names, "/");
}

void take_words(const std::string& path, std::set<std::string>& words) {
  if (!is_site_path(path)) return;
  each_of_path(path, [&](const std::string& word) {
    if (!is_id(word)) words.insert(word);
    return word;
  });
}

}  // namespace efa
