// The table of settings: keys, where each is in a Config, bounds, what a person is told of it.

#include "agent/config/config.h"

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
     .number_too = true,
     .help = "How many EFA devices the node should have: auto, none, max (as many as the instance "
             "type can have) or a number"},
    {.key = "set_aside",
     .field = in<&Config::pass, &PassConfig::set_aside>,
     .help = "PCI addresses of EFA devices that are not judged and do not count, as those given to "
             "a virtual machine: [\"0000:10:1b.0\"]"},
    {.key = "state_directory",
     .field = in<&Config::files, &FilesConfig::state_directory>,
     .path = Path::kNeeded,
     .help = "Reports and what is kept between passes"},
    {.key = "run_directory",
     .field = in<&Config::files, &FilesConfig::run_directory>,
     .path = Path::kNeeded,
     .help = "Where health.json is written"},
    {.key = "site_probes",
     .field = in<&Config::pass, &PassConfig::site_probes>,
     .path = Path::kOptional,
     .help = "Executables here are run as probes too"},
    {.key = "host_root",
     .field = in<&Config::pass, &PassConfig::host_root>,
     .path = Path::kOptional,
     .help = "Where the node's root is mounted in the container that looks at the node; empty: the "
             "files of the node are below /"},
    {.key = "deadline_ms",
     .field = in<&Config::pass, &PassConfig::deadline_ms>,
     .least = 1'000,
     .most = 120'000,
     .help = "A pass ends after this time"},
    {.key = "device_deadline_ms",
     .field = in<&Config::pass, &PassConfig::device_deadline_ms>,
     .least = 100,
     .most = 60'000,
     .help = "A device that has not answered the driver after this time counts as hung; less than "
             "deadline_ms"},
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
    {.key = "data_interval_s",
     .field = in<&Config::daemon, &DaemonConfig::data_interval_s>,
     .least = 0,
     .most = 604'800,
     .help = "The daemon sends own messages over each EFA device that nobody uses this often, as "
             "--once --data does; 0: never"},
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
     .path = Path::kOptional,
     .help = "Where efa-doctor.prom is written for a node exporter's textfile collector; empty: "
             "nowhere"},
    {.key = "metrics_counters",
     .field = in<&Config::files, &FilesConfig::metrics_counters>,
     .help = "Hardware counters of each EFA device among the metrics: some 36 series a device"},
    {.key = "metadata.endpoint",
     .field = in<&Config::metadata, &MetadataConfig::endpoint>,
     .help = "Address of the instance metadata service; empty: that of EC2"},
    {.key = "metadata.budget_ms",
     .field = in<&Config::metadata, &MetadataConfig::budget_ms>,
     .least = 100,
     .most = 30'000,
     .help = "Time limit for all requests to the metadata service"},
};

constexpr Setting kChecks = {
    .key = "checks.CODE",
    .field = in<&Config::pass, &PassConfig::checks>,
    .example = "limits.huge-pages-few = \"info\"",
    .help =
        "What a check weighs on this node: off, info, warning or critical; list-checks names "
        "the codes and what they weigh by default, and every report says what is set here"};

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
     .path = Path::kOptional,
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
     .number_too = true,
     .help = "Account that must own the bucket; empty: any"},
    {.key = "s3.storage_class",
     .field = in<&Config::s3, &S3Config::storage_class>,
     .help = "Storage class; empty: STANDARD"},
    {.key = "s3.checksum",
     .field = in<&Config::s3, &S3Config::checksum>,
     .help = "Send x-amz-checksum-sha256"},
    {.key = "s3.gzip",
     .field = in<&Config::s3, &S3Config::gzip>,
     .help = "Compress reports; their keys then end in .gz"},
    {.key = "s3.repeat_s",
     .field = in<&Config::s3, &S3Config::repeat_s>,
     .least = 0,
     .most = 86'400,
     .help = "The daemon sends a report that says nothing new this often; 0: that of each pass"},
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
  all.push_back(kChecks);
  for (const CounterLimit& limit : kCounterLimits) {
    all.push_back({.key = limit.key,
                   .field = limit.field,
                   .least = limit.least,
                   .most = limit.most,
                   .help = limit.help});
  }
  all.insert(all.end(), std::begin(kSettingsOfS3), std::end(kSettingsOfS3));
  return all;
}

}  // namespace

const std::vector<Setting>& settings() {
  static const std::vector<Setting> kAll = all_settings();
  return kAll;
}

}  // namespace efa
