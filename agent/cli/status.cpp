#include "agent/cli/status.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <thread>

#include "agent/cli/service_word.h"
#include "agent/config/paths.h"
#include "agent/config/s3_settings.h"
#include "agent/deliver/s3/delivery_state.h"
#include "agent/deliver/s3/settings.h"
#include "agent/pass/state.h"
#include "probes/base/files.h"
#include "probes/base/printable.h"
#include "probes/base/text.h"
#include "probes/base/times.h"

namespace efa {
namespace {

constexpr int64_t kClockStep = 60;  // seconds: a clock that is set right may go back that far

Health unknown(const std::string& why) {
  return {Verdict::kUnknown, why};
}

std::optional<int64_t> number_of(const Value& object, const char* key) {
  const Value* member = object.find(key);
  if (member == nullptr) return std::nullopt;
  const auto* number = member->as<int64_t>();
  return number == nullptr ? std::nullopt : std::optional(*number);
}

struct Age {
  int64_t ms = 0;
  bool stale = false;
};

// By the clock that nobody sets. Nothing for a file of a version that did not note it, and where
// this process has another such clock than the writer (time_namespaces(7)): it lies in the future.
std::optional<Age> age_by_boottime(const Value& health, int64_t boot_ms) {
  const auto generated = number_of(health, "generated_boottime_ms");
  const auto valid_until = number_of(health, "valid_until_boottime_ms");
  if (!generated || !valid_until || *generated < 0 || *generated > boot_ms) return std::nullopt;
  return Age{boot_ms - *generated, boot_ms > *valid_until};
}

std::vector<std::string> root_causes_of(const Value& health) {
  std::vector<std::string> codes;
  const Value* found = health.find("root_causes");
  const Array* list = found == nullptr ? nullptr : found->as<Array>();
  if (list == nullptr) return codes;
  for (const Value& code : *list) {
    if (const auto* text = code.as<std::string>()) codes.push_back(*text);
  }
  return codes;
}

std::vector<HealthCause> causes_of(const Value& health) {
  std::vector<HealthCause> causes;
  const Value* found = health.find("causes");
  const Array* list = found == nullptr ? nullptr : found->as<Array>();
  if (list == nullptr) return causes;
  for (const Value& cause : *list) {
    causes.push_back({cause.text("code"), cause.text("severity"), cause.text("actor")});
  }
  return causes;
}

std::optional<int64_t> devices_in(const Value& health, const char* which) {
  const Value* devices = health.find("devices");
  return devices == nullptr ? std::nullopt : number_of(*devices, which);
}

std::string devices_of(const Value& health) {
  const Value* devices = health.find("devices");
  if (devices == nullptr) return "";
  const auto working = number_of(*devices, "working");
  const auto expected = number_of(*devices, "expected");
  if (!working || !expected) return "";
  return std::to_string(*working) + "/" + std::to_string(*expected);
}

}  // namespace

Health judge_health(const std::string& json, const Moment& now, const std::string& boot_id,
                    std::optional<int64_t> max_age_s) {
  const Result<Value> health = parse_json(json, "health file");
  if (!health) return unknown(message_of(health.error()));
  const auto verdict = from_word<Verdict>(health->text("verdict"));
  const auto generated = parse_iso_time_ms(health->text("generated_at"));
  const auto valid_until = parse_iso_time_ms(health->text("valid_until"));
  if (!verdict || !generated || !valid_until) return unknown("the health file is damaged");
  if (boot_id.empty() || health->text("boot_id") != boot_id)
    return unknown("the health file is from another boot");
  const Age by_wall{now.unix_ms - *generated, now.unix_ms > *valid_until};
  const Age age = age_by_boottime(*health, now.boot_ms).value_or(by_wall);
  const int64_t age_s = age.ms / 1000;
  if (age_s < -kClockStep) return unknown("the timestamp of the health file lies in the future");
  if (age.stale || (max_age_s && age_s > *max_age_s)) {
    return unknown("the health file is stale: " + std::to_string(age_s) +
                   " s old; its verdict was " + health->text("verdict"));
  }
  return {*verdict,
          health->text("summary"),
          root_causes_of(*health),
          causes_of(*health),
          devices_of(*health),
          devices_in(*health, "expected"),
          devices_in(*health, "moved_data"),
          health->text("generated_at"),
          age_s};
}

std::string reason_of(const Health& health) {
  constexpr size_t kMaxReason = 200;
  std::string reason;
  for (const std::string& code : health.root_causes) reason += (reason.empty() ? "" : ",") + code;
  reason += (reason.empty() ? "" : ": ") + health.summary;
  return plain_ascii(reason, kMaxReason);
}

std::string drain_reason_of(const Health& health, const std::vector<std::string>& actors) {
  constexpr size_t kMaxReason = 100;
  const Severity gravity =
      health.verdict == Verdict::kUnhealthy ? Severity::kCritical : Severity::kWarning;
  std::string codes;
  for (const HealthCause& cause : health.causes) {
    const bool chosen = std::find(actors.begin(), actors.end(), cause.actor) != actors.end();
    if (!chosen || cause.severity != severity_text(gravity)) continue;
    codes += (codes.empty() ? "" : ",") + cause.code;
  }
  if (codes.empty()) return "";
  const std::string scale = health.devices.empty() ? "" : " " + health.devices;
  return plain_ascii(verdict_text(health.verdict) + scale + " " + codes, kMaxReason);
}

namespace {

// A verdict that a crashed service left is none.
Health in_force(const Health& health, const ServiceWord& service) {
  if (service.in_force || health.verdict == Verdict::kUnknown) return health;
  return unknown(service.words + "; its last verdict was " + verdict_text(health.verdict));
}

// Where bytes must have been seen to move; a node that has no EFA device to test moves none.
Health with_data(Health health) {
  const bool good = exit_code_of(health.verdict) == 0 || health.verdict == Verdict::kDegraded;
  if (!good || health.verdict == Verdict::kNotApplicable) return health;
  if (!health.moved) {
    return unknown(
        "no data test was made in this boot: efa-doctor --once --data, or data_interval_s");
  }
  if (health.expected && *health.moved >= *health.expected) return health;
  return unknown(
      fmt::format("{} EFA devices moved data in the last test, of {}", *health.moved,
                  health.expected ? std::to_string(*health.expected) : "an unknown number"));
}

Health read_health(const std::string& path, std::optional<int64_t> max_age_s) {
  constexpr size_t kMaxHealth = size_t{256} * 1024;
  const Result<std::string> json = read_own_file(path, kMaxHealth, Author::kOfDirectory);
  return json ? judge_health(*json, Moment::now(), boot_id_of_machine(), max_age_s)
              : unknown(message_of(json.error()));
}

std::string delivery_words(const Config& config) {
  const std::string path = delivery_state_path(config.files);
  if (access(path.c_str(), R_OK) != 0) {
    return errno == ENOENT ? destination_of(config.s3) + ": no attempt has finished yet"
                           : message_of(system_error(errno, path));
  }
  return to_words(read_delivery_state(path, destination_of(config.s3), Moment::now().unix_ms,
                                      Author::kOfDirectory));
}

// "checked  2026-11-23T22:00:00Z, 60 s ago; the next pass comes in 240 s"
void print_age(const Config& config, const Health& health, const ServiceWord& service) {
  if (health.checked_at.empty()) {
    const bool never = access(health_path(config.files).c_str(), F_OK) != 0 && errno == ENOENT;
    const char* const next =
        service.runs ? "the service is at its first pass"
                     : "no service runs: systemctl start efa-doctor; or efa-doctor --once";
    if (never) std::printf("checked  not yet; %s\n", next);
    return;
  }
  const int64_t left_s = std::max(int64_t{0}, config.daemon.interval_s - health.age_s);
  const std::string next = !service.runs ? "no service renews it: systemctl start efa-doctor"
                           : left_s > 0  ? fmt::format("the next pass comes in {} s", left_s)
                                         : "the next pass is due";
  std::printf(
      "checked  %s\n",
      printable(fmt::format("{}, {} s ago; {}", health.checked_at, health.age_s, next)).c_str());
}

void print_health(const Config& config, const Health& health, const ServiceWord& service) {
  std::printf("%s  %s\n", verdict_text(health.verdict).c_str(), printable(health.summary).c_str());
  if (!health.root_causes.empty()) {
    std::printf("causes  %s\n", printable(join(health.root_causes, ", ")).c_str());
  }
  print_age(config, health, service);
  if (service.in_force && !service.words.empty()) {
    std::printf("service  %s\n", printable(service.words).c_str());
  }
  if (delivers_to_s3(config.s3)) {
    std::printf("delivery  %s\n", printable(delivery_words(config)).c_str());
  }
}

}  // namespace

int run_status(const Config& config, const StatusOptions& options) {
  using Steady = std::chrono::steady_clock;
  constexpr std::chrono::milliseconds kBetweenLooks{500};
  const Steady::time_point end = Steady::now() + std::chrono::seconds(options.wait_s);
  const auto good = [&](const Health& health) {
    return exit_code_of(health.verdict) == 0 ||
           (options.accept_degraded && health.verdict == Verdict::kDegraded);
  };
  const std::string path = health_path(config.files);
  const auto look = [&](const ServiceWord& word) {
    const Health health = in_force(read_health(path, options.max_age_s), word);
    return options.require_data ? with_data(health) : health;
  };
  ServiceWord service = word_on_service(config.files);
  Health health = look(service);
  while (!good(health) && Steady::now() < end) {
    std::this_thread::sleep_for(kBetweenLooks);
    service = word_on_service(config.files);
    health = look(service);
  }
  if (options.reason_only) {
    const std::string reason =
        options.actors.empty() ? reason_of(health) : drain_reason_of(health, options.actors);
    std::printf("%s\n", reason.c_str());
    return good(health) ? 0 : exit_code_of(health.verdict);
  }
  print_health(config, health, service);
  return good(health) ? 0 : exit_code_of(health.verdict);
}

}  // namespace efa
