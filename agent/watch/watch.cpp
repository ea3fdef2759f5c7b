#include "agent/watch/watch.h"

#include <signal.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-id128.h>

#include <utility>

#include "agent/log/log.h"
#include "agent/watch/accepted_config.h"
#include "agent/watch/data_schedule.h"
#include "agent/watch/deliveries.h"
#include "agent/watch/in_force.h"
#include "agent/watch/kernel_events.h"
#include "agent/watch/loop.h"
#include "agent/watch/passes.h"
#include "agent/watch/renew.h"
#include "agent/watch/schedule.h"
#include "agent/watch/upkeep.h"
#include "probes/base/exit_codes.h"
#include "probes/base/fd.h"

namespace efa {
namespace {

constexpr int64_t kStopMs = 4'500;  // a last delivery; systemctl stop takes under 6 s

uint64_t spread_of_machine() {
  sd_id128_t id{};
  // a container has no machine id of its own
  if (sd_id128_get_machine(&id) < 0) sd_id128_get_boot(&id);
  return id.qwords[0] ^ id.qwords[1];
}

class Watch {
 public:
  explicit Watch(const WatchOptions& options)
      : options_(options),
        events_([this](Event event, const std::string& what) { on_told(event, what); }) {}
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  int run();

 private:
  Result<Done> load();
  bool set_up();
  void on_signal(int signal);
  void reload();
  void stop();
  void on_told(Event event, const std::string& what);
  void act();
  void check_limits();
  void start_pass();
  void end_if_idle();
  void end_pass(const EndedPass& end);
  void end_delivery();
  void take_broken_pass(const std::string& how);
  void renew_if_grown();
  void arm();
  [[nodiscard]] int64_t now_ms() const { return loop_.now_ms(); }

  WatchOptions options_;
  AcceptedConfig config_;
  InForce in_force_;
  KernelEvents events_;
  std::optional<Schedule> schedule_;
  DataSchedule data_;
  Loop loop_{[this](int signal) { on_signal(signal); }, [this] { act(); }};
  Passes passes_{options_.efa_doctor, config_, [this](const EndedPass& end) { end_pass(end); }};
  Deliveries deliveries_{options_.efa_doctor, config_, [this] { end_delivery(); }};
  bool requested_ = false;  // somebody asked for the pass that runs
  bool last_delivery_ = false;
  std::optional<int64_t> stop_ms_;  // when the daemon ends at the latest
  bool large_from_start_ = false;   // what a fresh start would not change
  bool renewing_ = false;
};

bool Watch::set_up() {
  if (!loop_.set_up()) return false;
  events_.listen(loop_.get());
  passes_.listen(loop_.get());
  deliveries_.listen(loop_.get());
  return true;
}

// A daemon that has renewed itself goes on with what its forerunner had accepted.
Result<Done> Watch::load() {
  Result<Done> loaded = config_.load(options_.config_path, options_.config_required);
  if (!options_.accepted_fd) return loaded;
  const Fd accepted(*options_.accepted_fd);
  if (!loaded) {
    log_error("configuration rejected, the previous one stays in force: {}",
              message_of(loaded.error()));
    loaded = config_.load("/proc/self/fd/" + std::to_string(accepted.get()), true);
  }
  return loaded;
}

int Watch::run() {
  const Result<Done> loaded = load();
  if (!loaded) {
    log_error("{}", message_of(loaded.error()));
    return kExitUsage;
  }
  if (!set_up()) {
    log_error("the event loop could not be set up");
    return kExitInternal;
  }
  const Result<Done> kept = in_force_.start(config_.config().files);
  if (!kept) {
    log_error("{}", message_of(kept.error()));
    return kExitInternal;
  }
  const bool renewed = options_.accepted_fd.has_value();
  schedule_.emplace(config_.config().daemon.interval_s * 1000, spread_of_machine(), now_ms(),
                    renewed ? Trigger::kInterval : Trigger::kBoot);
  data_.set_interval(config_.config().daemon.data_interval_s * 1000);
  sd_notify(0, "READY=1\nSTATUS=checking the node for the first time");
  large_from_start_ = outgrown(usage_of_self(), bounds_of_self()).has_value();
  arm();
  give_back_memory();
  const int ended = loop_.run();
  if (renewing_) become_anew(options_, config_.fd());
  return ended != 0 || renewing_ ? kExitInternal : 0;
}

void Watch::reload() {
  const std::string reloading = "RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now_ms() * 1000);
  sd_notify(0, reloading.c_str());
  const Result<Done> loaded = config_.load(options_.config_path, options_.config_required);
  if (loaded) {
    log_info("configuration reloaded");
    const Result<Done> moved = in_force_.move(config_.config().files);
    if (!moved) {
      log_error("{}", message_of(moved.error()));
      loop_.end(kExitInternal);
      return;
    }
    schedule_->set_interval(config_.config().daemon.interval_s * 1000);
    data_.set_interval(config_.config().daemon.data_interval_s * 1000);
    schedule_->on_event(Event::kRequest, now_ms());
  } else {
    log_error("configuration rejected, the previous one stays in force: {}",
              message_of(loaded.error()));
  }
  sd_notify(0, "READY=1");
}

void Watch::on_signal(int signal) {
  if (signal == SIGHUP) {
    reload();
  } else if (signal == SIGUSR1) {
    schedule_->on_event(Event::kRequest, now_ms());
  } else {
    stop();
  }
  arm();
}

// A pass that runs is given up; what the spool holds has until kStopMs to be sent.
void Watch::stop() {
  if (stop_ms_) return;
  sd_notify(0, "STOPPING=1");
  in_force_.stop();
  passes_.give_up();
  stop_ms_ = now_ms() + kStopMs;
  if (deliveries_.child().running()) {
    deliveries_.end_soon(now_ms());  // it may be waiting; the last one does not
  } else {
    end_delivery();
  }
}

void Watch::on_told(Event event, const std::string& what) {
  log_debug("event: {}", what);
  schedule_->on_event(event, now_ms());
  arm();
}

void Watch::act() {
  if (stop_ms_) {
    if (now_ms() < *stop_ms_) return arm();
    if (deliveries_.child().running()) log_warning("the last delivery to S3 did not end in time");
    loop_.end(0);
  } else {
    check_limits();
    if (!renewing_ && schedule_->due_ms() && now_ms() >= *schedule_->due_ms()) start_pass();
  }
  arm();
}

void Watch::check_limits() {
  if (passes_.check_limit(now_ms()) == DaemonChild::Overdue::kHeld) {
    const std::string why = "a pass cannot be killed: the kernel holds its process";
    log_error("{}; none is made until it ends", why);
    in_force_.take_unknown(why);
  }
  deliveries_.check_limit(now_ms());
}

void Watch::arm() {
  std::optional<int64_t> next = stop_ms_;
  const auto sooner = [&next](std::optional<int64_t> at_ms) {
    if (at_ms && (!next || *at_ms < *next)) next = at_ms;
  };
  if (!stop_ms_) {
    if (!renewing_) sooner(schedule_->due_ms());
    sooner(passes_.child().limit_ms());
    sooner(deliveries_.child().limit_ms());
  }
  if (next) loop_.wake_at(*next);
}

void Watch::start_pass() {
  const Trigger trigger = schedule_->trigger();
  requested_ = trigger == Trigger::kRequest;
  schedule_->on_pass_start(now_ms());
  const bool data = data_.is_due(trigger, now_ms());
  if (data) data_.on_test(now_ms());
  const Result<Done> started = passes_.start(trigger, data, now_ms());
  if (started) return;
  take_broken_pass(message_of(started.error()));
  renew_if_grown();
}

void Watch::end_delivery() {
  if (stop_ms_ && !std::exchange(last_delivery_, true)) {
    deliveries_.start_last(now_ms(), *stop_ms_);
  }
  if (stop_ms_ || renewing_) {
    end_if_idle();
  } else {
    deliveries_.start_if_asked(now_ms());
  }
  give_back_memory();
  arm();
}

void Watch::end_if_idle() {
  const bool last = renewing_ || last_delivery_;
  if (last && !passes_.child().running() && !deliveries_.child().running()) loop_.end(0);
}

void Watch::end_pass(const EndedPass& end) {
  passes_.end_what_was_left(deliveries_.child().pid());
  if (stop_ms_) return end_if_idle();
  if (end.told) {
    schedule_->on_pass_end({end.told->recovering, end.told->starting}, now_ms());
    in_force_.take_verdict(*end.told);
    data_.on_verdict(end.told->verdict);
  } else {
    take_broken_pass(end.how);
  }
  renew_if_grown();
  if (!renewing_) deliveries_.start(now_ms(), requested_);
  give_back_memory();
  arm();
}

void Watch::take_broken_pass(const std::string& how) {
  const int broken = in_force_.take_broken_pass(how);
  schedule_->on_pass_end({.broken = broken}, now_ms());
}

void Watch::renew_if_grown() {
  const std::optional<std::string> grown = outgrown(usage_of_self(), bounds_of_self());
  if (!grown || large_from_start_ || renewing_) return;
  log_error("the daemon uses too much: {}; it restarts itself", *grown);
  renewing_ = true;
  if (deliveries_.child().running()) deliveries_.end_soon(now_ms());
  end_if_idle();
}

}  // namespace

int run_watch(const WatchOptions& options) {
  return Watch(options).run();
}

}  // namespace efa
