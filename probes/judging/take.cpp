#include "probes/judging/take.h"

#include "probes/base/bounds.h"

namespace efa {
namespace {

template <class Facts, class... Lists>
void bound(Seen<Facts>& seen, Lists&... lists) {
  constexpr size_t kMost = 2 * kMaxDevices;
  const auto shorten = [&](auto& list) {
    if (list.size() <= kMost) return;
    list.resize(kMost);
    seen.outcome.status = ProbeStatus::kFailed;
    seen.outcome.detail = "it lists more than " + std::to_string(kMost) + " devices";
  };
  (shorten(lists), ...);
}

}  // namespace

void bound_devices(Seen<PciFacts>& seen) {
  PciFacts& pci = seen.facts;
  bound(seen, pci.efa, pci.amazon_unknown, pci.unidentified, pci.ena, pci.gpus, pci.neuron);
}
void bound_devices(Seen<RdmaFacts>& seen) {
  bound(seen, seen.facts.devices, seen.facts.counters, seen.facts.asked);
}
void bound_devices(Seen<VerbsFacts>& seen) {
  bound(seen, seen.facts.devices, seen.facts.asked);
}
void bound_devices(Seen<DataFacts>& seen) {
  DataFacts& data = seen.facts;
  bound(seen, data.devices, data.ring, data.counters, data.taken, data.asked);
}
void bound_devices(Seen<TopologyFacts>& seen) {
  bound(seen, seen.facts.efa);
}
void bound_devices(Seen<GpuFacts>& seen) {
  bound(seen, seen.facts.nvidia, seen.facts.neuron, seen.facts.efa);
}
void bound_devices(Seen<CloudFacts>& seen) {
  bound(seen, seen.facts.interfaces);
}

void take_gpu(const ProbeRow& row, std::span<const Answer> answers, Node& node) {
  take_one<&Node::gpu>(row, answers, node);
  const Reading<PeerMemory>& peer = node.gpu.facts.p2p;
  if (!peer || peer->attribute != "p2p") return;
  for (RdmaDevice& device : node.rdma.facts.devices) {
    if (device.address == peer->address) device.p2p = peer->provider;
  }
}

}  // namespace efa
