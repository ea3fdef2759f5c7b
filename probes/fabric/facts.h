// What probe-fabric saw through one libfabric: the domains that its efa provider offers.
// Interface: fi_getinfo(3), fi_efa(7). A domain is "<RDMA device>-rdm".
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "probes/judging/check.h"

namespace efa {

struct FabricDomain {
  std::string device;  // the RDMA device's name: the domain without its ending
  std::string domain;
  std::string fabric;    // "efa", "efa-direct", before 1.18 "EFA-<gid>"
  std::string endpoint;  // "rdm"
};

template <class Io>
void describe(Io& io, FabricDomain& domain) {
  io("device", domain.device);
  io("domain", domain.domain);
  io("fabric", domain.fabric);
  io("endpoint", domain.endpoint);
}

struct FabricFacts {
  std::optional<std::string> library;  // the file that the loader took
  std::optional<std::string> version;  // of the library, "2.1"
  std::optional<std::string> provider_version;
  std::optional<int> getinfo_status;  // 0, or a negative fi_errno: -61 is "no data available"
  std::string getinfo_error;
  // the copy was built with the provider efa; asked only where it offers nothing
  std::optional<bool> has_provider;
  std::vector<FabricDomain> domains;
  std::vector<std::string> devices;  // distinct devices with an rdm endpoint, by name
};

template <class Io>
void describe(Io& io, FabricFacts& facts) {
  io("library", facts.library);
  io("version", facts.version);
  io("provider_version", facts.provider_version);
  io("getinfo_status", facts.getinfo_status);
  io("getinfo_error", facts.getinfo_error);
  io("has_provider", facts.has_provider);
  io("domains", facts.domains);
  io("devices", facts.devices);
}

}  // namespace efa
