// What probe-net saw: network interfaces and the default route; the ENA beside an EFA of its card.
// Interface: Documentation/ABI/testing/sysfs-class-net, rtnetlink(7) through getifaddrs(3),
// route(8) for /proc/net/route.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "probes/base/unseen.h"
#include "probes/protocol/pci_address.h"

namespace efa {

struct NetInterface {
  std::string name;
  std::optional<std::string> driver;
  std::optional<PciAddress> address;  // PCI; absent for a virtual interface
  std::optional<std::string> mac;
  std::optional<std::string> state;  // operstate: "up", "down", "unknown"
  std::optional<int> mtu;
  std::optional<int> rp_filter;  // its own; the kernel takes the greater of this and that of "all"
  std::vector<std::string> addresses;  // of the machine itself only
};

template <class Io>
void describe(Io& io, NetInterface& interface) {
  io("name", interface.name);
  io("driver", interface.driver);
  io("pci_address", interface.address);
  io("mac", interface.mac);
  io("state", interface.state);
  io("mtu", interface.mtu);
  io("rp_filter", interface.rp_filter);
  io("addresses", interface.addresses);
}

struct NetFacts {
  std::vector<NetInterface> interfaces;
  std::optional<std::string> default_route;   // "ens5 via 10.0.0.1"
  std::optional<std::string> default_route6;  // "ens5 via fe80::1"
  std::optional<int> rp_filter;  // of "all" interfaces: ip-sysctl of the kernel's documentation
  std::optional<int> rules;  // for IPv4 routes, beside the kernel's own; of the machine itself only
  // what they choose packets by: "10.0.0.5/32", or the name of an interface; absent: not told, or
  // they are too many
  std::optional<std::vector<std::string>> rules_of;
  std::optional<Unseen> addresses_unseen;  // why those of the interfaces were not told
  std::vector<Unseen> unseen;
};

template <class Io>
void describe(Io& io, NetFacts& facts) {
  io("interfaces", facts.interfaces);
  io("default_route", facts.default_route);
  io("default_route6", facts.default_route6);
  io("rp_filter", facts.rp_filter);
  io("rules", facts.rules);
  io("rules_of", facts.rules_of);
  io("addresses_unseen", facts.addresses_unseen);
  io("unseen", facts.unseen);
}

}  // namespace efa
