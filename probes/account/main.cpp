// probe-account: asks EC2, SSM, IAM and STS about a fleet. The only process that holds keys of an
// account for that, and TLS; where the keys come from is as for the AWS SDKs. Its options:
//   region, profile, endpoint, metadata-endpoint, calls-a-second, session-log-group
//   reports (a directory or s3://bucket/prefix), bucket, s3-endpoint, s3-addressing, s3-region
//   check-rights=1: what the caller may ask, with reports of that bucket, and nothing else
//   own=1: this instance, as the metadata service names it
//   id.N=i-0123456789abcdef0, filter.N=tag:Fleet=train

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <thread>

#include "probes/account/read.h"
#include "probes/account/read_reports.h"
#include "probes/account/read_rights.h"
#include "probes/aws/metadata.h"
#include "probes/aws/region.h"
#include "probes/aws/target.h"
#include "probes/base/moment.h"
#include "probes/base/printable.h"
#include "probes/base/private_memory.h"
#include "probes/base/text.h"
#include "probes/base/url.h"
#include "probes/protocol/probe_main.h"

namespace efa {
namespace {

constexpr size_t kLongestBody = size_t{16} * 1024 * 1024;  // a page of 100 instances has 3.4 MB

std::string option(const Look& look, const std::string& name) {
  const auto found = look.options.find(name);
  return found == look.options.end() ? "" : found->second;
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// The metadata service says on which instance we are.
Result<std::string> own_instance(const Look& look, const ChainSettings& chain) {
  if (chain.metadata_endpoint.empty()) {
    return malformed("this instance", "is not known: there is no metadata service");
  }
  Metadata metadata(chain.metadata_endpoint, look.deadline, make_curl_http);
  const Result<Done> session = metadata.start_session();
  return session ? metadata.get("instance-id") : session.error();
}

// What is no id is not left out: without any, all instances of the region would be meant.
Result<FleetQuery> query_of(const Look& look, const ChainSettings& chain) {
  FleetQuery query;
  if (!option(look, "own").empty()) {
    const Result<std::string> own = own_instance(look, chain);
    if (!own) return own.error();
    query.ids.push_back(*own);
  }
  query.session_log_group = option(look, "session-log-group");
  query.reports = option(look, "reports");
  query.bucket = option(look, "bucket");
  for (const auto& [name, value] : look.options) {
    if (name.starts_with("id.")) {
      if (!is_instance_id(value)) return malformed("'" + value + "'", "is no id of an instance");
      query.ids.push_back(value);
    } else if (name.starts_with("filter.")) {
      const auto filter = parse_filter(value);
      if (!filter) return malformed("'" + value + "'", "is no filter");
      query.filters.push_back(*filter);
    }
  }
  if (!query.ids.empty() || !query.filters.empty() || !query.reports.empty()) return query;
  return malformed("the fleet", "is named by no instance and no filter");
}

HttpSettings http_settings() {
  HttpSettings settings;
  settings.ca_file = variable("AWS_CA_BUNDLE");
  settings.longest_body = kLongestBody;
  return settings;
}

int64_t left_ms(const Look& look) {
  const auto left = look.deadline - std::chrono::steady_clock::now();
  return std::chrono::duration_cast<std::chrono::milliseconds>(left).count();
}

Clock clock_of_machine() {
  Clock clock;
  clock.unix_ms = [] { return Moment::now().unix_ms; };
  clock.steady_ms = [] { return Moment::now().boot_ms; };
  clock.sleep = [](int64_t ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); };
  clock.stopped = [] { return false; };
  return clock;
}

ChainSettings chain_settings(const Look& look) {
  const TellIgnored ignored = [](const std::string& words) {
    std::fprintf(stderr, "%s\n", printable(words).c_str());
  };
  const Environment environment = variable;
  ChainSettings settings;
  settings.profile = option(look, "profile");
  settings.metadata_endpoint =
      metadata_endpoint(option(look, "metadata-endpoint"), environment, ignored);
  settings.region = option(look, "region");
  if (settings.region.empty()) settings.region = region_of_node(settings, environment, ignored);
  return settings;
}

Result<CallSettings> call_settings(const Look& look, const std::string& region) {
  constexpr int kMostCalls = 100;
  CallSettings settings;
  if (region.empty()) {
    return malformed(
        "no region",
        "neither --region, AWS_REGION, the profile nor the instance metadata names one");
  }
  if (!is_region(region)) return malformed("'" + region + "'", "is no region");
  settings.region = region;
  std::string endpoint = option(look, "endpoint");
  if (endpoint.empty()) endpoint = variable("AWS_ENDPOINT_URL");  // as AWS's SDKs have it
  if (!endpoint.empty()) {
    const Result<Url> server = parse_server(endpoint, "the endpoint");
    if (!server) return server.error();
    settings.endpoint = server->origin();
  }
  if (is_in_s3(option(look, "reports"))) {
    const Result<S3Target> bucket = parse_target(
        option(look, "reports"), option(look, "s3-endpoint"), option(look, "s3-addressing"));
    if (!bucket) return bucket.error();
    settings.bucket = *bucket;
    settings.bucket_region = option(look, "s3-region");
  }
  const auto calls = parse_number<int>(option(look, "calls-a-second"));
  if (calls && *calls > 0) settings.calls_a_second = std::min(*calls, kMostCalls);
  settings.limit_ms = left_ms(look);
  settings.before_each = [&look](const char* action) { look.out.doing("ask AWS", action); };
  return settings;
}

void refuse(const Look& look, const Error& error) {
  AccountFacts facts;
  facts.sections.push_back(
      {kInstancesSection, SectionStatus::kFailed, "", printable(message_of(error))});
  look.out.part(facts);
}

void read_fleet(const Look& look) {
  keep_memory_private();
  const ChainSettings chain_of = chain_settings(look);
  const Result<CallSettings> settings = call_settings(look, chain_of.region);
  if (!settings) return refuse(look, settings.error());
  const bool only_rights = !option(look, "check-rights").empty();
  const Result<FleetQuery> query =
      only_rights ? Result<FleetQuery>(FleetQuery()) : query_of(look, chain_of);
  if (!query) return refuse(look, query.error());
  CurlHttp http(http_settings());
  CredentialChain chain(chain_of, variable, http);
  const Clock clock = clock_of_machine();
  SignedHttp signed_http(chain, http, clock);
  std::mt19937_64 generator(std::random_device{}());
  Calls calls(*settings, signed_http, clock,
              [&] { return std::uniform_real_distribution<double>(0, 1)(generator); });
  const TakeFacts take = [&](const AccountFacts& part) { look.out.part(part); };
  if (only_rights) {
    return read_own_rights(calls, settings->region, option(look, "reports"), take);
  }
  read_account(calls, settings->region, *query, take);
}

}  // namespace
}  // namespace efa

int main(int argc, char** argv) {
  return efa::probe_main(argc, argv, efa::read_fleet);
}
