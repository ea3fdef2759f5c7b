// probe-fabric: asks the libfabric that the loader finds for what its efa provider offers, once:
// that opens every device, and can crash. Where it offers nothing: whether it has that provider.
// The library's own log goes to standard error, kept by the agent. Interface: fi_getinfo(3),
// fi_efa(7).

#include "probes/fabric/read.h"

#include <set>

#include "probes/fabric/facts.h"
#include "probes/fabric/parse.h"

namespace efa {

void read_fabric(const Look& look, FabricLibrary& library) {
  if (const auto file = library.file()) look.out.set("library", *file);
  look.out.set("version", library.version());
  look.out.doing("fi_getinfo FI_EP_RDM");
  const FabricAnswer answer = library.get_info();
  look.out.set("getinfo_status", answer.status);
  if (answer.status != 0) {
    look.out.set("getinfo_error", answer.error);
    look.out.doing("fi_getinfo FI_PROV_ATTR_ONLY");
    const std::optional<bool> has_provider = library.has_provider();
    if (has_provider) look.out.set("has_provider", *has_provider);
  }
  if (!answer.entries.empty() && answer.entries.front().provider_version) {
    look.out.set("provider_version", *answer.entries.front().provider_version);
  }
  std::set<std::string> devices;
  for (const FabricEntry& entry : answer.entries) {
    if (!entry.domain || !entry.fabric) continue;
    const std::string device = device_of_domain(*entry.domain);
    look.out.add("domains", FabricDomain{device, *entry.domain, *entry.fabric, "rdm"});
    devices.insert(device);
  }
  look.out.set("devices", std::vector<std::string>(devices.begin(), devices.end()));
}

}  // namespace efa
