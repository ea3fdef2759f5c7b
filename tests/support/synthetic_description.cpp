// From tests/nodes/<name>/node.json to a SyntheticNode.

#include <fstream>
#include <sstream>

#include "probes/base/describe.h"
#include "probes/base/text.h"
#include "tests/support/synthetic_node.h"

namespace efa {

template <class Io>
void describe(Io& io, SyntheticFunction& function) {
  io("at", function.at);
  io("id", function.id);
  io("class", function.class_code);
  io("numa", function.numa);
  io("name", function.name);
  io("mac", function.mac);
  io("link", function.link);
  io("rate", function.rate);
}

template <class Io>
void describe(Io& io, SyntheticInstaller& installer) {
  io("version", installer.version);
  io("packages", installer.packages);
}

template <class Io>
void describe(Io& io, SyntheticService& service) {
  io("name", service.name);
  io("pid", service.pid);
  io("locked_memory", service.locked_memory);
}

template <class Io>
void describe(Io& io, SyntheticNvidia& nvidia) {
  io("version", nvidia.version);
  io("open", nvidia.open);
  io("p2p", nvidia.p2p);
}

template <class Io>
void describe(Io& io, SyntheticNode& node) {
  io("note", node.note);
  io("instance_type", node.instance_type);
  io("os", node.os);
  io("kernel", node.kernel);
  io("efa_version", node.efa_version);
  io("efa_module", node.efa_module);
  io("efa_vermagic", node.efa_vermagic);
  io("efa_ids", node.efa_ids);
  io("rename_rule", node.rename_rule);
  io("installer", node.installer);
  io("cpus", node.cpus);
  io("numa_nodes", node.numa_nodes);
  io("huge_pages", node.huge_pages);
  io("ptrace_scope", node.ptrace_scope);
  io("services", node.services);
  io("nvidia", node.nvidia);
  io("neuron", node.neuron);
  io("gdr", node.gdr);
  io("functions", node.functions);
  io("efa_devices", node.efa_devices);
  io("held", node.held);
  io("efa_loaded", node.efa_loaded);
  io("container", node.container);
  io("capabilities", node.capabilities);
  io("device_nodes", node.device_nodes);
  io("counters", node.counters);
  io("arguments", node.arguments);
}

std::string SyntheticFunction::address() const {
  return base_name(at);
}
std::string SyntheticFunction::vendor() const {
  return "0x" + id.substr(0, id.find(':'));
}
std::string SyntheticFunction::device() const {
  return "0x" + id.substr(id.find(':') + 1);
}
std::string SyntheticFunction::driver() const {
  if (held_by) return *held_by;
  if (id.starts_with("1d0f:efa")) return "efa";
  if (id == "1d0f:ec20") return "ena";
  if (id.starts_with("15b3:")) return "mlx5_core";
  if (id.starts_with("1d0f:71") || id.starts_with("1d0f:73")) return "neuron-driver";
  return id.starts_with("10de:") ? "nvidia" : "";
}

namespace {

Result<Value> value_of_file(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return parse_json(text.str(), path);
}

// With the members of those that it is like.
Result<Value> whole_description(const std::string& path) {
  Result<Value> value = value_of_file(path);
  if (!value || value->text("like").empty()) return value;
  const std::string directory = path.substr(0, path.rfind('/'));
  Result<Value> whole = whole_description(directory + "/../" + value->text("like") + "/node.json");
  if (!whole) return whole;
  for (const auto& [key, member] : *value->as<Object>()) {
    if (!member.is_null()) {
      whole->set(key, member);
    } else if (Object* members = whole->as<Object>()) {
      std::erase_if(*members, [&key = key](const auto& one) { return one.first == key; });
    }
  }
  return whole;
}

}  // namespace

Result<SyntheticNode> read_synthetic_node(const std::string& path) {
  const Result<Value> value = whole_description(path);
  if (!value) return value.error();
  Result<SyntheticNode> node = from_value<SyntheticNode>(*value, path);
  if (!node) return node;
  if (node->efa_devices) set_efa_count(*node, static_cast<size_t>(*node->efa_devices));
  for (SyntheticFunction& function : node->functions) {
    const auto held = node->held.find(function.address());
    if (held != node->held.end()) function.held_by = held->second;
  }
  return node;
}

namespace {

// "pci0000:44/0000:44:00.0" -> "pci0001:44/0001:44:00.0"
SyntheticFunction in_domain(SyntheticFunction function, size_t domain) {
  const std::string number = std::to_string(domain);
  const std::string text = std::string(4 - number.size(), '0') + number + ":";
  for (size_t at = 0; (at = function.at.find("0000:", at)) != std::string::npos; at += 5) {
    function.at.replace(at, 5, text);
  }
  // rdma-core's udev rule: rdmap79s0 of domain 1 is rdmaP1p79s0
  if (function.name) function.name = "rdmaP" + number + function.name->substr(4);
  function.mac.reset();
  return function;
}

}  // namespace

void set_efa_count(SyntheticNode& node, size_t count) {
  std::vector<SyntheticFunction> kept;
  std::vector<SyntheticFunction> efa;
  for (const SyntheticFunction& function : node.functions) {
    (function.is_efa() ? efa : kept).push_back(function);
  }
  for (size_t i = 0; i < count && !efa.empty(); ++i) {
    const SyntheticFunction& pattern = efa[i % efa.size()];
    const size_t domain = i / efa.size();
    kept.push_back(domain == 0 ? pattern : in_domain(pattern, domain));
  }
  node.functions = std::move(kept);
}

}  // namespace efa
