// probe-fabric on libfabric. Nothing is decided here but the question: never for "efa-direct",
// which is a fabric of the provider efa and no provider.

#include <link.h>
#include <rdma/fabric.h>
#include <rdma/fi_errno.h>

#include <cstdint>
#include <cstring>
#include <string_view>

#include "probes/fabric/library.h"
#include "probes/fabric/read.h"
#include "probes/protocol/fabric_library.h"
#include "probes/protocol/probe_main.h"

namespace efa {
namespace {

std::optional<std::string> text_of(const char* text) {
  return text == nullptr ? std::nullopt : std::optional<std::string>(text);
}

FabricEntry entry_of(const fi_info& info) {
  FabricEntry entry;
  if (info.domain_attr != nullptr) entry.domain = text_of(info.domain_attr->name);
  if (info.fabric_attr != nullptr) {
    entry.fabric = text_of(info.fabric_attr->name);
    entry.provider_version = fabric_version_text(info.fabric_attr->prov_version);
  }
  return entry;
}

class Libfabric final : public FabricLibrary {
 public:
  [[nodiscard]] std::optional<std::string> file() const override { return libfabric_file(); }

  [[nodiscard]] std::string version() const override { return fabric_version_text(fi_version()); }

  FabricAnswer get_info() override {
    const FabricInfo hints(fi_allocinfo());
    if (!hints) return answer_of(-FI_ENOMEM, nullptr);
    hints->fabric_attr->prov_name = strdup("efa");  // freed with the hints
    hints->ep_attr->type = FI_EP_RDM;
    hints->mode = ~0ULL;  // any mode: a missing one would hide the provider
    hints->domain_attr->mode = ~0ULL;
    hints->domain_attr->mr_mode = ~3;  // all but the two obsolete FI_MR_BASIC and FI_MR_SCALABLE
    fi_info* found = nullptr;
    const int status = fi_getinfo(fi_version(), nullptr, nullptr, 0, hints.get(), &found);
    const FabricInfo owner(found);
    return answer_of(status, found);
  }

  // Older ones leave a provider out of their list while it cannot start on a device; but one that
  // is there has brought libefa.
  std::optional<bool> has_provider() override {
    if (is_mapped("/libefa.so")) return true;
    fi_info* found = nullptr;
    const int status =
        fi_getinfo(fi_version(), nullptr, nullptr, FI_PROV_ATTR_ONLY, nullptr, &found);
    const FabricInfo owner(found);
    if (status != 0 && status != -FI_ENODATA) return std::nullopt;
    for (; found != nullptr; found = found->next) {
      const char* name = found->fabric_attr == nullptr ? nullptr : found->fabric_attr->prov_name;
      if (name != nullptr && std::string_view(name) == "efa") return true;
    }
    return false;
  }

 private:
  static bool is_mapped(std::string_view name) {
    const auto visit = [](dl_phdr_info* object, size_t, void* wanted) {
      const std::string_view path(object->dlpi_name);
      return path.find(*static_cast<const std::string_view*>(wanted)) == path.npos ? 0 : 1;
    };
    return dl_iterate_phdr(visit, &name) != 0;
  }

  static FabricAnswer answer_of(int status, const fi_info* found) {
    FabricAnswer answer;
    answer.status = status;
    if (status != 0) answer.error = fi_strerror(-status);
    for (; found != nullptr; found = found->next) answer.entries.push_back(entry_of(*found));
    return answer;
  }
};

}  // namespace
}  // namespace efa

int main(int argc, char** argv) {
  return efa::probe_main(argc, argv, [](const efa::Look& look) {
    efa::Libfabric library;
    efa::read_fabric(look, library);
  });
}
