#include "agent/config/config.h"

#include <fmt/core.h>

#include <algorithm>

#include "agent/config/expect.h"
#include "probes/base/files.h"
#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
// its own assertions fail on "[[["; what follows them reports that as an error
#define TOML_ASSERT(expression) static_cast<void>(0)
#define TOML_MAX_NESTED_VALUES 16
#include <toml++/toml.h>

#include "agent/config/s3_settings.h"
#include "agent/config/toml_bounds.h"
#include "probes/base/url.h"

namespace efa {
namespace {

template <auto Table, auto Member>
constexpr auto& in(Config& config) {
  return config.*Table.*Member;
}

// Those of a table stand together, those of none first.
constexpr Setting kSettings[] = {
    {.key = "expect",
     .field = in<&Config::pass, &PassConfig::expect>,
     .help = "How many EFA devices the node should have: auto, none or a number in quotes"},
    {.key = "state_directory",
     .field = in<&Config::files, &FilesConfig::state_directory>,
     .help = "Reports and what is kept between passes"},
    {.key = "run_directory",
     .field = in<&Config::files, &FilesConfig::run_directory>,
     .help = "Where health.json is written"},
    {.key = "site_probes",
     .field = in<&Config::pass, &PassConfig::site_probes>,
     .help = "Executables here are run as probes too"},
    {.key = "deadline_ms",
     .field = in<&Config::pass, &PassConfig::deadline_ms>,
     .least = 1'000,
     .most = 120'000,
     .help = "A pass ends after this time"},
    {.key = "device_deadline_ms",
     .field = in<&Config::pass, &PassConfig::device_deadline_ms>,
     .least = 100,
     .most = 60'000,
     .help = "A device that has not answered the driver after this time counts as hung"},
    {.key = "valid_for_s",
     .field = in<&Config::files, &FilesConfig::valid_for_s>,
     .least = 10,
     .most = 180'000,
     .help = "A report older than this is stale; the daemon needs at least twice interval_s plus "
             "deadline_ms"},
    {.key = "interval_s",
     .field = in<&Config::daemon, &DaemonConfig::interval_s>,
     .least = 10,
     .most = 86'400,
     .help = "The daemon checks the node this often"},
    {.key = "boot_grace_s",
     .field = in<&Config::pass, &PassConfig::boot_grace_s>,
     .least = 0,
     .most = 3'600,
     .help = "For this long after boot, missing devices are not yet a fault"},
    {.key = "reports_kept",
     .field = in<&Config::files, &FilesConfig::reports_kept>,
     .least = 0,
     .most = 10'000,
     .help = "How many reports are kept; older ones are removed"},
    {.key = "reports_kib",
     .field = in<&Config::files, &FilesConfig::reports_kib>,
     .least = 0,
     .most = 1'048'576,
     .help = "How many KiB the kept reports may take; older ones are removed"},
    {.key = "metrics_directory",
     .field = in<&Config::files, &FilesConfig::metrics_directory>,
     .help = "Where efa-doctor.prom is written for a node exporter's textfile collector; empty: "
             "nowhere"},
    {.key = "metadata.endpoint",
     .field = in<&Config::metadata, &MetadataConfig::endpoint>,
     .help = "Address of the instance metadata service; empty: that of EC2"},
    {.key = "metadata.budget_ms",
     .field = in<&Config::metadata, &MetadataConfig::budget_ms>,
     .least = 100,
     .most = 30'000,
     .help = "Time limit for all requests to the metadata service"},
};

constexpr Setting kSettingsOfS3[] = {
    {.key = "s3.uri",
     .field = in<&Config::s3, &S3Config::uri>,
     .help = "s3://bucket/prefix that reports are sent to; empty: nowhere"},
    {.key = "s3.region",
     .field = in<&Config::s3, &S3Config::region>,
     .help = "Region of the bucket; empty: that of the environment, the instance or S3's answer"},
    {.key = "s3.endpoint",
     .field = in<&Config::s3, &S3Config::endpoint>,
     .help = "https://host[:port] of another server than AWS's; empty: AWS"},
    {.key = "s3.addressing",
     .field = in<&Config::s3, &S3Config::addressing>,
     .help = "Bucket in the path or in the host's name: auto, path or virtual"},
    {.key = "s3.profile",
     .field = in<&Config::s3, &S3Config::profile>,
     .help = "Profile in the shared AWS files to take keys from; empty: as the AWS SDKs choose"},
    {.key = "s3.ca_file",
     .field = in<&Config::s3, &S3Config::ca_file>,
     .help = "File of certificate authorities to trust; empty: those of the system"},
    {.key = "s3.proxy",
     .field = in<&Config::s3, &S3Config::proxy>,
     .help = "Proxy; empty: as https_proxy and no_proxy say"},
    {.key = "s3.sse",
     .field = in<&Config::s3, &S3Config::sse>,
     .help = "Encryption at rest: AES256 or aws:kms; empty: as the bucket is set up"},
    {.key = "s3.kms_key_id",
     .field = in<&Config::s3, &S3Config::kms_key_id>,
     .help = "Key for aws:kms; empty: the account's own for S3"},
    {.key = "s3.expected_bucket_owner",
     .field = in<&Config::s3, &S3Config::expected_bucket_owner>,
     .help = "Account that must own the bucket; empty: any"},
    {.key = "s3.storage_class",
     .field = in<&Config::s3, &S3Config::storage_class>,
     .help = "Storage class; empty: STANDARD"},
    {.key = "s3.checksum",
     .field = in<&Config::s3, &S3Config::checksum>,
     .help = "Send x-amz-checksum-sha256"},
    {.key = "s3.gzip",
     .field = in<&Config::s3, &S3Config::gzip>,
     .help = "Send reports with Content-Encoding: gzip"},
    {.key = "s3.connect_timeout_ms",
     .field = in<&Config::s3, &S3Config::connect_timeout_ms>,
     .least = 100,
     .most = 60'000,
     .help = "Time limit for connecting"},
    {.key = "s3.timeout_ms",
     .field = in<&Config::s3, &S3Config::timeout_ms>,
     .least = 100,
     .most = 600'000,
     .help = "Time limit for a whole upload"},
    {.key = "s3.stall_timeout_s",
     .field = in<&Config::s3, &S3Config::stall_timeout_s>,
     .least = 1,
     .most = 600,
     .help = "An upload that makes no progress for this time is given up"},
    {.key = "s3.once_limit_ms",
     .field = in<&Config::s3, &S3Config::once_limit_ms>,
     .least = 0,
     .most = 60'000,
     .help = "How long --once waits for delivery; the rest stays in the spool"},
    {.key = "s3.spool_count",
     .field = in<&Config::s3, &S3Config::spool_count>,
     .least = 1,
     .most = 100'000,
     .help = "At most this many reports wait for S3"},
    {.key = "s3.spool_mib",
     .field = in<&Config::s3, &S3Config::spool_mib>,
     .least = 1,
     .most = 1'000'000,
     .help = "At most this many MiB of reports wait for S3"},
};

std::vector<Setting> all_settings() {
  std::vector<Setting> all(std::begin(kSettings), std::end(kSettings));
  for (const CounterLimit& limit : kCounterLimits) {
    all.push_back({limit.key, limit.field, limit.least, limit.most, limit.help});
  }
  all.insert(all.end(), std::begin(kSettingsOfS3), std::end(kSettingsOfS3));
  return all;
}

struct PathSetting {
  const char* key;
  std::string& (*field)(Config&);
  bool needed;
};
constexpr PathSetting kPaths[] = {
    {.key = "state_directory",
     .field = in<&Config::files, &FilesConfig::state_directory>,
     .needed = true},
    {.key = "run_directory",
     .field = in<&Config::files, &FilesConfig::run_directory>,
     .needed = true},
    {.key = "site_probes", .field = in<&Config::pass, &PassConfig::site_probes>, .needed = false},
    {.key = "metrics_directory",
     .field = in<&Config::files, &FilesConfig::metrics_directory>,
     .needed = false},
    {.key = "s3.ca_file", .field = in<&Config::s3, &S3Config::ca_file>, .needed = false}};

Error error_at(const std::string& path, const toml::source_region& source,
               const std::string& what) {
  return {ErrorKind::kMalformed, path + ":" + std::to_string(source.begin.line), what};
}

const Setting* find_setting(const std::string& key) {
  for (const Setting& setting : settings()) {
    if (key == setting.key) return &setting;
  }
  return nullptr;
}

bool holds_control_characters(const std::string& text) {
  return std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 127; });
}

// Why the value is not taken; "" when it is.
std::string take(const Setting& setting, const toml::node& node, Config& config) {
  if (const auto* text = std::get_if<std::string& (*)(Config&)>(&setting.field)) {
    const auto value = node.value_exact<std::string>();
    if (!value) return "must be a string";
    if (holds_control_characters(*value)) return "contains control characters";
    (*text)(config) = *value;
    return "";
  }
  if (const auto* flag = std::get_if<bool& (*)(Config&)>(&setting.field)) {
    const auto value = node.value_exact<bool>();
    if (!value) return "must be true or false";
    (*flag)(config) = *value;
    return "";
  }
  const auto value = node.value_exact<int64_t>();
  if (!value) return "must be a whole number";
  if (*value < setting.least || *value > setting.most) {
    return fmt::format("must be from {} to {}", setting.least, setting.most);
  }
  if (const auto* number = std::get_if<int64_t& (*)(Config&)>(&setting.field)) {
    (*number)(config) = *value;
  }
  if (const auto* limit = std::get_if<int64_t CounterLimits::*>(&setting.field)) {
    config.counters.** limit = *value;
  }
  return "";
}

bool is_table_of_settings(const std::string& name) {
  for (const Setting& setting : settings()) {
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
      const std::string why = take(*setting, node, config);
      if (!why.empty()) taken = error_at(path, node.source(), fmt::format("{} {}", name, why));
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
Result<Done> check_paths(Config& config) {
  for (const auto& [key, field, needed] : kPaths) {
    const std::string& value = field(config);
    if (value.starts_with('/') || (value.empty() && !needed)) continue;
    return Error{ErrorKind::kMalformed, key, "must be an absolute path"};
  }
  return Done{};
}

Result<Done> check_metadata(Config& config) {
  if (config.metadata.endpoint.empty()) return Done{};
  const Result<Url> server = parse_server(config.metadata.endpoint, "metadata.endpoint");
  if (!server) return server.error();
  config.metadata.endpoint = server->origin();  // without the '/' at its end
  return Done{};
}

}  // namespace

const std::vector<Setting>& settings() {
  static const std::vector<Setting> kAll = all_settings();
  return kAll;
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
  const Result<ExpectSetting> expect = parse_expect(config.pass.expect);
  if (!expect) {
    return error_at(path, parsed.table()["expect"].node()->source(), message_of(expect.error()));
  }
  for (const Result<Done>& right :
       {check_paths(config), check_metadata(config), check_s3(config.s3)}) {
    if (!right) return Error{ErrorKind::kMalformed, path, message_of(right.error())};
  }
  if (config.pass.device_deadline_ms >= config.pass.deadline_ms) {
    config.pass.device_deadline_ms = config.pass.deadline_ms / 2;
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
