// The RDMA devices that libibverbs lists, for the probes that link it: ibv_get_device_list(3).
#pragma once

#include <dlfcn.h>
#include <infiniband/verbs.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>
#include <vector>

#include "probes/base/result.h"

namespace efa {

// Which file the loader took.
inline std::optional<std::string> libibverbs_file() {
  Dl_info library{};
  if (dladdr(reinterpret_cast<void*>(&ibv_open_device), &library) == 0) {  // NOLINT
    return std::nullopt;
  }
  return library.dli_fname;
}

class VerbsDevices {
 public:
  VerbsDevices() = default;
  VerbsDevices(const VerbsDevices&) = delete;
  VerbsDevices& operator=(const VerbsDevices&) = delete;
  ~VerbsDevices() {
    if (list_ != nullptr) ibv_free_device_list(list_);
  }

  // Their names.
  Result<std::vector<std::string>> list() {
    errno = 0;
    list_ = ibv_get_device_list(&count_);
    if (list_ == nullptr) return system_error(errno, "ibv_get_device_list");
    std::vector<std::string> names;
    for (int i = 0; i < count_; ++i) names.emplace_back(ibv_get_device_name(list_[i]));
    return names;
  }

  // libibverbs gives none without an errno where no provider takes the device.
  [[nodiscard]] Result<ibv_context*> open(const std::string& name) const {
    ibv_device** const end = list_ + count_;
    ibv_device** const device =
        std::find_if(list_, end, [&](ibv_device* one) { return name == ibv_get_device_name(one); });
    errno = 0;
    ibv_context* context = device == end ? nullptr : ibv_open_device(*device);
    if (context == nullptr) return system_error(errno == 0 ? ENODEV : errno, "ibv_open_device");
    return context;
  }

 private:
  ibv_device** list_ = nullptr;
  int count_ = 0;
};

}  // namespace efa
