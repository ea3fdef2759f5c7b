// What probe-verbs saw through libibverbs and libefa: the way in that every EFA program takes.
// Interface: ibv_open_device(3), ibv_query_device(3), ibv_query_port(3), efadv_query_device(3).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "probes/judging/check.h"
#include "probes/protocol/own_process.h"
#include "probes/protocol/pci_address.h"

namespace efa {

struct VerbsStep {
  std::string step;  // the call that failed, e.g. "ibv_open_device"
  int os_error = 0;
  std::string reason;
};

template <class Io>
void describe(Io& io, VerbsStep& step) {
  io("step", step.step);
  io("os_error", step.os_error);
  io("reason", step.reason);
}

struct VerbsDevice {
  PciAddress address;
  std::string name;
  std::optional<VerbsStep> failed;  // the first step that failed; what follows is then absent
  std::optional<int> vendor_part_id;
  std::optional<int> hw_version;
  std::optional<std::string> fw_version;
  std::optional<int> max_qp;
  std::optional<int> max_cq;
  std::optional<int> max_mr;
  std::optional<uint64_t> max_mr_size;
  std::optional<int> port_state;
  std::optional<uint32_t> max_message_bytes;
  std::optional<std::string> gid;
  // efadv_query_device; absent where libefa or the kernel does not know it
  std::optional<int> max_sq_wr;
  std::optional<int> max_rq_wr;
  std::optional<int> inline_buf_size;
  std::optional<uint32_t> max_rdma_bytes;
  std::optional<uint32_t> capability_bits;  // EFADV_DEVICE_ATTR_CAPS_*
  std::vector<std::string> capabilities;
};

template <class Io>
void describe(Io& io, VerbsDevice& device) {
  io("address", device.address);
  io("name", device.name);
  io("failed", device.failed);
  io("vendor_part_id", device.vendor_part_id);
  io("hw_version", device.hw_version);
  io("fw_version", device.fw_version);
  io("max_qp", device.max_qp);
  io("max_cq", device.max_cq);
  io("max_mr", device.max_mr);
  io("max_mr_size", device.max_mr_size);
  io("port_state", device.port_state);
  io("max_message_bytes", device.max_message_bytes);
  io("gid", device.gid);
  io("max_sq_wr", device.max_sq_wr);
  io("max_rq_wr", device.max_rq_wr);
  io("inline_buf_size", device.inline_buf_size);
  io("max_rdma_bytes", device.max_rdma_bytes);
  io("capability_bits", device.capability_bits);
  io("capabilities", device.capabilities);
}

struct VerbsFacts {
  std::optional<std::string> library;              // the file that the loader took
  std::optional<std::vector<std::string>> listed;  // PCI addresses of the EFA devices listed
  std::vector<VerbsDevice> devices;
  std::vector<Asked> asked;
  std::optional<VerbsStep> list_failed;
};

template <class Io>
void describe(Io& io, VerbsFacts& facts) {
  io("library", facts.library);
  io("listed", facts.listed);
  io("devices", facts.devices);
  io("asked", facts.asked);
  io("list_failed", facts.list_failed);
}

}  // namespace efa
