// deliver-s3: sends what the spool holds. A process of its own, started by `efa-doctor deliver` and
// after a pass: it alone holds credentials, TLS and a network connection.

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <random>

#include "agent/config/s3_settings.h"
#include "agent/deliver/s3/private_process.h"
#include "agent/deliver/s3/settings.h"
#include "agent/deliver/s3/uploader.h"
#include "agent/log/log.h"
#include "probes/aws/region.h"
#include "probes/base/exit_codes.h"
#include "probes/base/file_lock.h"
#include "probes/base/files.h"
#include "probes/base/printable.h"
#include "probes/base/private_memory.h"
#include "probes/base/text.h"

namespace efa {
namespace {

struct Arguments {
  std::string config_file;
  DrainOptions options;
  bool quiet = false;
  std::string object;  // the key of one that standard input holds; "": what the spool holds
};

std::optional<Arguments> parse_arguments(int argc, const char* const* argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    const char* value = i + 1 < argc ? argv[i + 1] : "";
    if (name == "--patient") {
      arguments.options.patient = true;
    } else if (name == "--quiet") {
      arguments.quiet = true;
    } else if (name == "--config") {
      arguments.config_file = value;
      ++i;
    } else if (name == "--object") {
      arguments.object = value;
      ++i;
    } else if (name == "--limit-ms") {
      arguments.options.limit_ms = parse_number<int64_t>(value);
      if (!arguments.options.limit_ms) return std::nullopt;
      ++i;
    } else {
      return std::nullopt;
    }
  }
  return arguments;
}

HttpSettings http_settings(const S3Config& config, const Clock& clock,
                           std::optional<int64_t> limit_ms) {
  HttpSettings settings;
  settings.ca_file = config.ca_file;
  settings.proxy = config.proxy;
  settings.connect_limit = std::chrono::milliseconds(config.connect_timeout_ms);
  settings.stall_limit = std::chrono::seconds(config.stall_timeout_s);
  const int64_t end = limit_ms ? clock.steady_ms() + *limit_ms : INT64_MAX;
  settings.cancelled = [&clock, end] { return clock.stopped() || clock.steady_ms() > end; };
  return settings;
}

ClientSettings client_settings(const S3Config& config, const S3Target& target,
                               const std::string& region, const DeliveryState& state) {
  ClientSettings settings;
  settings.target = target;
  settings.region = region;
  settings.sse = config.sse;
  settings.kms_key_id = config.kms_key_id;
  settings.expected_bucket_owner = config.expected_bucket_owner;
  settings.storage_class = config.storage_class;
  settings.checksum = config.checksum;
  settings.gzip = config.gzip;
  settings.timeout_ms = config.timeout_ms;
  settings.clock_offset_ms = state.clock_offset_ms;
  return settings;
}

ChainSettings chain_settings(const Config& config, const Environment& environment) {
  const auto log_ignored = [](const std::string& words) { log_warning("{}", words); };
  ChainSettings settings;
  settings.profile = config.s3.profile;
  settings.metadata_endpoint =
      metadata_endpoint(config.metadata.endpoint, environment, log_ignored);
  settings.metadata_budget = std::chrono::milliseconds(config.metadata.budget_ms);
  settings.region = region_of_node(settings, environment, log_ignored);
  return settings;
}

int print(const Drained& drained, const S3Config& config, bool quiet) {
  if (!quiet) {
    std::printf("%lld delivered to %s, %lld left%s%s\n", static_cast<long long>(drained.delivered),
                config.uri.c_str(), static_cast<long long>(drained.pending),
                drained.trouble.empty() ? "" : ": ", printable(drained.trouble).c_str());
  }
  return drained.pending == 0 ? 0 : 1;
}

// One object that somebody hands over; what S3 says of it is told, and nothing kept for later.
int put_object(S3Client& client, const Config& config, const Arguments& arguments) {
  constexpr size_t kMostBytes = size_t{256} * 1024 * 1024;
  const Result<std::string> body = read_file("/dev/stdin", kMostBytes);
  if (!body) {
    log_error("{}", message_of(body.error()));
    return kExitInternal;
  }
  PutRequest request;
  request.key = arguments.object;
  request.body = *body;
  request.limit_ms = arguments.options.limit_ms.value_or(request.limit_ms);
  const PutResult result = client.put(request);
  if (result.arrived()) return 0;
  log_error("{} not delivered to {}: {}", arguments.object, config.s3.uri, result.words);
  return 1;
}

int drain_spool(S3Client& client, const Config& config, const Arguments& arguments,
                const Clock& clock, const DeliveryState& state) {
  const Spool spool = spool_of(config);
  std::mt19937_64 generator(std::random_device{}());
  Uploader uploader(spool, client, clock, delivery_state_path(config.files), state,
                    [&] { return std::uniform_real_distribution<double>(0, 1)(generator); });
  return print(uploader.drain(arguments.options), config.s3, arguments.quiet);
}

int send(const Config& config, const S3Target& target, const Arguments& arguments) {
  const Clock clock = clock_of_process();
  const Environment environment = [](const char* name) -> std::string {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
  };
  const DeliveryState state = read_delivery_state(delivery_state_path(config.files),
                                                  destination_of(config.s3), clock.unix_ms());
  CurlHttp http(http_settings(config.s3, clock, arguments.options.limit_ms));
  const ChainSettings chain = chain_settings(config, environment);
  CredentialChain credentials(chain, environment, http);
  const std::string region = first_region({config.s3.region, state.bucket_region, chain.region});
  S3Client client(client_settings(config.s3, target, region, state), credentials, http, clock);
  if (!arguments.object.empty()) return put_object(client, config, arguments);
  return drain_spool(client, config, arguments, clock, state);
}

int deliver(const Config& config, const Arguments& arguments) {
  const Result<S3Target> target =
      parse_target(config.s3.uri, config.s3.endpoint, config.s3.addressing);
  if (!target) {
    log_error("{}", config.s3.uri.empty() ? "s3.uri is not set" : message_of(target.error()));
    return kExitUsage;
  }
  if (!arguments.object.empty()) return send(config, *target, arguments);
  const Result<FileLock> lock = FileLock::try_for(config.files.state_directory + "/delivery.lock");
  if (!lock) {
    const bool busy = lock.error().kind == ErrorKind::kTimedOut;
    if (busy && !arguments.quiet) std::printf("another delivery is at work\n");
    if (!busy) log_warning("delivery to S3: {}", message_of(lock.error()));
    return 1;
  }
  remove_unfinished(delivery_state_path(config.files),
                    std::chrono::seconds(0));  // we hold the lock
  return send(config, *target, arguments);
}

int run(int argc, const char* const* argv) {
  const std::optional<Arguments> arguments = parse_arguments(argc, argv);
  if (!arguments) {
    log_error("deliver-s3 [--config FILE] [--limit-ms N] [--patient] [--quiet] [--object KEY]");
    return kExitUsage;
  }
  const bool named = !arguments->config_file.empty();
  const Result<Config> config = read_config(named ? arguments->config_file : kConfigPath, named);
  if (!config) {
    log_error("{}", message_of(config.error()));
    return kExitUsage;
  }
  return deliver(*config, *arguments);
}

}  // namespace
}  // namespace efa

int main(int argc, char** argv) {
  try {
    efa::keep_memory_private();
    efa::log_to_stderr();
    return efa::run(argc, argv);
  } catch (const std::exception& error) {  // of a library, or no memory
    std::fprintf(stderr, "deliver-s3: internal error: %s\n", efa::printable(error.what()).c_str());
    return efa::kExitInternal;
  }
}
