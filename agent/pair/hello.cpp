#include "agent/pair/hello.h"

#include <filesystem>

#include "agent/config/version.h"
#include "agent/pair/copies.h"
#include "agent/run/runner.h"
#include "probes/base/rights.h"
#include "probes/base/text.h"
#include "probes/cloud/facts.h"
#include "probes/cloud/read.h"
#include "probes/data/holders.h"

namespace efa {
namespace {

constexpr std::chrono::milliseconds kForPlace{4'000};

// "libibverbs.so.1.14.56.0" -> "56.0": the ABI, then the version of rdma-core.
std::optional<std::string> rdma_core_of(const std::optional<std::string>& library) {
  if (!library) return std::nullopt;
  std::error_code error;
  const std::string file = std::filesystem::canonical(*library, error).filename().string();
  const std::vector<std::string> parts = split(file, '.');
  constexpr size_t kParts = 6;
  if (error || parts.size() != kParts) return std::nullopt;
  return parts[4] + "." + parts[5];
}

// As a pass asks it: with its limits, in a process of its own. Of this machine, as what is sent is.
CloudFacts read_place(const PairOptions& options) {
  Launch launch;
  launch.name = "cloud";
  launch.read = read_cloud;
  launch.environment = base_environment();
  launch.arguments = {"--sysroot", "/", "--deadline-ms", std::to_string(kForPlace.count())};
  std::vector<std::string> told = {"http-module=" + options.modules + "/http.so",
                                   "imds-budget-ms=" + std::to_string(options.metadata_budget_ms)};
  if (!options.metadata_endpoint.empty()) {
    told.push_back("imds-endpoint=" + options.metadata_endpoint);
  }
  for (const std::string& option : told) {
    launch.arguments.insert(launch.arguments.end(), {"--option", option});
  }
  const std::vector<ProbeRun> runs = run_probes({launch}, kForPlace, Progress());
  return from_value<CloudFacts>(runs.front().transcript.facts(), "cloud").value_or(CloudFacts());
}

void take_place(const CloudFacts& place, PairHello& hello) {
  hello.metadata_status = place.metadata_status;
  hello.instance_id = place.instance_id;
  hello.instance_type = place.instance_type;
  hello.zone_id = place.availability_zone_id;
  hello.placement_group = place.placement_group;
  for (const CloudInterface& one : place.interfaces) {
    hello.interfaces.push_back({one.mac, one.subnet_id, one.vpc_id, one.security_group_ids});
  }
}

bool is_meant(const PairDevice& device, const std::string& wanted) {
  return wanted == "all" || wanted == device.name || wanted == device.address.to_text();
}

Result<Done> list_devices(const PairGround& ground, const std::string& wanted, PairHello& hello) {
  const Result<std::vector<std::string>> listed = ground.library.list();
  if (!listed) {
    hello.list_failed = unseen_of(listed.error());
    return Done{};
  }
  int rail = 0;
  for (const auto& [address, name] : efa_devices(ground.root, *listed)) {
    PairDevice device{.rail = rail++, .address = address, .name = name};
    device.gid = ground.root.text("/sys/class/infiniband/" + name + "/ports/1/gids/0");
    if (is_meant(device, wanted)) hello.devices.push_back(std::move(device));
  }
  if (!hello.devices.empty() || wanted == "all") return Done{};
  return malformed("--device", "no EFA device has that name or PCI address");
}

}  // namespace

Result<PairHello> read_hello(const PairGround& ground, const PairOptions& options) {
  PairHello hello;
  hello.agent = kVersion;
  hello.kernel = ground.root.text("/proc/sys/kernel/osrelease");
  hello.driver = ground.root.text("/sys/module/efa/version");
  hello.rdma_core = rdma_core_of(ground.library.file());
  hello.lockable = lockable_bytes();
  const Result<Done> listed = list_devices(ground, options.device, hello);
  if (!listed) return listed.error();
  hello.copies = list_copies(ground);
  take_place(read_place(options), hello);
  return hello;
}

}  // namespace efa
