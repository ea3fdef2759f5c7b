// The drawing of a node: what hangs where, and what is unlike its siblings.

#include "agent/report/topology.h"

#include <gtest/gtest.h>

#include "tests/support/gpu_node.h"
#include "tests/support/healthy_node.h"

namespace efa {
namespace {

Accelerator at(const PciAddress& address, const std::string& path) {
  Accelerator one;
  one.address = address;
  one.path = path + "/" + address.to_text();
  return one;
}

// Two switches with an EFA device and a GPU each.
Scene two_switches() {
  Scene scene = healthy_scene(2);
  const std::string way = "pci0000:44/0000:44:00.0/";
  for (size_t i = 0; i < 2; ++i) {
    const std::string port = way + "0000:45:0" + std::to_string(i) + ".0/0000:46:01.0";
    scene.node.gpu.facts.efa.push_back(at(address(i), port));
    scene.node.gpu.facts.nvidia.push_back(at({0, static_cast<uint8_t>(0xd0 + i), 0, 0}, port));
    scene.node.gpu.facts.nvidia.back().numa_node = *scene.pci(i).numa_node;
  }
  return scene;
}

size_t switches_of(const Drawing& drawing) {
  size_t count = 0;
  for (const DrawnNuma& numa : drawing.numa) count += numa.switches.size();
  return count;
}

TEST(Topology, DevicesOfASwitchStandTogether) {
  const Drawing drawing = draw(two_switches().node);
  EXPECT_EQ(switches_of(drawing), 2U);
  const DrawnSwitch& first = drawing.numa.front().switches.front();
  EXPECT_EQ(first.name, "switch 0000:45:00.0");
  ASSERT_EQ(first.devices.size(), 2U);
  EXPECT_EQ(first.devices[0].kind, "EFA");
  EXPECT_EQ(first.devices[1].kind, "GPU");
  EXPECT_EQ(first.unlike, "");
}

TEST(Topology, WhatIsUnlikeItsSiblingsIsMarked) {
  Scene scene = healthy_scene(8);
  scene.pci(3).link->width = 4;
  scene.pci(5).driver.reset();
  const std::string text = render_topology_text(draw(scene.node), {});
  EXPECT_NE(text.find("unlike the others: link "), std::string::npos) << text;
  EXPECT_NE(text.find("unlike the others: no driver"), std::string::npos) << text;
  EXPECT_EQ(text.find('\033'), std::string::npos);
  EXPECT_NE(render_topology_text(draw(scene.node), {.colour = true}).find("\033[1;31m"),
            std::string::npos);
}

TEST(Topology, WithoutAMajorityNothingIsUnlike) {
  Scene scene = healthy_scene(2);
  scene.pci(0).link->width = 4;
  EXPECT_EQ(render_topology_text(draw(scene.node), {}).find("unlike"), std::string::npos);
}

// Nitro of some types tells no link and no NUMA node of a device.
TEST(Topology, ALinkAndANumaNodeThatAreNotToldAreNotDrawn) {
  Scene scene = healthy_scene(2);
  for (size_t i = 0; i < 2; ++i) {
    scene.pci(i).link = PciLink{"Unknown", 0};
    scene.pci(i).numa_node.reset();
  }
  const Drawing drawing = draw(scene.node);
  const std::string text = render_topology_text(drawing, {});
  EXPECT_EQ(text.find("Unknown"), std::string::npos) << text;
  EXPECT_EQ(drawing.title.find("NUMA"), std::string::npos) << text;
  EXPECT_NE(text.find("no NUMA node"), std::string::npos) << text;
}

TEST(Topology, WhatIsNotKnownIsNotDrawn) {
  Node node;
  const Drawing drawing = draw(node);
  EXPECT_TRUE(drawing.numa.empty());
  EXPECT_EQ(drawing.notes, std::vector<std::string>{"PCI devices could not be listed"});
}

TEST(Topology, ASvgHoldsNoWordsOfTheMachineAsMarkup) {
  Scene scene = healthy_scene(1);
  scene.node.topology.facts.efa = {{.address = address(0), .name = "<script>&\""}};
  const std::string svg = render_topology_svg(draw(scene.node));
  EXPECT_EQ(svg.find("<script"), std::string::npos);
  EXPECT_NE(svg.find("&lt;script&gt;&amp;&quot;"), std::string::npos) << svg;
}

}  // namespace
}  // namespace efa
