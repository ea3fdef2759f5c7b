#include "agent/mesh/facts.h"

#include <iterator>
#include <set>

#include "probes/base/text.h"

namespace efa {
namespace {

// In order, each once; nothing of none.
template <class Take>
std::optional<std::string> all_of(const PairHello& hello, Take take) {
  std::set<std::string> values;
  for (const PairInterface& interface : hello.interfaces) take(interface, values);
  if (values.empty()) return std::nullopt;
  return join({values.begin(), values.end()}, ", ");
}

}  // namespace

const char* words_of(MeshAttribute attribute) {
  constexpr const char* kWords[] = {
      "availability zone", "VPC",    "instance type", "security groups", "subnets",
      "placement group",   "driver", "rdma-core",     "kernel",
  };
  static_assert(std::size(kWords) == kMeshAttributes);
  return kWords[static_cast<size_t>(attribute)];
}

const char* key_of(MeshAttribute attribute) {
  constexpr const char* kKeys[] = {
      "zone_id",    "vpc_ids",         "instance_type", "security_group_ids",
      "subnet_ids", "placement_group", "driver",        "rdma_core",
      "kernel"};
  static_assert(std::size(kKeys) == kMeshAttributes);
  return kKeys[static_cast<size_t>(attribute)];
}

bool is_software(MeshAttribute attribute) {
  return attribute >= MeshAttribute::kDriver;
}

const char* word_of(MeshResult result) {
  constexpr const char* kWords[] = {"works", "fails", "untested"};
  return kWords[static_cast<size_t>(result)];
}

void take_hello(const PairHello& hello, MeshNode& node) {
  node.instance_id = hello.instance_id;
  node.devices = hello.devices.size();
  const auto set = [&](MeshAttribute attribute, std::optional<std::string> value) {
    node.attributes[static_cast<size_t>(attribute)] = std::move(value);
  };
  set(MeshAttribute::kZone, hello.zone_id);
  set(MeshAttribute::kVpc, all_of(hello, [](const PairInterface& one, auto& values) {
        if (one.vpc_id) values.insert(*one.vpc_id);
      }));
  set(MeshAttribute::kType, hello.instance_type);
  set(MeshAttribute::kGroups, all_of(hello, [](const PairInterface& one, auto& values) {
        values.insert(one.security_group_ids.begin(), one.security_group_ids.end());
      }));
  set(MeshAttribute::kSubnet, all_of(hello, [](const PairInterface& one, auto& values) {
        if (one.subnet_id) values.insert(*one.subnet_id);
      }));
  set(MeshAttribute::kPlacement, hello.placement_group);
  set(MeshAttribute::kDriver, hello.driver);
  set(MeshAttribute::kRdmaCore, hello.rdma_core);
  set(MeshAttribute::kKernel, hello.kernel);
}

std::optional<bool> crosses(const MeshFacts& mesh, const MeshMeeting& meeting,
                            MeshAttribute attribute) {
  const auto& one = mesh.nodes[static_cast<size_t>(meeting.one)].value(attribute);
  const auto& other = mesh.nodes[static_cast<size_t>(meeting.other)].value(attribute);
  if (!one || !other) return std::nullopt;
  return *one != *other;
}

}  // namespace efa
