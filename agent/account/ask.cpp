#include "agent/account/ask.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "agent/account/take_facts.h"
#include "agent/config/paths.h"
#include "agent/run/runner.h"
#include "probes/account/query.h"
#include "probes/aws/target.h"
#include "probes/base/fd.h"
#include "probes/base/files.h"
#include "probes/base/text.h"

namespace efa {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kS3Scheme = "s3://";
constexpr milliseconds kTimeToEnd{2'000};  // of the limit: what came is still told
// 5,000 instances with 32 interfaces are 45 MB and 2 million values; none of it is kept as it came
constexpr Allowance kAccountAllowance{512 * kMiB, 512 * kMiB, 40'000'000};
// Of probe-account 31 MiB are used for 5,000 instances, of a plan of Terraform its values.
#if defined(__SANITIZE_ADDRESS__)  // its shadow memory counts too
constexpr uint64_t kMemoryMib = 0;
#else
constexpr uint64_t kMemoryMib = 1024;
#endif
constexpr size_t kMaxRecording = 512 * kMiB;

// "bucket/prefix" of "s3://bucket/prefix/"
std::string place_in_s3(const std::string& uri) {
  const Result<S3Target> target = parse_target(uri, "", "auto");
  if (!target) return "";
  return target->bucket + (target->prefix.empty() ? "" : "/" + target->prefix);
}

std::vector<std::string> options_of(const AccountQuestion& question) {
  std::vector<std::string> options = {"calls-a-second=" + std::to_string(question.calls_a_second)};
  const auto add = [&](const std::string& name, const std::string& value) {
    if (!value.empty()) options.push_back(fmt::format("{}={}", name, value));
  };
  add("region", question.region);
  add("profile", question.profile);
  add("session-log-group", question.session_log_group);
  if (question.only_rights) add("check-rights", "1");
  add("reports", question.reports);
  add("bucket", place_in_s3(question.bucket));
  add("s3-endpoint", question.s3_endpoint);
  add("s3-addressing", question.s3_addressing);
  add("s3-region", question.s3_region);
  add("endpoint", question.endpoint);
  add("metadata-endpoint", question.metadata_endpoint);
  const auto add_each = [&](const char* name, const std::vector<std::string>& values) {
    for (size_t i = 0; i < values.size(); ++i) add(fmt::format("{}.{}", name, i + 1), values[i]);
  };
  add_each("id", question.instances);
  add_each("filter", question.filters);
  add_each("template", question.templates);
  add_each("parameter", question.parameters);
  return options;
}

Launch launch_of(const AccountQuestion& question) {
  Launch launch;
  launch.name = "account";
  const bool reads_files = !question.templates.empty();
  launch.executable = find_libexec() + (reads_files ? "/probe-template" : "/probe-account");
  launch.environment = reads_files ? base_environment() : environment_for_aws();
  launch.allowance = kAccountAllowance;
  launch.memory_mib = kMemoryMib;
  const milliseconds limit = std::chrono::seconds(question.limit_s) - kTimeToEnd;
  launch.arguments = {"--deadline-ms", std::to_string(limit.count())};
  for (const std::string& option : options_of(question)) {
    launch.arguments.insert(launch.arguments.end(), {"--option", option});
  }
  return launch;
}

// The lines of a recording are those that the probe printed: {"add": "groups", "value": {...}}.
std::string line_of(const std::string& name, const Value& fact) {
  Value line;
  line.set("add", name);
  line.set("value", fact);
  return render_json(line) + "\n";
}

AccountAnswer answer_of(FactsTaker& taker, ProbeOutcome outcome) {
  AccountAnswer answer{taker.facts(), std::move(outcome)};
  if (!taker.broken().empty()) {
    answer.outcome.status = ProbeStatus::kFailed;
    answer.outcome.detail = taker.broken();
  }
  return answer;
}

Result<AccountAnswer> read_recording(const AccountQuestion& question) {
  const std::string& path = question.replay;
  const Result<std::string> lines = read_file(path, kMaxRecording);
  if (!lines) return lines.error();
  FactsTaker taker;
  Transcript transcript(kAccountAllowance);
  transcript.give_to([&](const std::string& name, const Value& fact) { taker.take(name, fact); });
  if (!transcript.take(*lines)) {
    return Error{ErrorKind::kMalformed, path,
                 "is no recording of an account: " + transcript.broken()};
  }
  ProbeOutcome outcome;
  outcome.name = "account";
  outcome.status = ProbeStatus::kOk;
  AccountAnswer answer = answer_of(taker, outcome);
  if (answer.outcome.status == ProbeStatus::kOk && !answer.facts.sections.empty()) return answer;
  return Error{ErrorKind::kMalformed, path,
               "is no recording of an account" +
                   (answer.outcome.detail.empty() ? "" : ": " + answer.outcome.detail)};
}

Result<Done> check_places(const AccountQuestion& question) {
  for (const std::string& place : {question.reports, question.bucket}) {
    if (!place.starts_with(kS3Scheme)) continue;
    const Result<S3Target> target =
        parse_target(place, question.s3_endpoint, question.s3_addressing);
    if (!target) return malformed("'" + place + "'", target.error().what);
  }
  if (question.bucket.empty() || question.bucket.starts_with(kS3Scheme)) return Done{};
  return malformed("'" + question.bucket + "'", "is no bucket: s3://bucket/prefix is one");
}

// A typing error is told before anybody is asked; what cannot be read is unknown.
Result<Done> check_files(const AccountQuestion& question) {
  std::vector<std::string> files = question.templates;
  const bool of_directory = !question.reports.empty() && !question.reports.starts_with(kS3Scheme);
  if (of_directory) files.push_back(question.reports);
  for (const std::string& file : files) {
    if (::access(file.c_str(), F_OK) != 0 && errno == ENOENT) {
      return malformed("'" + file + "'", "is not there");
    }
  }
  return Done{};
}

// A directory of reports needs no right in AWS.
Result<Done> check_question_of_rights(const AccountQuestion& question) {
  const bool of_fleet = !question.instances.empty() || !question.filters.empty() ||
                        !question.bucket.empty() || !question.templates.empty() ||
                        !question.replay.empty();
  const bool of_directory = !question.reports.empty() && !question.reports.starts_with(kS3Scheme);
  if (!of_fleet && !of_directory) return Done{};
  return malformed("the fleet", "is not asked about with --check-rights");
}

}  // namespace

Result<Done> check_question(const AccountQuestion& question) {
  for (const std::string& id : question.instances) {
    if (!is_instance_id(id)) return malformed("'" + id + "'", "is no id of an instance");
  }
  for (const std::string& filter : question.filters) {
    if (!parse_filter(filter)) {
      return malformed("'" + filter + "'", "is no filter: tag:Fleet=train is one");
    }
  }
  for (const std::string& parameter : question.parameters) {
    if (!parse_filter(parameter + "x")) {
      return malformed("'" + parameter + "'", "is no parameter: Name=value is one");
    }
  }
  const bool asks_aws = !question.instances.empty() || !question.filters.empty() ||
                        !question.reports.empty() || !question.bucket.empty();
  const bool reads = !question.templates.empty() || !question.replay.empty();
  for (const auto& check : {check_places, check_files}) {
    const Result<Done> right = check(question);
    if (!right) return right.error();
  }
  if (question.only_rights) return check_question_of_rights(question);
  if (asks_aws && reads) return malformed("the fleet", "is either in AWS or in a file");
  const bool only_bucket =
      question.instances.empty() && question.filters.empty() && question.reports.empty();
  if (reads || (asks_aws && !only_bucket)) return Done{};
  return malformed("the fleet",
                   "is named by none of --instance, --filter, --from-reports and --template");
}

std::string words_of(const AccountQuestion& question) {
  constexpr size_t kMost = 4;
  std::vector<std::string> parts = question.filters;
  if (!question.reports.empty()) parts.push_back("reports in " + question.reports);
  parts.insert(parts.end(), question.templates.begin(), question.templates.end());
  parts.insert(parts.end(), question.instances.begin(), question.instances.end());
  if (parts.size() <= kMost) return join(parts, ", ");
  const size_t more = parts.size() - kMost;
  parts.resize(kMost);
  return fmt::format("{} and {} more", join(parts, ", "), more);
}

Result<AccountAnswer> ask_account(const AccountQuestion& question) {
  if (!question.replay.empty()) return read_recording(question);
  Fd recording;
  if (!question.record.empty()) {
    recording = Fd(::open(question.record.c_str(),
                          O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!recording) return system_error(errno, question.record);
  }
  FactsTaker taker;
  Result<Done> kept = Done{};
  Launch launch = launch_of(question);
  launch.take = [&](const std::string& name, const Value& fact) {
    taker.take(name, fact);
    if (recording && kept) kept = write_all(recording.get(), line_of(name, fact), question.record);
  };
  std::vector<ProbeRun> runs =
      run_probes({launch}, std::chrono::seconds(question.limit_s), Progress());
  if (!kept) return kept.error();
  return answer_of(taker, std::move(runs.front().outcome));
}

}  // namespace efa
