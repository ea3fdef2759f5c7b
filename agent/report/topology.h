// How a node's GPUs and EFA devices hang on its processors, drawn as text and as SVG: NUMA node,
// then PCIe switch (or root bus), then devices. What is unlike its siblings is marked.
#pragma once

#include <string>
#include <vector>

#include "agent/report/page.h"
#include "probes/judging/node.h"

namespace efa {

struct DrawnDevice {
  std::string kind;  // "EFA", "GPU", "Neuron"
  std::string address;
  std::string words;   // "rdmap79s0, 16.0 GT/s PCIe x8"
  std::string unlike;  // how it differs from most of its kind; "" when it does not
};

struct DrawnSwitch {
  std::string name;  // "switch 0000:45:00.0", "root bus 0000:10"
  std::string unlike;
  std::vector<DrawnDevice> devices;  // EFA first, by address
};

struct DrawnNuma {
  std::string name;  // "NUMA node 0"
  std::vector<DrawnSwitch> switches;
};

struct Drawing {
  std::string title;  // "p5.48xlarge: 32 EFA devices, 8 GPUs, 8 places on PCIe, 2 NUMA nodes"
  std::vector<DrawnNuma> numa;
  std::vector<std::string> notes;  // what could not be seen
};

Drawing draw(const Node& node);
std::string render_topology_text(const Drawing& drawing, const TextStyle& style);
// A document of its own, without scripts and fonts.
std::string render_topology_svg(const Drawing& drawing);

}  // namespace efa
