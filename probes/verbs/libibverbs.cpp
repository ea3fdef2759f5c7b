// probe-verbs on libibverbs and libefa. Nothing is decided here: read.cpp says what is asked, and
// in which order.

#include <dlfcn.h>
#include <infiniband/efadv.h>
#include <infiniband/verbs.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "probes/protocol/probe_main.h"
#include "probes/verbs/library.h"
#include "probes/verbs/read.h"

namespace efa {
namespace {

constexpr uint8_t kPort = 1;

class OpenDevice final : public VerbsContext {
 public:
  explicit OpenDevice(ibv_context* context) : context_(context) {}
  OpenDevice(const OpenDevice&) = delete;
  OpenDevice& operator=(const OpenDevice&) = delete;
  ~OpenDevice() override { ibv_close_device(context_); }

  Result<VerbsAttributes> query_device() override {
    ibv_device_attr device{};
    if (const int error = ibv_query_device(context_, &device)) {
      return system_error(error, "ibv_query_device");
    }
    return VerbsAttributes{
        device.vendor_part_id, device.hw_ver, {device.fw_ver, strnlen(device.fw_ver, 64)},
        device.max_qp,         device.max_cq, device.max_mr,
        device.max_mr_size};
  }

  Result<VerbsPort> query_port() override {
    ibv_port_attr port{};
    if (const int error = ibv_query_port(context_, kPort, &port)) {
      return system_error(error, "ibv_query_port");
    }
    return VerbsPort{port.state, port.max_msg_sz};
  }

  Result<GidBytes> query_gid() override {
    ibv_gid gid{};
    if (ibv_query_gid(context_, kPort, 0, &gid) != 0) return system_error(errno, "ibv_query_gid");
    GidBytes bytes;
    std::copy(std::begin(gid.raw), std::end(gid.raw), bytes.begin());
    return bytes;
  }

  Result<EfaAttributes> query_efa() override {
    efadv_device_attr efa{};
    if (const int error = efadv_query_device(context_, &efa, sizeof efa)) {
      return system_error(error, "efadv_query_device");
    }
    return EfaAttributes{efa.max_sq_wr, efa.max_rq_wr, efa.inline_buf_size, efa.max_rdma_size,
                         efa.device_caps};
  }

 private:
  ibv_context* context_;
};

class Libibverbs final : public VerbsLibrary {
 public:
  Libibverbs() = default;
  Libibverbs(const Libibverbs&) = delete;
  Libibverbs& operator=(const Libibverbs&) = delete;
  ~Libibverbs() override {
    if (list_ != nullptr) ibv_free_device_list(list_);
  }

  [[nodiscard]] std::optional<std::string> file() const override {
    Dl_info library{};
    if (dladdr(reinterpret_cast<void*>(&ibv_open_device), &library) == 0) {  // NOLINT
      return std::nullopt;
    }
    return library.dli_fname;
  }

  Result<std::vector<std::string>> list() override {
    errno = 0;
    list_ = ibv_get_device_list(&count_);
    if (list_ == nullptr) return system_error(errno, "ibv_get_device_list");
    std::vector<std::string> names;
    for (int i = 0; i < count_; ++i) names.emplace_back(ibv_get_device_name(list_[i]));
    return names;
  }

  Result<std::unique_ptr<VerbsContext>> open(const std::string& name) override {
    ibv_device** const end = list_ + count_;
    ibv_device** const device =
        std::find_if(list_, end, [&](ibv_device* one) { return name == ibv_get_device_name(one); });
    errno = 0;
    ibv_context* context = device == end ? nullptr : ibv_open_device(*device);
    // libibverbs gives none without an errno where no provider takes the device
    if (context == nullptr) return system_error(errno == 0 ? ENODEV : errno, "ibv_open_device");
    return std::unique_ptr<VerbsContext>(new OpenDevice(context));
  }

 private:
  ibv_device** list_ = nullptr;
  int count_ = 0;
};

}  // namespace
}  // namespace efa

int main(int argc, char** argv) {
  return efa::probe_main(argc, argv, [](const efa::Look& look) {
    efa::Libibverbs library;
    efa::read_verbs(look, library);
  });
}
