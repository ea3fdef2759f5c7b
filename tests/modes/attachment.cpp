// What was attached to the instance, and what AWS and the node's network make of it.

#include <string>
#include <vector>

#include "probes/rdma/baseline.h"
#include "tests/modes/mode_case.h"
#include "tests/support/faulty_node.h"
#include "tests/support/machine.h"

namespace efa {
namespace {

CloudInterface& interface(Scene& scene, size_t i) {
  return scene.node.cloud.facts.interfaces.at(i);
}

// All that a node sees is well.
void look_well(Scene& /*scene*/) {}

void join_another_group(Scene& scene) {
  interface(scene, 2).security_group_ids = {"sg-0fedcba9876543210"};
}

// Subnets and security groups are a VPC's own.
void join_another_vpc(Scene& scene) {
  CloudInterface& other = interface(scene, 3);
  other.vpc_id = "vpc-0fedcba9876543210";
  other.subnet_id = "subnet-0fedcba9876543210";
  other.security_group_ids = {"sg-0fedcba9876543210"};
}

void leave_placement_group(Scene& scene) {
  scene.node.cloud.facts.placement_group.reset();
}

void drop_rules(Scene& scene) {
  scene.node.net.facts.rules = 0;
  scene.node.net.facts.rp_filter = 1;
}

void share_a_card(Scene& scene) {
  interface(scene, 1).network_card = 0;
}

void take_back(Scene& scene) {
  scene.node.cloud.facts.spot_action = "terminate at 2026-11-28T08:22:00Z";
}

void swap_interface(Scene& scene) {
  scene.rdma(1).mac = "06:00:00:00:00:99";
  scene.rdma(1).gid = "fe80:0000:0000:0000:0400:00ff:fe00:0099";
}

Shape with_devices(size_t count, const std::vector<std::string>& arguments = {}) {
  return [=](SyntheticNode& node) {
    set_efa_count(node, count);
    node.efa_loaded = true;
    node.arguments = arguments;
  };
}

void expect_one(SyntheticNode& node) {
  node.arguments = {"--expect", "1"};
}

void become_dl1(SyntheticNode& node) {
  node.instance_type = "dl1.24xlarge";
  set_efa_count(node, 4);
}

void separate_namespaces(const Tree& tree) {
  tree.file("/sys/module/ib_core/parameters/netns_mode", "N\n");
}

void empty_gid(const Tree& tree) {
  tree.file(std::string(kFirstRdma) + "/ports/1/gids/0",
            "0000:0000:0000:0000:0000:0000:0000:0000\n");
}

}  // namespace

ModeCases modes_of_attachment() {
  return {
      {"F01", "cloud.rules-not-seen", live_machine(look_well)},
      {"F02", "cloud.rules-not-seen", live_machine(look_well)},
      {"F03", "cloud.no-common-security-group", live_machine(join_another_group)},
      {"F04", "pci.none-found", machine("p4d.24xlarge", with_devices(0, {"--expect", "max"}))},
      {"F04", "cloud.rails-unused", machine("p5.48xlarge", with_devices(0))},
      {"F04", "cloud.capable-type-unused", machine("c5n.18xlarge-without-efa", as_it_is)},
      {"F05", "pci.fewer-than-maximum", machine("p5.48xlarge", with_devices(8))},
      {"F05", "pci.fewer-than-expected",
       machine("p4d.24xlarge", with_devices(1, {"--expect", "max"}))},
      {"F39", "cloud.not-seen-from-here", live_machine(look_well)},
      {"F40", "cloud.several-vpcs", live_machine(join_another_vpc)},
      {"F41", "cloud.not-seen-from-here", live_machine(look_well)},
      {"F42", "cloud.no-placement-group", live_machine(leave_placement_group)},
      {"F61", "kernel.rdma-netns-exclusive",
       machine("p4d.24xlarge-eks", as_it_is, separate_namespaces)},
      {"F62", "net.no-policy-routing", live_machine(drop_rules)},
      {"F65", "cloud.card-shared", live_machine(share_a_card)},
      {"F67", "pci.none-found", machine("t3.micro", expect_one)},
      {"F68", "cloud.not-seen-from-here", live_machine(look_well)},
      {"F69", "cloud.not-seen-from-here", live_machine(look_well)},
      {"F83", "cloud.spot-ends", live_machine(take_back)},
      {"F88", "rdma.no-gid", machine("p4d.24xlarge", as_it_is, empty_gid)},
      {"F88", "cloud.mac-not-listed", live_machine(swap_interface)},
      {"F90", "cloud.type-not-known", machine("c5n.18xlarge", become_dl1)},
  };
}

}  // namespace efa
