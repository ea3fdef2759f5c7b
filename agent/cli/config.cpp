#include "agent/cli/config.h"

#include <algorithm>

#include "agent/deliver/files.h"
#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
// its own assertions fail on "[[["; what follows them reports that as an error
#define TOML_ASSERT(expression) static_cast<void>(0)
#define TOML_MAX_NESTED_VALUES 16
#include <toml++/toml.h>

#include "agent/cli/toml_bounds.h"
#include "agent/deliver/s3/settings.h"
#include "probes/protocol/url.h"

namespace efa {
namespace {

// Those of a table stand together, those of none first.
constexpr Setting kSettings[] = {
    {"expect", &Config::expect, 0, 0,
     "How many EFA devices the node should have: auto, none or a number in quotes"},
    {"state_directory", &Config::state_directory, 0, 0, "Reports and what is kept between passes"},
    {"run_directory", &Config::run_directory, 0, 0, "Where health.json is written"},
    {"site_probes", &Config::site_probes, 0, 0, "Executables here are run as probes too"},
    {"deadline_ms", &Config::deadline_ms, 1'000, 120'000, "A pass ends after this time"},
    {"device_deadline_ms", &Config::device_deadline_ms, 100, 60'000,
     "A device for which the driver still holds who asked it after this time hangs"},
    {"valid_for_s", &Config::valid_for_s, 10, 180'000,
     "A report older than this is stale; the daemon wants twice interval_s and deadline_ms"},
    {"interval_s", &Config::interval_s, 10, 86'400, "The daemon looks at the node this often"},
    {"boot_grace_s", &Config::boot_grace_s, 0, 3'600,
     "So long after boot a node that lacks devices is not called broken yet"},
    {"reports_kept", &Config::reports_kept, 0, 10'000, "Older reports are removed"},
    {"reports_kib", &Config::reports_kib, 0, 1'048'576, "Older reports are removed beyond this"},
    {"metrics_directory", &Config::metrics_directory, 0, 0,
     "Where efa-doctor.prom is written for a node exporter's textfile collector; empty: nowhere"},
    {"metadata.endpoint", &Config::metadata_endpoint, 0, 0,
     "Address of the instance metadata service; empty: that of EC2"},
    {"metadata.budget_ms", &Config::metadata_budget_ms, 100, 30'000,
     "Time for all questions to the metadata service"},
    {"counters.rx_drops_per_s", &CounterLimits::rx_drops_per_s, 0, kMaxRate,
     "Growth of rx_drops that is a fault"},
    {"counters.rdma_errors_per_s", &CounterLimits::rdma_errors_per_s, 0, kMaxRate,
     "Growth of rdma_read_wr_err or rdma_write_wr_err that is worth a word"},
    {"counters.remote_events_per_s", &CounterLimits::remote_events_per_s, 0, kMaxRate,
     "Growth of unresponsive_remote_events or impaired_remote_conn_events that is a fault"},
    {"counters.retransmit_timeouts_per_s", &CounterLimits::retransmit_timeouts_per_s, 0, kMaxRate,
     "Growth of retrans_timeout_events that is a fault"},
    {"counters.retransmitted_bytes_per_s", &CounterLimits::retransmitted_bytes_per_s, 0, kMaxRate,
     "Growth of retrans_bytes that is a fault"},
    {"counters.retransmitted_packets_per_s", &CounterLimits::retransmitted_packets_per_s, 0,
     kMaxRate, "Growth of retrans_pkts that is a fault"},
    {"counters.command_errors_per_s", &CounterLimits::command_errors_per_s, 0, kMaxRate,
     "Growth of cmds_err that is worth a word"},
    {"counters.keep_alive_periods", &CounterLimits::keep_alive_periods, 2, kMaxKeepAlivePeriods,
     "A device without keep-alive for so many of its periods has stopped"},
    {"s3.uri", &Config::s3_uri, 0, 0,
     "s3://bucket/prefix that reports are sent to; empty: nowhere"},
    {"s3.region", &Config::s3_region, 0, 0,
     "Region of the bucket; empty: as the environment, the instance or S3 says"},
    {"s3.endpoint", &Config::s3_endpoint, 0, 0,
     "https://host[:port] of another server than AWS's; empty: AWS"},
    {"s3.addressing", &Config::s3_addressing, 0, 0,
     "Bucket in the path or in the host's name: auto, path or virtual"},
    {"s3.profile", &Config::s3_profile, 0, 0,
     "Profile of the shared AWS files whose keys are used; empty: as the AWS SDKs choose"},
    {"s3.ca_file", &Config::s3_ca_file, 0, 0, "Authorities to trust; empty: the system's"},
    {"s3.proxy", &Config::s3_proxy, 0, 0, "Proxy; empty: as https_proxy and no_proxy say"},
    {"s3.sse", &Config::s3_sse, 0, 0,
     "Encryption at rest: AES256 or aws:kms; empty: as the bucket is set up"},
    {"s3.kms_key_id", &Config::s3_kms_key_id, 0, 0,
     "Key for aws:kms; empty: the account's own for S3"},
    {"s3.expected_bucket_owner", &Config::s3_expected_bucket_owner, 0, 0,
     "Account that must own the bucket; empty: any"},
    {"s3.storage_class", &Config::s3_storage_class, 0, 0, "Storage class; empty: STANDARD"},
    {"s3.checksum", &Config::s3_checksum, 0, 0, "Send x-amz-checksum-sha256"},
    {"s3.gzip", &Config::s3_gzip, 0, 0, "Send reports with Content-Encoding: gzip"},
    {"s3.connect_timeout_ms", &Config::s3_connect_timeout_ms, 100, 60'000,
     "Time for a connection to come about"},
    {"s3.timeout_ms", &Config::s3_timeout_ms, 100, 600'000, "Time for an upload as a whole"},
    {"s3.stall_timeout_s", &Config::s3_stall_timeout_s, 1, 600,
     "An upload in which nothing moves for this time is given up"},
    {"s3.once_limit_ms", &Config::s3_once_limit_ms, 0, 60'000,
     "How long --once waits for delivery; the rest stays in the spool"},
    {"s3.spool_count", &Config::s3_spool_count, 1, 100'000, "Most reports that wait for S3"},
    {"s3.spool_mib", &Config::s3_spool_mib, 1, 1'000'000, "Most MiB that they take"},
};

struct PathSetting {
  const char* key;
  std::string Config::*field;
  bool needed;
};
constexpr PathSetting kPaths[] = {{"state_directory", &Config::state_directory, true},
                                  {"run_directory", &Config::run_directory, true},
                                  {"site_probes", &Config::site_probes, false},
                                  {"metrics_directory", &Config::metrics_directory, false},
                                  {"s3.ca_file", &Config::s3_ca_file, false}};

Error error_at(const std::string& path, const toml::source_region& source,
               const std::string& what) {
  return {ErrorKind::kMalformed, path + ":" + std::to_string(source.begin.line), what};
}

const Setting* find_setting(const std::string& key) {
  for (const Setting& setting : kSettings) {
    if (key == setting.key) return &setting;
  }
  return nullptr;
}

bool holds_control_characters(const std::string& text) {
  return std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 127; });
}

Result<Done> take(const Setting& setting, const toml::node& node, Config& config,
                  const std::string& path) {
  if (const auto* text = std::get_if<std::string Config::*>(&setting.field)) {
    const auto value = node.value_exact<std::string>();
    if (!value)
      return error_at(path, node.source(), std::string(setting.key) + " must be a string");
    if (holds_control_characters(*value)) {
      return error_at(path, node.source(), std::string(setting.key) + " holds control characters");
    }
    config.** text = *value;
    return Done{};
  }
  if (const auto* flag = std::get_if<bool Config::*>(&setting.field)) {
    const auto value = node.value_exact<bool>();
    if (!value) {
      return error_at(path, node.source(), std::string(setting.key) + " must be true or false");
    }
    config.** flag = *value;
    return Done{};
  }
  const auto value = node.value_exact<int64_t>();
  if (!value) {
    return error_at(path, node.source(), std::string(setting.key) + " must be a whole number");
  }
  if (*value < setting.least || *value > setting.most) {
    return error_at(path, node.source(),
                    std::string(setting.key) + " must be from " + std::to_string(setting.least) +
                        " to " + std::to_string(setting.most));
  }
  if (const auto* number = std::get_if<int64_t Config::*>(&setting.field))
    config.** number = *value;
  if (const auto* limit = std::get_if<int64_t CounterLimits::*>(&setting.field)) {
    config.limits.** limit = *value;
  }
  return Done{};
}

bool is_table_of_settings(const std::string& name) {
  for (const Setting& setting : kSettings) {
    if (std::string(setting.key).starts_with(name + ".")) return true;
  }
  return false;
}

Result<Done> take_table(const toml::table& table, const std::string& prefix, Config& config,
                        const std::string& path) {
  for (const auto& [key, node] : table) {
    const std::string name = prefix + std::string(key.str());
    const Setting* setting = find_setting(name);
    Result<Done> taken = Done{};
    if (setting != nullptr) {
      taken = take(*setting, node, config, path);
    } else if (node.is_table() && is_table_of_settings(name)) {
      taken = take_table(*node.as_table(), name + ".", config, path);
    } else {
      taken = error_at(path, key.source(), "unknown key '" + name + "'");
    }
    if (!taken) return taken;
  }
  return Done{};
}

// A relative one would depend on where the program is started.
Result<Done> check_paths(const Config& config) {
  for (const auto& [key, field, needed] : kPaths) {
    const std::string& value = config.*field;
    if (value.starts_with('/') || (value.empty() && !needed)) continue;
    return Error{ErrorKind::kMalformed, key, "must be an absolute path"};
  }
  return Done{};
}

Result<Done> check_metadata(Config& config) {
  if (config.metadata_endpoint.empty()) return Done{};
  const Result<Url> server = parse_server(config.metadata_endpoint, "metadata.endpoint");
  if (!server) return server.error();
  config.metadata_endpoint = server->origin();  // without the '/' at its end
  return Done{};
}

}  // namespace

std::span<const Setting> settings() {
  return kSettings;
}

Result<Config> parse_config(const std::string& toml, const std::string& path) {
  if (const auto line = refused_line(toml)) {
    return Error{ErrorKind::kMalformed, path + ":" + std::to_string(line->number),
                 std::string(line->why)};
  }
  const toml::parse_result parsed = toml::parse(toml, path);
  if (!parsed) {
    return error_at(path, parsed.error().source(), std::string(parsed.error().description()));
  }
  Config config;
  const Result<Done> taken = take_table(parsed.table(), "", config, path);
  if (!taken) return taken.error();
  const Result<ExpectSetting> expect = parse_expect(config.expect);
  if (!expect) {
    return error_at(path, parsed.table()["expect"].node()->source(), message_of(expect.error()));
  }
  for (const Result<Done>& right :
       {check_paths(config), check_metadata(config), check_s3(config)}) {
    if (!right) return Error{ErrorKind::kMalformed, path, message_of(right.error())};
  }
  if (config.device_deadline_ms >= config.deadline_ms) {
    config.device_deadline_ms = config.deadline_ms / 2;
  }
  return config;
}

Result<std::string> read_config_text(const std::string& path, bool required) {
  constexpr size_t kMaxConfig = size_t{1} * 1024 * 1024;
  Result<std::string> text = read_file(path, kMaxConfig);
  if (text || required || text.error().kind != ErrorKind::kNotFound) return text;
  return std::string();
}

Result<Config> read_config(const std::string& path, bool required) {
  const Result<std::string> text = read_config_text(path, required);
  return text ? parse_config(*text, path) : Result<Config>(text.error());
}

}  // namespace efa
