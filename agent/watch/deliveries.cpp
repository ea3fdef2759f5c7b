#include "agent/watch/deliveries.h"

#include <csignal>
#include <utility>

#include "agent/config/s3_settings.h"
#include "agent/deliver/s3/broken_delivery.h"
#include "agent/log/log.h"

namespace efa {

Deliveries::Deliveries(std::string efa_doctor, const AcceptedConfig& config,
                       std::function<void()> ended)
    : efa_doctor_(std::move(efa_doctor)), config_(config), ended_(std::move(ended)) {}

void Deliveries::run(int64_t limit_s, bool patient, int64_t now_ms) {
  std::vector<std::string> command{efa_doctor_, "deliver", "--limit", std::to_string(limit_s)};
  if (patient) command.emplace_back("--patient");
  command.insert(command.end(), {"--config", config_.path()});
  child_.set_limit(now_ms + limit_s * 1000 + kBeyondLimitMs);
  const Result<Done> started = child_.start(loop_, command, {config_.fd(), -1});
  if (!started) log_error("{}", message_of(started.error()));
}

void Deliveries::start(int64_t now_ms, bool requested) {
  if (!delivers_to_s3(config_.config().s3)) return;
  again_ = again_ || requested;
  if (!child_.running()) {
    run(config_.config().daemon.interval_s, !std::exchange(again_, false), now_ms);
  } else if (again_) {
    end_soon(now_ms);  // its end starts another
  }
}

void Deliveries::start_if_asked(int64_t now_ms) {
  if (again_) start(now_ms, /*requested=*/false);
}

void Deliveries::start_last(int64_t now_ms, int64_t until_ms) {
  constexpr int64_t kToEndMs = 500;
  const int64_t limit_s = (until_ms - kToEndMs - now_ms) / 1000;
  again_ = false;
  if (limit_s > 0 && delivers_to_s3(config_.config().s3)) run(limit_s, /*patient=*/false, now_ms);
}

void Deliveries::end_soon(int64_t now_ms) {
  child_.signal(SIGTERM);
  child_.set_limit(now_ms + kBeyondLimitMs);
}

void Deliveries::check_limit(int64_t now_ms) {
  if (child_.check_limit(now_ms) != DaemonChild::Overdue::kKilled) return;
  log_error("a delivery to S3 did not end in time and is killed");
}

void Deliveries::take_end(int status) {
  note_end_of_delivery(config_.config(), status);
  ended_();
}

}  // namespace efa
