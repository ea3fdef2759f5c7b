// probe-verbs: opens and queries every EFA device through libibverbs and libefa.
// Interface: the manual pages named in facts.h. Opening makes the driver send an admin command, so
// a dead device blocks its caller for 30 s: each device is asked in a process of its own.

#include <dlfcn.h>
#include <infiniband/efadv.h>
#include <infiniband/verbs.h>

#include <cstring>
#include <map>

#include "probes/protocol/efa_functions.h"
#include "probes/protocol/probe_main.h"
#include "probes/protocol/text.h"
#include "probes/verbs/facts.h"

namespace efa {
namespace {

VerbsStep failed_step(const char* step, int os_error) {
  return {step, os_error, std::strerror(os_error)};
}

std::string gid_text(const ibv_gid& gid) {
  std::string text;
  for (size_t i = 0; i < sizeof gid.raw; i += 2) {
    if (i > 0) text += ':';
    text += to_hex({reinterpret_cast<const char*>(gid.raw) + i, 2});  // NOLINT: bytes as text
  }
  return text;
}

struct CapabilityName {
  uint32_t bit;
  const char* name;
};
// efadv.h of rdma-core 64; written as numbers because older headers lack the newer names
constexpr CapabilityName kCapabilities[] = {
    {1U << 0U, "rdma_read"},
    {1U << 1U, "rnr_retry"},
    {1U << 2U, "cq_with_sgid"},
    {1U << 3U, "rdma_write"},
    {1U << 4U, "unsolicited_write_recv"},
    {1U << 5U, "cq_with_ext_mem_dmabuf"},
    {1U << 6U, "completion_counters"},
};

bool query_device(ibv_context* context, const Emitter& out, VerbsDevice& device) {
  out.doing("ibv_query_device");
  ibv_device_attr attributes{};
  if (const int error = ibv_query_device(context, &attributes)) {
    device.failed = failed_step("ibv_query_device", error);
    return false;
  }
  device.vendor_part_id = static_cast<int>(attributes.vendor_part_id);
  device.hw_version = static_cast<int>(attributes.hw_ver);
  device.fw_version = make_utf8({attributes.fw_ver, strnlen(attributes.fw_ver, 64)});
  device.max_qp = attributes.max_qp;
  device.max_cq = attributes.max_cq;
  device.max_mr = attributes.max_mr;
  device.max_mr_size = attributes.max_mr_size;
  return true;
}

bool query_port(ibv_context* context, const Emitter& out, VerbsDevice& device) {
  out.doing("ibv_query_port");
  ibv_port_attr port{};
  if (const int error = ibv_query_port(context, 1, &port)) {
    device.failed = failed_step("ibv_query_port", error);
    return false;
  }
  device.port_state = port.state;
  device.max_message_bytes = port.max_msg_sz;
  out.doing("ibv_query_gid");
  ibv_gid gid{};
  if (ibv_query_gid(context, 1, 0, &gid) != 0) {
    device.failed = failed_step("ibv_query_gid", errno);
    return false;
  }
  device.gid = gid_text(gid);
  return true;
}

void query_efa(ibv_context* context, const Emitter& out, VerbsDevice& device) {
  out.doing("efadv_query_device");
  efadv_device_attr attributes{};
  if (efadv_query_device(context, &attributes, sizeof attributes) != 0) return;
  device.max_sq_wr = static_cast<int>(attributes.max_sq_wr);
  device.max_rq_wr = static_cast<int>(attributes.max_rq_wr);
  device.inline_buf_size = attributes.inline_buf_size;
  device.max_rdma_bytes = attributes.max_rdma_size;
  device.capability_bits = attributes.device_caps;
  for (const CapabilityName& capability : kCapabilities) {
    if ((attributes.device_caps & capability.bit) != 0) {
      device.capabilities.emplace_back(capability.name);
    }
  }
}

void ask_device(ibv_device* handle, const PciAddress& address, const Emitter& out) {
  VerbsDevice device;
  device.address = address;
  device.name = ibv_get_device_name(handle);
  out.doing("ibv_open_device");
  errno = 0;
  ibv_context* context = ibv_open_device(handle);
  if (context == nullptr) {
    device.failed = failed_step("ibv_open_device", errno == 0 ? ENODEV : errno);
    out.add("devices", device);
    return;
  }
  if (query_device(context, out, device) && query_port(context, out, device)) {
    query_efa(context, out, device);
  }
  out.add("devices", device);
  out.doing("ibv_close_device");
  ibv_close_device(context);
}

std::optional<PciAddress> efa_address(const Look& look, const char* name) {
  const auto address = pci_function_behind(look.root, "/sys/class/infiniband/" + std::string(name));
  return address && is_efa_function(look.root, *address) ? address : std::nullopt;
}

void read_verbs(const Look& look) {
  Dl_info library{};
  if (dladdr(reinterpret_cast<void*>(&ibv_open_device), &library) != 0) {  // NOLINT
    look.out.set("library", std::string(library.dli_fname));
  }
  look.out.doing("ibv_get_device_list");
  int count = 0;
  errno = 0;
  ibv_device** list = ibv_get_device_list(&count);
  if (list == nullptr) {
    look.out.set("list_failed", failed_step("ibv_get_device_list", errno));
    return;
  }
  std::map<std::string, ibv_device*> handles;
  std::vector<std::string> subjects;
  for (int i = 0; i < count; ++i) {
    const auto address = efa_address(look, ibv_get_device_name(list[i]));
    if (!address) continue;
    handles[address->to_text()] = list[i];
    subjects.push_back(address->to_text());
  }
  look.out.set("listed", subjects);
  ask_each_in_own_process(look, subjects, [&](const std::string& subject, const Emitter& out) {
    ask_device(handles.at(subject), *PciAddress::from_text(subject), out);
  });
  ibv_free_device_list(list);
}

}  // namespace
}  // namespace efa

int main(int argc, char** argv) {
  return efa::probe_main(argc, argv, efa::read_verbs);
}
