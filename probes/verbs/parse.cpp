#include "probes/verbs/parse.h"

#include "probes/base/text.h"

namespace efa {
namespace {

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

}  // namespace

std::string gid_text(const GidBytes& gid) {
  const std::string hex =
      to_hex({reinterpret_cast<const char*>(gid.data()), gid.size()});  // NOLINT
  std::string text;
  for (size_t i = 0; i < hex.size(); i += 4) {
    if (i > 0) text += ':';
    text.append(hex, i, 4);
  }
  return text;
}

std::vector<std::string> capability_names(uint32_t bits) {
  std::vector<std::string> names;
  for (const CapabilityName& capability : kCapabilities) {
    if ((bits & capability.bit) != 0) names.emplace_back(capability.name);
  }
  return names;
}

}  // namespace efa
