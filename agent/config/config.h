// The configuration, /etc/efa-doctor/config.toml: one table of settings gives the keys, their
// types, bounds, defaults and descriptions. An unknown key or a wrong type is an error that names
// the line; a missing file means the defaults.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "agent/config/weights.h"
#include "probes/base/result.h"
#include "probes/rdma/counter_limits.h"

namespace efa {

// What a pass does.
struct PassConfig {
  std::string expect = "auto";
  std::vector<std::string> set_aside;  // PCI addresses of devices that are not judged
  WeightWords checks;
  std::string site_probes = "/etc/efa-doctor/probes.d";
  std::string host_root;               // "": this is no container, or the container is looked at
  int64_t deadline_ms = 10'000;        // of a whole pass
  int64_t device_deadline_ms = 5'000;  // an answer of a living device takes milliseconds
  int64_t boot_grace_s = 60;           // devices may come so late
};

// What it leaves on local disk.
struct FilesConfig {
  std::string state_directory = "/var/lib/efa-doctor";
  std::string run_directory = "/run/efa-doctor";
  std::string metrics_directory;  // "": no file for a node exporter
  bool metrics_counters = false;  // of each device too: 36 series each
  int64_t valid_for_s = 900;      // three times the interval of the daemon
  int64_t reports_kept = 50;      // in reports/, beside the newest
  int64_t reports_kib = 16'384;   // and no more than so many KiB of them
};

struct DaemonConfig {
  int64_t interval_s = 300;     // between passes
  int64_t data_interval_s = 0;  // between those that send own messages; 0: none does
};

struct MetadataConfig {
  std::string endpoint;  // "": that of EC2, asked only on EC2
  int64_t budget_ms = 1'000;
};

struct S3Config {
  std::string uri;  // "": no delivery to S3
  std::string region;
  std::string endpoint;
  std::string addressing = "auto";
  std::string profile;
  std::string ca_file;
  std::string proxy;
  std::string sse;
  std::string kms_key_id;
  std::string expected_bucket_owner;
  std::string storage_class;
  bool checksum = true;
  bool gzip = true;
  int64_t repeat_s = 3'600;  // what says nothing new
  int64_t connect_timeout_ms = 3'000;
  int64_t timeout_ms = 30'000;
  int64_t stall_timeout_s = 10;
  int64_t once_limit_ms = 5'000;
  int64_t spool_count = 2'000;  // a week at a report every five minutes
  int64_t spool_mib = 256;
};

struct Config {
  PassConfig pass;
  FilesConfig files;
  DaemonConfig daemon;
  MetadataConfig metadata;
  CounterLimits counters;  // of their growth
  S3Config s3;
};

// Where in a Config it is.
using Field = std::variant<std::string& (*)(Config&), int64_t& (*)(Config&), bool& (*)(Config&),
                           std::vector<std::string>& (*)(Config&), WeightWords& (*)(Config&),
                           int64_t CounterLimits::*>;

// Whether a text is a path, and whether there must be one.
enum class Path { kNone, kNeeded, kOptional };

struct Setting {
  const char* key;  // "metadata.endpoint": a table and a key in it
  Field field;
  int64_t least = 0;  // of a number
  int64_t most = 0;
  Path path = Path::kNone;
  bool number_too = false;        // of a text: a whole number is taken as well
  const char* example = nullptr;  // of a table whose keys are codes: a line that changes nothing
  const char* help;
};

inline constexpr const char* kConfigPath = "/etc/efa-doctor/config.toml";

const std::vector<Setting>& settings();
// A configuration with all that is wrong about it, in the order of its lines.
struct ReadConfig {
  Config config;
  std::vector<Error> errors;
};

// What a command refuses that others take; the `where` of each error is a setting's key.
using MoreErrors = std::function<std::vector<Error>(const Config&)>;

ReadConfig parse_whole_config(const std::string& toml, const std::string& path,
                              const MoreErrors& more = {});
// Its first error where there is one.
Result<Config> parse_config(const std::string& toml, const std::string& path,
                            const MoreErrors& more = {});
// The text of the file; "" when it is missing and need not be there.
Result<std::string> read_config_text(const std::string& path, bool required);
// `required`: the file was named on the command line, so it must be there.
ReadConfig read_whole_config(const std::string& path, bool required, const MoreErrors& more = {});
Result<Config> read_config(const std::string& path, bool required);

}  // namespace efa
