// probe-software: looks for the EFA installer's files, for copies of the libraries, and for what
// belongs to a job's stack: the NCCL plugin, Open MPI, the SSM agent.
// Interface: files of the EFA installer (since 1.38 /opt/amazon/ofi-nccl), ld.so.cache of glibc.

#include "probes/software/read.h"

#include <algorithm>
#include <iterator>

#include "probes/base/text.h"
#include "probes/protocol/configuration_files.h"
#include "probes/protocol/installer_files.h"
#include "probes/protocol/telling.h"
#include "probes/software/facts.h"
#include "probes/software/parse.h"

namespace efa {
namespace {

constexpr const char* kLibraries[] = {"libfabric.so.1", "libefa.so.1", "libibverbs.so.1"};
constexpr const char* kLibraryDirectories[] = {
    kInstallerLibraries[0],       kInstallerLibraries[1], "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu", "/usr/lib64",           "/usr/lib",
    "/usr/local/lib64",           "/usr/local/lib",
};

constexpr size_t kMaxTopologyFiles = 64;  // of the plugin: one for each instance type

void keep_existing(const Look& look, const std::string& path, std::vector<std::string>& found) {
  if (look.root.exists(path)) found.push_back(path);
}

std::optional<std::string> first_existing(const Look& look,
                                          std::initializer_list<const char*> paths) {
  for (const char* path : paths) {
    if (look.root.exists(path)) return path;
  }
  return std::nullopt;
}

void read_installer(const Look& look, SoftwareFacts& facts) {
  for (const char* path :
       {"/opt/amazon/efa_installed_packages", "/opt/amazon/efa/installed_packages"}) {
    const Result<std::string> text = look.root.read(path);
    const bool hidden = !text && text.error().kind != ErrorKind::kNotFound;
    if (hidden && !facts.installer_unseen) facts.installer_unseen = unseen_of(text.error());
    if (!text || facts.installer_version) continue;
    const InstalledPackages installed = parse_installed_packages(*text);
    if (!installed.version) {  // whatever that is, the installer has not written it
      facts.installer_malformed = path;
      continue;
    }
    facts.installer_malformed.reset();
    facts.installer_version = installed.version;
    facts.installer_packages = installed.packages;
    facts.installer_minimal =
        std::none_of(installed.packages.begin(), installed.packages.end(),
                     [](const std::string& name) { return name.starts_with("libfabric"); });
  }
}

constexpr const char* kPlugins[] = {"libnccl-net-ofi.so", "libnccl-net.so"};
constexpr const char* kPluginPicked = "plugin=";  // a line that older recordings lack

// Of the loader's cache, which names every library of the machine: the path that it gives to each
// of ours, a line each.
std::string picked_libraries(const std::string& cache) {
  if (!is_loader_cache(cache)) return "";
  std::string paths;
  for (const char* name : kLibraries) {
    paths += parse_loader_cache(cache, name).value_or("") + "\n";
  }
  std::optional<std::string> plugin;
  for (const char* name : kPlugins) {
    if (!plugin) plugin = parse_loader_cache(cache, name);
  }
  return paths + kPluginPicked + plugin.value_or("");
}

// In the cache, or in a directory where the loader looks without one.
std::optional<bool> loader_finds_plugin(const Look& look, const std::string& picked) {
  if (!picked.starts_with(kPluginPicked)) return std::nullopt;
  if (picked != kPluginPicked) return true;
  for (const char* directory : kLibraryDirectories) {
    if (!std::string_view(directory).starts_with("/usr/lib")) continue;
    for (const char* name : kPlugins) {
      if (look.root.exists(std::string(directory) + "/" + name)) return true;
    }
  }
  return false;
}

LibraryCopy copy_at(const Look& look, const char* name, const std::string& path, bool picked) {
  return {name, path, base_name(look.root.link(path).value_or(name)), picked};
}

void read_libraries(const Look& look, SoftwareFacts& facts) {
  constexpr size_t kMaxCache = size_t{4} * 1024 * 1024;
  const auto picks = split(
      look.root.read_part("/etc/ld.so.cache", kMaxCache, picked_libraries).value_or(""), '\n');
  if (picks.size() > std::size(kLibraries)) {
    facts.loader_finds_plugin = loader_finds_plugin(look, picks[std::size(kLibraries)]);
  }
  for (size_t i = 0; i < std::size(kLibraries); ++i) {
    const char* name = kLibraries[i];
    const std::string picked = i < picks.size() ? picks[i] : "";
    bool found = false;
    for (const char* directory : kLibraryDirectories) {
      const std::string path = std::string(directory) + "/" + name;
      if (!look.root.exists(path)) continue;
      // the cache says /lib where a merged /usr makes that /usr/lib
      const bool is_picked = picked == path || "/usr" + picked == path;
      facts.libraries.push_back(copy_at(look, name, path, is_picked));
      found = found || is_picked;
    }
    // in a directory that /etc/ld.so.conf names
    if (picked.starts_with('/') && !found && look.root.exists(picked)) {
      facts.libraries.push_back(copy_at(look, name, picked, /*picked=*/true));
    }
  }
}

void read_stack(const Look& look, SoftwareFacts& facts) {
  for (const char* directory : kPluginLibraries) {
    for (const char* name : kPlugins) {
      keep_existing(look, std::string(directory) + "/" + name, facts.ofi_nccl);
    }
  }
  for (const char* path : {"/opt/amazon/openmpi", "/opt/amazon/openmpi5"}) {
    keep_existing(look, path, facts.openmpi);
  }
  for (const char* directory : kPluginTopologies) {
    const auto files = look.root.list(directory);
    for (const std::string& file : files.value_or({})) {
      if (facts.nccl_topology_files.size() == kMaxTopologyFiles) break;
      facts.nccl_topology_files.push_back(std::string(directory) + "/" + file);
    }
  }
  facts.ssm_agent = first_existing(
      look, {"/usr/bin/amazon-ssm-agent", "/snap/amazon-ssm-agent/current/amazon-ssm-agent"});
  facts.fi_info = first_existing(look, {"/opt/amazon/efa/bin/fi_info", "/usr/bin/fi_info"});
}

// ACTION=="add", SUBSYSTEM=="infiniband", PROGRAM="rdma_rename %k NAME_FALLBACK"
// With NAME_KERNEL the kernel's name stays, NAME_FIXED is for one device. Of somebody's own file it
// is recorded only that such a line is there.
bool renames(std::string& line) {
  const std::string_view rule = trim(line);
  const auto has = [&](std::string_view word) { return rule.find(word) != std::string_view::npos; };
  if (rule.starts_with('#') || !has("rdma_rename")) return false;
  if (has("NAME_KERNEL") || has("NAME_FIXED")) return false;
  line = "renames";
  return true;
}

// Of files of one name udev reads the first directory's; one that is a link to /dev/null, or
// empty, turns the rule off: udev(7).
std::optional<std::string> read_rename_rule(const Look& look) {
  for (const char* before : {"/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib"}) {
    const std::string path = std::string(before) + "/udev/rules.d/60-rdma-persistent-naming.rules";
    if (look.root.link(path).value_or("").ends_with("/dev/null")) return std::nullopt;
    if (!look.root.exists(path)) continue;
    const auto rules = look.root.read_lines(path, renames, Sysroot::kSmallFile);
    if (rules && rules->empty()) return std::nullopt;
    return path;  // one that cannot be read most likely renames: distributions ship it so
  }
  return std::nullopt;
}

// "nvidia": what efa and its companion of NVIDIA GPUs have loaded at boot
bool is_named(const std::string& line) {
  constexpr std::string_view kNames[] = {"efa", "efa_nv_peermem", "nvidia"};
  return is_one_of(trim(line), kNames);
}

void read_modules_load(const Look& look, SoftwareFacts& facts) {
  const ConfigurationFiles files =
      read_configuration_files(look, "modules-load.d", [] { return Sysroot::KeepLine(is_named); });
  bool unread = !files.unread.empty();
  bool names_efa = false;
  for (const auto& [name, file] : files.by_name) {
    bool names_nvidia = !file.lines;  // or could
    unread = unread || !file.lines;
    for (const std::string& line : file.lines.value_or({})) {
      const bool is_efa = trim(line) == "efa";
      names_efa = names_efa || is_efa;
      names_nvidia = names_nvidia || (is_named(line) && !is_efa);  // a recording may hold others
    }
    if (name == "efa_nv_peermem.conf" && names_nvidia) facts.nv_peermem_conf = file.path;
  }
  if (names_efa || !unread) facts.efa_conf_modules_load = names_efa;
}

}  // namespace

void read_software(const Look& look) {
  SoftwareFacts facts;
  Telling<SoftwareFacts> telling(look.out);
  look.out.doing("read files of the EFA installer", "/opt/amazon");
  read_installer(look, facts);
  telling.so_far(facts);
  look.out.doing("look for libraries");
  read_libraries(look, facts);
  telling.so_far(facts);
  look.out.doing("look for what jobs use");
  read_stack(look, facts);
  telling.so_far(facts);
  look.out.doing("read the system's configuration", "/etc");
  facts.rename_rule = read_rename_rule(look);
  read_modules_load(look, facts);
  telling.all(facts);
}

}  // namespace efa
