// What efa-doctor pair was asked for, as it is handed to the executable that does it: one argument,
// a JSON object.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/report/format.h"
#include "probes/base/result.h"

namespace efa {

inline constexpr uint64_t kMostPairBytes = uint64_t{8} * 1024 * 1024;  // of one message
inline constexpr size_t kMostPairSizes = 16;
inline constexpr int64_t kMostPairSeconds = 60;

// By what the devices are used.
inline constexpr const char* kVerbsEngine = "verbs";
inline constexpr const char* kLibfabricEngine = "libfabric";
inline constexpr const char* kBothEngines = "both";

struct PairOptions {
  std::string role;  // "server" or "client"
  std::string host;  // of a client
  std::string bind;  // of a server; "": all addresses
  int64_t port = 18516;
  std::string device = "all";  // or a PCI address, or a name
  bool once = false;
  std::string token_file;
  std::vector<std::string> sizes = {"64", "4096", "8192", "1M"};
  std::string engine = kBothEngines;
  bool compare = false;
  int64_t seconds = 2;  // of figures, for each pair of devices
  OutputFormat format = OutputFormat::kText;
  std::string output;
  // of the agent
  std::string modules;
  std::string metadata_endpoint;
  int64_t metadata_budget_ms = 1000;
  std::string lock_directory;
  std::string sysroot = "/";
};

template <class Io>
void describe(Io& io, PairOptions& options) {
  io("role", options.role);
  io("host", options.host);
  io("bind", options.bind);
  io("port", options.port);
  io("device", options.device);
  io("once", options.once);
  io("token_file", options.token_file);
  io("sizes", options.sizes);
  io("engine", options.engine);
  io("compare", options.compare);
  io("seconds", options.seconds);
  io("format", options.format);
  io("output", options.output);
  io("modules", options.modules);
  io("metadata_endpoint", options.metadata_endpoint);
  io("metadata_budget_ms", options.metadata_budget_ms);
  io("lock_directory", options.lock_directory);
  io("sysroot", options.sysroot);
}

// "64", "8K", "1M" -> bytes, each once, the smallest first.
Result<std::vector<uint64_t>> parse_pair_sizes(const std::vector<std::string>& sizes);
// What is wrong with them, told before anything is done.
Result<Done> check_options(const PairOptions& options);

}  // namespace efa
