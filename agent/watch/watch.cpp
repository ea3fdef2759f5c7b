#include "agent/watch/watch.h"

#include <malloc.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <systemd/sd-id128.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "agent/cli/exit_codes.h"
#include "agent/deliver/files.h"
#include "agent/deliver/local.h"
#include "agent/deliver/s3/settings.h"
#include "agent/watch/accepted_config.h"
#include "agent/watch/child.h"
#include "agent/watch/kernel_events.h"
#include "agent/watch/schedule.h"
#include "probes/protocol/value.h"

namespace efa {
namespace {

constexpr int64_t kBeyondDeadlineMs = 5'000;  // a pass that still runs then does not end by itself
constexpr int64_t kStopMs = 4'500;            // a last delivery; systemctl stop takes under 6 s

bool flag(const Value& value, const char* key) {
  const Value* member = value.find(key);
  return member != nullptr && member->as<bool>() != nullptr && *member->as<bool>();
}

uint64_t spread_of_machine() {
  sd_id128_t id{};
  sd_id128_get_machine(&id);  // zero without one: the interval then is not shifted
  return id.qwords[0] ^ id.qwords[1];
}

class Watch {
 public:
  explicit Watch(const WatchOptions& options)
      : options_(options),
        events_([this](Event event, const std::string& what) { on_told(event, what); }) {}
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch();

  int run();

 private:
  static int on_signal(sd_event_source* source, const signalfd_siginfo* info, void* self);
  static int on_timer(sd_event_source* source, uint64_t usec, void* self);
  static int on_child(sd_event_source* source, const siginfo_t* info, void* self);

  bool set_up();
  void reload();
  void stop();
  void on_told(Event event, const std::string& what);
  void act();
  void start_pass();
  void start_delivery();
  void start_last_delivery();
  void end_pass(const siginfo_t& info);
  pid_t start(const std::vector<std::string>& command);
  void arm();
  [[nodiscard]] int64_t now_ms() const;

  WatchOptions options_;
  AcceptedConfig config_;
  KernelEvents events_;
  std::optional<Schedule> schedule_;
  sd_event* loop_ = nullptr;
  sd_event_source* timer_ = nullptr;
  pid_t pass_ = -1;
  int64_t pass_kill_ms_ = 0;
  pid_t delivery_ = -1;
  bool last_delivery_ = false;
  bool requested_ = false;          // a pass that has not been followed by a delivery yet
  std::optional<int64_t> stop_ms_;  // when the daemon ends at the latest
  std::string verdict_;
};

Watch::~Watch() {
  sd_event_source_unref(timer_);
  sd_event_unref(loop_);
}

int64_t Watch::now_ms() const {
  uint64_t usec = 0;
  sd_event_now(loop_, CLOCK_MONOTONIC, &usec);
  return static_cast<int64_t>(usec / 1000);
}

bool Watch::set_up() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGCHLD}) sigaddset(&signals, signal);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  if (sd_event_default(&loop_) < 0) return false;
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) {
    if (sd_event_add_signal(loop_, nullptr, signal, on_signal, this) < 0) return false;
  }
  constexpr uint64_t kAccuracyUsec = 50'000;
  if (sd_event_add_time(loop_, &timer_, CLOCK_MONOTONIC, 0, kAccuracyUsec, on_timer, this) < 0) {
    return false;
  }
  sd_event_set_watchdog(loop_, 1);
  events_.listen(loop_);
  return true;
}

int Watch::run() {
  const Result<Done> loaded = config_.load(options_.config_path, options_.config_required);
  if (!loaded) {
    spdlog::error("{}", message_of(loaded.error()));
    return kExitUsage;
  }
  if (!set_up()) {
    spdlog::error("no event loop");
    return kExitInternal;
  }
  schedule_.emplace(config_.config().interval_s * 1000, spread_of_machine(), now_ms());
  sd_notify(0, "READY=1\nSTATUS=looking at the node for the first time");
  arm();
  malloc_trim(0);
  return sd_event_loop(loop_) < 0 ? kExitInternal : 0;
}

void Watch::reload() {
  const std::string reloading = "RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now_ms() * 1000);
  sd_notify(0, reloading.c_str());
  const Result<Done> loaded = config_.load(options_.config_path, options_.config_required);
  if (loaded) {
    spdlog::info("configuration read anew");
    schedule_->set_interval(config_.config().interval_s * 1000);
    schedule_->on_event(Event::kRequest, now_ms());
  } else {
    spdlog::error("configuration refused, the old one stays: {}", message_of(loaded.error()));
  }
  sd_notify(0, "READY=1");
}

int Watch::on_signal(sd_event_source* /*source*/, const signalfd_siginfo* info, void* self) {
  auto* watch = static_cast<Watch*>(self);
  if (info->ssi_signo == SIGHUP) {
    watch->reload();
  } else if (info->ssi_signo == SIGUSR1) {
    watch->schedule_->on_event(Event::kRequest, watch->now_ms());
  } else {
    watch->stop();
  }
  watch->arm();
  return 0;
}

// A pass that runs is given up; what the spool holds has until kStopMs to be sent.
void Watch::stop() {
  if (stop_ms_) return;
  sd_notify(0, "STOPPING=1");
  if (pass_ > 0) kill(-pass_, SIGKILL);
  stop_ms_ = now_ms() + kStopMs;
  if (delivery_ > 0) {
    kill(delivery_, SIGTERM);  // it may be waiting; the last one does not
  } else {
    start_last_delivery();
  }
}

void Watch::on_told(Event event, const std::string& what) {
  spdlog::debug("event: {}", what);
  schedule_->on_event(event, now_ms());
  arm();
}

int Watch::on_timer(sd_event_source* /*source*/, uint64_t /*usec*/, void* self) {
  static_cast<Watch*>(self)->act();
  return 0;
}

void Watch::act() {
  const int64_t now = now_ms();
  if (stop_ms_) {
    if (now >= *stop_ms_) sd_event_exit(loop_, 0);
  } else if (pass_ > 0 && now >= pass_kill_ms_) {
    spdlog::error("a pass did not end and is killed");
    kill(-pass_, SIGKILL);
    pass_kill_ms_ = now + kBeyondDeadlineMs;
  } else if (schedule_->due_ms() && now >= *schedule_->due_ms()) {
    start_pass();
  }
  arm();
}

void Watch::arm() {
  std::optional<int64_t> next = stop_ms_;
  if (!next && pass_ > 0) next = pass_kill_ms_;
  if (!next) next = schedule_->due_ms();
  if (!next) return;
  sd_event_source_set_time(timer_, static_cast<uint64_t>(std::max<int64_t>(*next, 0)) * 1000);
  sd_event_source_set_enabled(timer_, SD_EVENT_ONESHOT);
}

pid_t Watch::start(const std::vector<std::string>& command) {
  const Result<pid_t> pid = start_child(command, config_.fd());
  if (!pid) {
    spdlog::error("{}", message_of(pid.error()));
    return -1;
  }
  sd_event_source* source = nullptr;
  if (sd_event_add_child(loop_, &source, *pid, WEXITED, on_child, this) < 0) return -1;
  sd_event_source_set_floating(source, 1);  // freed with its child
  sd_event_source_unref(source);
  return *pid;
}

void Watch::start_pass() {
  const std::string trigger = schedule_->trigger();
  requested_ = requested_ || trigger == "request";
  schedule_->on_pass_start(now_ms());
  pass_ = start({options_.efa_doctor, "--once", "--trigger", trigger, "--config", config_.path()});
  pass_kill_ms_ = now_ms() + config_.config().deadline_ms + kBeyondDeadlineMs;
  if (pass_ < 0) schedule_->on_pass_end({}, now_ms());
}

// With the time until the next pass; what is then left, the next one sends. After a pass that
// somebody asked for it does not keep to the pauses that earlier tries decided on.
void Watch::start_delivery() {
  if (!delivers_to_s3(config_.config())) return;
  if (delivery_ > 0) {
    if (requested_) kill(delivery_, SIGTERM);  // it may be waiting; its end starts another
    return;
  }
  std::vector<std::string> command{options_.efa_doctor, "deliver", "--limit",
                                   std::to_string(config_.config().interval_s)};
  if (!requested_) command.emplace_back("--patient");
  requested_ = false;
  command.insert(command.end(), {"--config", config_.path()});
  delivery_ = start(command);
}

void Watch::start_last_delivery() {
  constexpr int64_t kToEndMs = 500;
  const int64_t seconds = (*stop_ms_ - kToEndMs - now_ms()) / 1000;
  if (!last_delivery_ && seconds > 0 && delivers_to_s3(config_.config())) {
    delivery_ = start({options_.efa_doctor, "deliver", "--limit", std::to_string(seconds),
                       "--config", config_.path()});
  }
  last_delivery_ = true;
  if (delivery_ < 0) sd_event_exit(loop_, 0);
}

int Watch::on_child(sd_event_source* /*source*/, const siginfo_t* info, void* self) {
  auto* watch = static_cast<Watch*>(self);
  if (info->si_pid == watch->pass_) {
    watch->end_pass(*info);
  } else if (info->si_pid == watch->delivery_) {
    watch->delivery_ = -1;
    if (watch->stop_ms_) {
      watch->start_last_delivery();
    } else if (watch->requested_) {
      watch->start_delivery();
    }
  }
  watch->arm();
  return 0;
}

void Watch::end_pass(const siginfo_t& info) {
  pass_ = -1;
  if (stop_ms_) return;
  constexpr size_t kMaxHealth = size_t{256} * 1024;
  const Result<std::string> text = read_own_file(health_path(config_.config()), kMaxHealth);
  const Value health = text ? parse_json(*text, "health file").value_or(Value()) : Value();
  schedule_->on_pass_end({flag(health, "recovering"), flag(health, "starting")}, now_ms());
  const bool ended_well = info.si_code == CLD_EXITED && info.si_status < kExitUsage;
  if (!ended_well) {
    spdlog::error("the pass ended with {} {}", info.si_code == CLD_EXITED ? "exit code" : "signal",
                  info.si_status);
  }
  const std::string verdict = ended_well ? health.text("verdict") : "unknown";
  const std::string status = "STATUS=" + verdict + ": " + health.text("summary");
  sd_notify(0, status.c_str());
  if (verdict != verdict_) spdlog::info("verdict: {}: {}", verdict, health.text("summary"));
  verdict_ = verdict;
  start_delivery();
  malloc_trim(0);
}

}  // namespace

int run_watch(const WatchOptions& options) {
  return Watch(options).run();
}

}  // namespace efa
