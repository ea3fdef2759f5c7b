// The libfabric that the loader took, for the programs that link it.
#pragma once

#include <dlfcn.h>
#include <rdma/fabric.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace efa {

struct FreeFabricInfo {
  void operator()(fi_info* info) const { fi_freeinfo(info); }
};
using FabricInfo = std::unique_ptr<fi_info, FreeFabricInfo>;

inline std::optional<std::string> libfabric_file() {
  Dl_info library{};
  if (dladdr(reinterpret_cast<void*>(&fi_getinfo), &library) == 0) {  // NOLINT: dladdr's type
    return std::nullopt;
  }
  return library.dli_fname;
}

// "1.29", also of a provider.
inline std::string fabric_version_text(uint32_t version) {
  return std::to_string(FI_MAJOR(version)) + "." + std::to_string(FI_MINOR(version));
}

}  // namespace efa
