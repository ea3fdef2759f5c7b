// probe-verbs: opens and queries every EFA device through libibverbs and libefa.
// Opening makes the driver send an admin command, so a dead device blocks its caller for 30 s: each
// device is asked in a process of its own.

#include "probes/verbs/read.h"

#include <map>

#include "probes/base/text.h"
#include "probes/protocol/efa_functions.h"
#include "probes/protocol/own_process.h"
#include "probes/verbs/facts.h"
#include "probes/verbs/parse.h"

namespace efa {
namespace {

VerbsStep failed_step(const Error& error) {
  return {error.where, error.os_error, error.what};
}

bool query_device(VerbsContext& context, const Emitter& out, VerbsDevice& device) {
  out.doing("ibv_query_device");
  const Result<VerbsAttributes> attributes = context.query_device();
  if (!attributes) {
    device.failed = failed_step(attributes.error());
    return false;
  }
  device.vendor_part_id = static_cast<int>(attributes->vendor_part_id);
  device.hw_version = static_cast<int>(attributes->hw_version);
  device.fw_version = make_utf8(attributes->fw_version);
  device.max_qp = attributes->max_qp;
  device.max_cq = attributes->max_cq;
  device.max_mr = attributes->max_mr;
  device.max_mr_size = attributes->max_mr_size;
  return true;
}

bool query_port(VerbsContext& context, const Emitter& out, VerbsDevice& device) {
  out.doing("ibv_query_port");
  const Result<VerbsPort> port = context.query_port();
  if (!port) {
    device.failed = failed_step(port.error());
    return false;
  }
  device.port_state = port->state;
  device.max_message_bytes = port->max_message_bytes;
  out.doing("ibv_query_gid");
  const Result<GidBytes> gid = context.query_gid();
  if (!gid) {
    device.failed = failed_step(gid.error());
    return false;
  }
  device.gid = gid_text(*gid);
  return true;
}

// One that libefa or the kernel does not answer has the device's other facts all the same.
void query_efa(VerbsContext& context, const Emitter& out, VerbsDevice& device) {
  out.doing("efadv_query_device");
  const Result<EfaAttributes> attributes = context.query_efa();
  if (!attributes) return;
  device.max_sq_wr = static_cast<int>(attributes->max_sq_wr);
  device.max_rq_wr = static_cast<int>(attributes->max_rq_wr);
  device.inline_buf_size = attributes->inline_buf_size;
  device.max_rdma_bytes = attributes->max_rdma_bytes;
  device.capability_bits = attributes->capability_bits;
  device.capabilities = capability_names(attributes->capability_bits);
}

void ask_device(VerbsLibrary& library, const std::string& name, const PciAddress& address,
                const Emitter& out) {
  VerbsDevice device;
  device.address = address;
  device.name = name;
  out.doing("ibv_open_device");
  Result<std::unique_ptr<VerbsContext>> context = library.open(name);
  if (!context) {
    device.failed = failed_step(context.error());
    out.add("devices", device);
    return;
  }
  if (query_device(**context, out, device) && query_port(**context, out, device)) {
    query_efa(**context, out, device);
  }
  out.add("devices", device);
  out.doing("ibv_close_device");
  context->reset();
}

std::optional<PciAddress> efa_address(const Look& look, const std::string& name) {
  const auto address = pci_function_behind(look.root, "/sys/class/infiniband/" + name);
  return address && is_efa_function(look.root, *address) ? address : std::nullopt;
}

}  // namespace

void read_verbs(const Look& look, VerbsLibrary& library) {
  if (const auto file = library.file()) look.out.set("library", *file);
  look.out.doing("ibv_get_device_list");
  const Result<std::vector<std::string>> listed = library.list();
  if (!listed) {
    look.out.set("list_failed", failed_step(listed.error()));
    return;
  }
  std::map<std::string, std::string> names;  // of a PCI address
  std::vector<std::string> subjects;
  for (const std::string& name : *listed) {
    const auto address = efa_address(look, name);
    if (!address) continue;
    names[address->to_text()] = name;
    subjects.push_back(address->to_text());
  }
  look.out.set("listed", subjects);
  ask_each(look, subjects, [&](const std::string& subject, const Emitter& out) {
    ask_device(library, names.at(subject), *PciAddress::from_text(subject), out);
  });
}

}  // namespace efa
