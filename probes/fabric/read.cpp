// probe-fabric: asks the libfabric that the loader finds for what its efa provider offers.
// Interface: fi_getinfo(3), fi_efa(7). Never asks for "efa-direct": that is a fabric of the
// provider efa, no provider. The library's own log goes to standard error, kept by the agent.

#include <dlfcn.h>
#include <rdma/fabric.h>
#include <rdma/fi_errno.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <set>

#include "probes/fabric/facts.h"
#include "probes/protocol/probe_main.h"

namespace efa {
namespace {

struct FreeInfo {
  void operator()(fi_info* info) const { fi_freeinfo(info); }
};
using Info = std::unique_ptr<fi_info, FreeInfo>;

std::string version_text(uint32_t version) {
  return std::to_string(FI_MAJOR(version)) + "." + std::to_string(FI_MINOR(version));
}

// "rdmap79s0-rdm" -> "rdmap79s0"
std::string device_of(const std::string& domain) {
  const size_t dash = domain.rfind('-');
  return dash == std::string::npos ? domain : domain.substr(0, dash);
}

std::vector<FabricDomain> domains_of(const fi_info* info, const char* endpoint) {
  std::vector<FabricDomain> domains;
  for (; info != nullptr; info = info->next) {
    const bool named = info->domain_attr != nullptr && info->domain_attr->name != nullptr &&
                       info->fabric_attr != nullptr && info->fabric_attr->name != nullptr;
    if (!named) continue;
    const std::string domain = info->domain_attr->name;
    domains.push_back({device_of(domain), domain, info->fabric_attr->name, endpoint});
  }
  return domains;
}

int get_info(fi_ep_type type, Info& info) {
  const Info hints(fi_allocinfo());
  if (!hints) return -FI_ENOMEM;
  hints->fabric_attr->prov_name = strdup("efa");  // freed with the hints
  hints->ep_attr->type = type;
  hints->mode = ~0ULL;  // any mode: a missing one would hide the provider
  hints->domain_attr->mode = ~0ULL;
  hints->domain_attr->mr_mode = ~3;  // all but the two obsolete FI_MR_BASIC and FI_MR_SCALABLE
  fi_info* found = nullptr;
  const int status = fi_getinfo(fi_version(), nullptr, nullptr, 0, hints.get(), &found);
  info.reset(found);
  return status;
}

void read_fabric(const Look& look) {
  Dl_info library{};
  if (dladdr(reinterpret_cast<void*>(&fi_getinfo), &library) != 0) {  // NOLINT: dladdr's type
    look.out.set("library", std::string(library.dli_fname));
  }
  look.out.set("version", version_text(fi_version()));
  look.out.doing("fi_getinfo FI_EP_RDM");
  Info rdm;
  const int status = get_info(FI_EP_RDM, rdm);
  look.out.set("getinfo_status", status);
  if (status != 0) look.out.set("getinfo_error", std::string(fi_strerror(-status)));
  if (rdm) look.out.set("provider_version", version_text(rdm->fabric_attr->prov_version));
  std::set<std::string> devices;
  for (const FabricDomain& domain : domains_of(rdm.get(), "rdm")) {
    look.out.add("domains", domain);
    devices.insert(domain.device);
  }
  look.out.set("devices", std::vector<std::string>(devices.begin(), devices.end()));
  look.out.doing("fi_getinfo FI_EP_DGRAM");
  Info datagram;
  get_info(FI_EP_DGRAM, datagram);
  for (const FabricDomain& domain : domains_of(datagram.get(), "dgram")) {
    look.out.add("domains", domain);
  }
}

}  // namespace
}  // namespace efa

int main(int argc, char** argv) {
  return efa::probe_main(argc, argv, efa::read_fabric);
}
