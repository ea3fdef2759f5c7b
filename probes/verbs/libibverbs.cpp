// probe-verbs on libibverbs and libefa. Nothing is decided here: read.cpp says what is asked, and
// in which order.

#include <infiniband/efadv.h>
#include <infiniband/verbs.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "probes/protocol/probe_main.h"
#include "probes/protocol/verbs_devices.h"
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
  [[nodiscard]] std::optional<std::string> file() const override { return libibverbs_file(); }
  Result<std::vector<std::string>> list() override { return devices_.list(); }
  Result<std::unique_ptr<VerbsContext>> open(const std::string& name) override {
    const Result<ibv_context*> context = devices_.open(name);
    if (!context) return context.error();
    return std::unique_ptr<VerbsContext>(new OpenDevice(*context));
  }

 private:
  VerbsDevices devices_;
};

}  // namespace
}  // namespace efa

int main(int argc, char** argv) {
  return efa::probe_main(argc, argv, [](const efa::Look& look) {
    efa::Libibverbs library;
    efa::read_verbs(look, library);
  });
}
