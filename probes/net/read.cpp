// probe-net: looks at /sys/class/net, at addresses through getifaddrs(3) (rtnetlink) and at the
// routing tables. Addresses are asked of the machine itself only: a sysroot has none.

#include "probes/net/read.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>

#include <cerrno>
#include <map>

#include "probes/base/text.h"
#include "probes/net/facts.h"
#include "probes/net/parse.h"
#include "probes/net/rules.h"
#include "probes/protocol/telling.h"

namespace efa {
namespace {

constexpr const char* kNet = "/sys/class/net";
constexpr size_t kMaxRoutes = size_t{1} * 1024 * 1024;
constexpr size_t kMaxInterfaces = 1'000;  // 32 of AWS, and some for each container

std::string address_text(const sockaddr& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.sa_family == AF_INET) {
    const auto& ipv4 = reinterpret_cast<const sockaddr_in&>(address);
    inet_ntop(AF_INET, &ipv4.sin_addr, text, sizeof text);
  } else if (address.sa_family == AF_INET6) {
    const auto& ipv6 = reinterpret_cast<const sockaddr_in6&>(address);
    inet_ntop(AF_INET6, &ipv6.sin6_addr, text, sizeof text);
  }
  return text;
}

std::map<std::string, std::vector<std::string>> read_addresses(NetFacts& facts) {
  std::map<std::string, std::vector<std::string>> addresses;
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) {
    facts.addresses_unseen = unseen_of(system_error(errno, "getifaddrs"));
    return addresses;
  }
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr) continue;
    const std::string text = address_text(*entry->ifa_addr);
    // it is the address's label, which may go on: "eth1:0"
    const std::string name = entry->ifa_name;
    if (!text.empty()) addresses[name.substr(0, name.find(':'))].push_back(text);
  }
  freeifaddrs(list);
  return addresses;
}

std::optional<int> read_rp_filter(const Look& look, const std::string& name) {
  const auto value = look.root.text("/proc/sys/net/ipv4/conf/" + name + "/rp_filter");
  return value ? parse_number<int>(*value) : std::nullopt;
}

NetInterface read_interface(const Look& look, const std::string& name) {
  const std::string path = std::string(kNet) + "/" + name;
  NetInterface interface;
  interface.name = name;
  const Result<std::string> driver = look.root.link(path + "/device/driver");
  if (driver) interface.driver = base_name(*driver);
  const Result<std::string> device = look.root.link(path + "/device");
  if (device) interface.address = PciAddress::from_text(base_name(*device));
  interface.mac = look.root.text(path + "/address");
  interface.state = look.root.text(path + "/operstate");
  const auto mtu = look.root.text(path + "/mtu");
  if (mtu) interface.mtu = parse_number<int>(*mtu);
  if (interface.address) interface.rp_filter = read_rp_filter(look, name);
  return interface;
}

}  // namespace

void read_net(const Look& look) {
  NetFacts facts;
  Telling<NetFacts> telling(look.out);
  look.out.doing("list network interfaces", kNet);
  const Result<std::vector<std::string>> names = look.root.list(kNet);
  if (!names) facts.unseen.push_back(unseen_of(kNet, names.error()));
  for (const std::string& name : names.value_or({})) {
    if (!look.root.link(std::string(kNet) + "/" + name)) continue;  // bonding_masters is a file
    if (facts.interfaces.size() == kMaxInterfaces) {
      facts.unseen.push_back({kNet, "more than 1,000 interfaces", E2BIG});
      break;
    }
    facts.interfaces.push_back(read_interface(look, name));
  }
  telling.so_far(facts);
  if (look.root.live()) {
    look.out.doing("ask for addresses", "getifaddrs");
    const auto addresses = read_addresses(facts);
    for (NetInterface& interface : facts.interfaces) {
      const auto found = addresses.find(interface.name);
      if (found != addresses.end()) interface.addresses = found->second;
    }
  }
  telling.so_far(facts);
  look.out.doing("read routes", "/proc/net");
  facts.rp_filter = read_rp_filter(look, "all");
  const Result<std::string> routes = look.root.read("/proc/net/route", kMaxRoutes);
  if (routes) facts.default_route = parse_default_route(*routes);
  const Result<std::string> routes6 = look.root.read("/proc/net/ipv6_route", kMaxRoutes);
  if (routes6) facts.default_route6 = parse_default_route6(*routes6);
  if (look.root.live()) {
    look.out.doing("list routing rules", "RTM_GETRULE");
    const Result<RoutingRules> rules = read_rules();
    if (rules) {
      facts.rules = rules->count;
      facts.rules_of = rules->of;
    }
    if (!rules) facts.unseen.push_back(unseen_of(rules.error()));
  }
  telling.all(facts);
}

}  // namespace efa
