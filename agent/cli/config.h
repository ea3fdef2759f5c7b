// The configuration, /etc/efa-doctor/config.toml: one table of settings gives the keys, their
// types, bounds, defaults and descriptions. An unknown key or a wrong type is an error that names
// the line; a missing file means the defaults.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <variant>

#include "agent/diagnose/expectation.h"
#include "probes/protocol/result.h"

namespace efa {

struct Config {
  std::string expect = "auto";
  std::string state_directory = "/var/lib/efa-doctor";
  std::string run_directory = "/run/efa-doctor";
  std::string site_probes = "/etc/efa-doctor/probes.d";
  int64_t deadline_ms = 10'000;        // of a whole pass
  int64_t device_deadline_ms = 5'000;  // an answer of a living device takes milliseconds
  int64_t valid_for_s = 900;           // three times the interval of the daemon
  std::string metadata_endpoint;       // "": that of EC2, asked only on EC2
  int64_t metadata_budget_ms = 1'000;
  int64_t interval_s = 300;       // between the daemon's passes
  int64_t boot_grace_s = 60;      // devices may come so late
  int64_t reports_kept = 50;      // in reports/, beside the newest
  int64_t reports_kib = 16'384;   // and no more than so many KiB of them
  std::string metrics_directory;  // "": no file for a node exporter
  CounterLimits limits;           // of the growth of counters
  std::string s3_uri;             // "": no delivery to S3
  std::string s3_region;
  std::string s3_endpoint;
  std::string s3_addressing = "auto";
  std::string s3_profile;
  std::string s3_ca_file;
  std::string s3_proxy;
  std::string s3_sse;
  std::string s3_kms_key_id;
  std::string s3_expected_bucket_owner;
  std::string s3_storage_class;
  bool s3_checksum = true;
  bool s3_gzip = false;
  int64_t s3_connect_timeout_ms = 3'000;
  int64_t s3_timeout_ms = 30'000;
  int64_t s3_stall_timeout_s = 10;
  int64_t s3_once_limit_ms = 5'000;
  int64_t s3_spool_count = 2'000;  // a week at a report every five minutes
  int64_t s3_spool_mib = 256;
};

using Field = std::variant<std::string Config::*, int64_t Config::*, bool Config::*,
                           int64_t CounterLimits::*>;

struct Setting {
  const char* key;  // "metadata.endpoint": a table and a key in it
  Field field;
  int64_t least;  // of a number
  int64_t most;
  const char* help;
};

inline constexpr const char* kConfigPath = "/etc/efa-doctor/config.toml";

std::span<const Setting> settings();
Result<Config> parse_config(const std::string& toml, const std::string& path);
// The text of the file; "" when it is missing and need not be there.
Result<std::string> read_config_text(const std::string& path, bool required);
// `required`: the file was named on the command line, so it must be there.
Result<Config> read_config(const std::string& path, bool required);

}  // namespace efa
