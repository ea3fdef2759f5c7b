// The drawing of a node: what hangs where, and what is unlike its siblings.

#include "agent/report/topology.h"

#include <gtest/gtest.h>

#include <cerrno>

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

// Switches with EFA devices and a GPU each, by turns of NUMA node 0 and 1.
Scene switches(size_t count, size_t each) {
  Scene scene = healthy_scene(count * each);
  const std::string way = "pci0000:44/0000:44:00.0/";
  for (size_t i = 0; i < count; ++i) {
    const std::string port = way + "0000:45:0" + std::to_string(i) + ".0/0000:46:01.0";
    const int numa = static_cast<int>(i % 2);
    for (size_t j = i * each; j < (i + 1) * each; ++j) {
      scene.pci(j).numa_node = numa;
      scene.node.gpu.facts.efa.push_back(at(address(j), port));
    }
    scene.node.gpu.facts.nvidia.push_back(at({0, static_cast<uint8_t>(0xd0 + i), 0, 0}, port));
    scene.node.gpu.facts.nvidia.back().numa_node = numa;
  }
  return scene;
}

Scene two_switches() {
  return switches(2, 1);
}

// As a p5.48xlarge has them.
Scene eight_switches() {
  return switches(8, 4);
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

// Whatever a device says: eight switches of the same kind on two NUMA nodes.
void expect_eight_alike(const Drawing& drawing) {
  EXPECT_EQ(switches_of(drawing), 8U);
  EXPECT_EQ(drawing.numa.size(), 2U);
  EXPECT_NE(drawing.title.find("8 places on PCIe, 2 NUMA nodes"), std::string::npos)
      << drawing.title;
  for (const DrawnNuma& numa : drawing.numa) {
    for (const DrawnSwitch& one : numa.switches) EXPECT_EQ(one.unlike, "") << one.name;
  }
}

TEST(Topology, ASwitchIsDrawnOnceThoughADeviceOfItHasNoNumaNode) {
  Scene scene = eight_switches();
  scene.pci(1).numa_node.reset();
  const Drawing drawing = draw(scene.node);
  expect_eight_alike(drawing);
  const std::vector<DrawnDevice>& devices = drawing.numa.front().switches.front().devices;
  ASSERT_EQ(devices.size(), 5U);
  EXPECT_EQ(devices[0].unlike, "");
  EXPECT_EQ(devices[1].unlike, "no NUMA node, its siblings have one");
  EXPECT_EQ(devices[1].words.find("NUMA"), std::string::npos) << devices[1].words;
}

TEST(Topology, AGpuWithoutNumaNodeIsToldAsSuchBelowItsSwitch) {
  Scene scene = eight_switches();
  scene.node.gpu.facts.nvidia.front().driver = "nvidia";
  scene.node.gpu.facts.nvidia.front().numa_node.reset();
  const Drawing drawing = draw(scene.node);
  expect_eight_alike(drawing);
  EXPECT_EQ(drawing.numa.front().switches.front().devices.back().words, "nvidia, no NUMA node");
}

TEST(Topology, ADeviceOfAnotherNumaNodeThanItsSwitchIsToldAsSuch) {
  Scene scene = eight_switches();
  scene.pci(0).numa_node = 1;
  const Drawing drawing = draw(scene.node);
  expect_eight_alike(drawing);
  const DrawnDevice& first = drawing.numa.front().switches.front().devices.front();
  EXPECT_EQ(first.address, device(0));
  EXPECT_TRUE(first.words.ends_with(", NUMA node 1")) << first.words;
}

TEST(Topology, OfANumaNodeThatCannotBeReadNothingIsTold) {
  Scene scene = eight_switches();
  scene.pci(1).numa_node = Unseen{"numa_node", "not permitted", EPERM};
  const Drawing drawing = draw(scene.node);
  expect_eight_alike(drawing);
  const std::string text = render_topology_text(drawing, {});
  EXPECT_EQ(text.find("no NUMA node"), std::string::npos) << text;
  EXPECT_EQ(text.find("unlike"), std::string::npos) << text;
}

TEST(Topology, SwitchesOfWhichNoDeviceHasANumaNodeAreAlike) {
  Scene scene = two_switches();
  for (size_t i = 0; i < 2; ++i) {
    scene.pci(i).numa_node.reset();
    scene.node.gpu.facts.nvidia.at(i).numa_node.reset();
  }
  const Drawing drawing = draw(scene.node);
  EXPECT_EQ(switches_of(drawing), 2U);
  ASSERT_EQ(drawing.numa.size(), 1U);
  EXPECT_EQ(drawing.numa.front().name, "no NUMA node");
  EXPECT_EQ(render_topology_text(drawing, {}).find("unlike"), std::string::npos);
}

// Where places are not known.
TEST(Topology, ADeviceWithoutNumaNodeIsUnlikeItsSiblings) {
  Scene scene = healthy_scene(8);
  scene.pci(3).numa_node.reset();
  const std::string text = render_topology_text(draw(scene.node), {});
  EXPECT_NE(text.find("^ unlike the others: no NUMA node, its siblings have one\n"),
            std::string::npos)
      << text;
}

TEST(Topology, ADeviceThatVfioHoldsIsUnlikeThoseOfEfa) {
  for (const size_t held : {1, 2, 3}) {
    Scene scene = healthy_scene(4);
    for (size_t i = 0; i < held; ++i) scene.pci(i).driver = "vfio-pci";
    const Drawing drawing = draw(scene.node);
    size_t marked = 0;
    for (const DrawnNuma& numa : drawing.numa) {
      for (const DrawnDevice& one : numa.switches.front().devices) {
        if (one.unlike == "driver vfio-pci, not efa") ++marked;
      }
    }
    EXPECT_EQ(marked, held);
  }
}

TEST(Topology, WhereVfioHoldsAllNoneIsUnlikeTheOthers) {
  Scene scene = healthy_scene(4);
  for (size_t i = 0; i < 4; ++i) scene.pci(i).driver = "vfio-pci";
  const std::string text = render_topology_text(draw(scene.node), {});
  EXPECT_EQ(text.find("unlike"), std::string::npos) << text;
  EXPECT_NE(text.find(", vfio-pci\n"), std::string::npos) << text;
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
