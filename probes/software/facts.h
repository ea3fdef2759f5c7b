// What probe-software saw: which EFA software lies on this disk.
// Interface: the files of the EFA installer (efa_installed_packages), ld.so(8).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "probes/base/unseen.h"
#include "probes/judging/check.h"

namespace efa {

struct LibraryCopy {
  std::string name;  // "libfabric.so.1"
  std::string path;
  std::string file;     // the file behind the link, whose name carries the version
  bool picked = false;  // the loader takes this one when nobody sets LD_LIBRARY_PATH
};

template <class Io>
void describe(Io& io, LibraryCopy& copy) {
  io("name", copy.name);
  io("path", copy.path);
  io("file", copy.file);
  io("picked", copy.picked);
}

struct SoftwareFacts {
  std::optional<std::string> installer_version;
  std::optional<std::string> installer_malformed;  // the path of a file that names no version
  std::optional<Unseen> installer_unseen;          // such a file that could not be read
  std::vector<std::string> installer_packages;
  std::optional<bool> installer_minimal;  // no libfabric among its packages
  std::vector<LibraryCopy> libraries;
  std::vector<std::string> ofi_nccl;  // paths of the NCCL network plugin
  // by its name, without LD_LIBRARY_PATH; absent: the loader's cache was not read
  std::optional<bool> loader_finds_plugin;
  std::vector<std::string> openmpi;  // directories
  std::vector<std::string> nccl_topology_files;
  std::optional<std::string> ssm_agent;        // path
  std::optional<std::string> fi_info;          // path
  std::optional<std::string> rename_rule;      // the udev rules that rename RDMA devices
  std::optional<bool> efa_conf_modules_load;   // modules-load.d names efa
  std::optional<std::string> nv_peermem_conf;  // modules-load.d file that names nvidia for it

  // The file that hides what the installer has installed; "" when none does.
  [[nodiscard]] std::string hides_installer() const {
    if (installer_version) return "";
    return installer_unseen ? installer_unseen->what : installer_malformed.value_or("");
  }
};

template <class Io>
void describe(Io& io, SoftwareFacts& facts) {
  io("installer_version", facts.installer_version);
  io("installer_malformed", facts.installer_malformed);
  io("installer_unseen", facts.installer_unseen);
  io("installer_packages", facts.installer_packages);
  io("installer_minimal", facts.installer_minimal);
  io("libraries", facts.libraries);
  io("ofi_nccl", facts.ofi_nccl);
  io("loader_finds_plugin", facts.loader_finds_plugin);
  io("openmpi", facts.openmpi);
  io("nccl_topology_files", facts.nccl_topology_files);
  io("ssm_agent", facts.ssm_agent);
  io("fi_info", facts.fi_info);
  io("rename_rule", facts.rename_rule);
  io("efa_conf_modules_load", facts.efa_conf_modules_load);
  io("nv_peermem_conf", facts.nv_peermem_conf);
}

}  // namespace efa
