// The calls of libfabric that probe-fabric makes, so that it can be read without a device: one
// implementation calls them, tests replay answers. Interface: fi_getinfo(3), fi_version(3).
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace efa {

// An fi_info; what it leaves out is absent.
struct FabricEntry {
  std::optional<std::string> domain;            // domain_attr->name
  std::optional<std::string> fabric;            // fabric_attr->name
  std::optional<std::string> provider_version;  // fabric_attr->prov_version: "201.0"
};

struct FabricAnswer {
  int status = 0;     // 0, or a negative fi_errno
  std::string error;  // fi_strerror of it; "" when it is 0
  std::vector<FabricEntry> entries;
};

class FabricLibrary {
 public:
  FabricLibrary() = default;
  FabricLibrary(const FabricLibrary&) = delete;
  FabricLibrary& operator=(const FabricLibrary&) = delete;
  virtual ~FabricLibrary() = default;

  // Which file the loader took.
  [[nodiscard]] virtual std::optional<std::string> file() const = 0;
  [[nodiscard]] virtual std::string version() const = 0;  // "2.1"
  // What the provider "efa" offers for FI_EP_RDM, in whatever mode.
  virtual FabricAnswer get_info() = 0;
  // Whether the copy was built with the provider "efa", after get_info(). Nothing: it does not
  // tell.
  virtual std::optional<bool> has_provider() = 0;
};

}  // namespace efa
