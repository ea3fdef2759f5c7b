#include "agent/deliver/s3/uploader.h"

#include <algorithm>
#include <cctype>
#include <limits>

#include "agent/log/log.h"
#include "agent/report/report.h"
#include "probes/base/moment.h"
#include "probes/base/printable.h"

namespace efa {
namespace {

// By time or by number: either alone goes backwards when the clock is set or the state is lost.
bool is_newer(const ReportId& id, const std::optional<ReportId>& than) {
  return !than || id.started_at > than->started_at || id.sequence > than->sequence;
}

const SpoolEntry* newest_of(const std::vector<SpoolEntry>& entries) {
  const auto newest =
      std::max_element(entries.begin(), entries.end(),
                       [](const SpoolEntry& a, const SpoolEntry& b) { return a.id < b.id; });
  return newest == entries.end() ? nullptr : &*newest;
}

PutResult damaged(const std::string& what) {
  return {Outcome::kDamaged, "damaged", printable(what, kLongestWords), std::nullopt};
}

}  // namespace

Uploader::Uploader(const Spool& spool, S3Client& client, const Clock& clock, std::string state_path,
                   DeliveryState state, std::function<double()> random)
    : spool_(spool),
      client_(client),
      clock_(clock),
      state_path_(std::move(state_path)),
      state_(rebased(std::move(state), clock)),
      random_(std::move(random)) {}

int64_t Uploader::time_left_ms() const {
  if (!deadline_ms_) return std::numeric_limits<int32_t>::max();
  return *deadline_ms_ - clock_.steady_ms();
}

std::vector<SpoolEntry> Uploader::waiting() const {
  std::vector<SpoolEntry> entries = spool_.list();
  const bool refused_lately = left_ms(state_.set_aside_until, clock_) > 0;
  const std::set<std::string> refused(state_.set_aside.begin(), state_.set_aside.end());
  std::erase_if(entries, [&](const SpoolEntry& entry) {
    return passed_over_.contains(entry.file) || (refused_lately && refused.contains(entry.file));
  });
  return entries;
}

void Uploader::keep_state() {
  const SpoolState spool = spool_.state();
  state_.dropped = spool.dropped;
  state_.refused = spool.refused;
  state_.pending = spool_.count();
  state_.damaged = spool_.damaged();
  if (!client_.corrected_region().empty()) state_.bucket_region = client_.corrected_region();
  state_.clock_offset_ms = client_.clock_offset_ms();
  const Result<Done> kept = write_delivery_state(state_path_, state_);
  if (!kept) log_warning("the state of delivery was not saved: {}", message_of(kept.error()));
}

bool Uploader::wait(int64_t milliseconds) {
  if (clock_.stopped() || time_left_ms() <= milliseconds) return false;
  clock_.sleep(milliseconds);
  return !clock_.stopped();
}

bool Uploader::wait_for_earlier_decision(bool patient) {
  const int64_t asked_for = left_ms(state_.not_before, clock_);
  const int64_t wait_ms =
      patient ? std::max(left_ms(state_.next_try, clock_), asked_for) : asked_for;
  return wait_ms <= 0 || wait(wait_ms);
}

PutResult Uploader::put(const std::string& key, const std::string& body, bool only_if_absent) {
  PutRequest request;
  request.key = key;
  request.body = body;
  request.only_if_absent = only_if_absent;
  request.limit_ms = std::max<int64_t>(time_left_ms(), 1);
  return client_.put(request);
}

PutResult Uploader::put_latest(const ReportNames& names, const std::string& report) {
  PutResult result = put(names.latest, report, /*only_if_absent=*/false);
  if (!result.arrived()) return result;
  // kept before the report leaves the spool: else an older one could take its place
  state_.latest = names.id;
  keep_state();
  return result;
}

PutResult Uploader::deliver(const SpoolEntry& entry, bool newest) {
  const Result<std::string> report = spool_.read(entry);
  if (!report && report.error().kind == ErrorKind::kNotFound) {
    return {Outcome::kAlreadyThere, "", "", std::nullopt};  // made room for others
  }
  if (!report && report.error().kind != ErrorKind::kTooLarge) {
    return {Outcome::kUnreadable, "unreadable", message_of(report.error()), std::nullopt};
  }
  if (!report) return damaged(message_of(report.error()));
  const Result<Value> value = parse_json(*report, entry.file);
  if (!value) return damaged(message_of(value.error()));
  const Result<ReportNames> names = names_of(*value);
  if (!names) return damaged(entry.file + ": " + names.error().what);
  PutResult result = put(names->dated, *report, /*only_if_absent=*/true);
  if (result.arrived() && newest && is_newer(names->id, state_.latest)) {
    result = put_latest(*names, *report);
  }
  return result;
}

void Uploader::take_success(const SpoolEntry& entry, Drained& drained) {
  const Result<Done> removed = spool_.remove(entry);
  if (!removed) {
    drained.trouble = message_of(removed.error());
    log_warning("delivered report stays in the spool: {}", drained.trouble);
    passed_over_.insert(entry.file);
  }
  ++drained.delivered;
  state_.failures = 0;
  state_.next_try = state_.not_before = {};
  state_.last_success = time_text(clock_.unix_ms());
  state_.last_error.reset();
}

// One line for all of them, at the end.
void Uploader::take_damaged(const SpoolEntry& entry, const PutResult& result) {
  if (damaged_++ == 0) first_damaged_ = result.words;
  const bool gone = result.outcome == Outcome::kDamaged && spool_.set_aside_as_damaged(entry);
  if (!gone) passed_over_.insert(entry.file);
}

void Uploader::tell_damaged() const {
  if (damaged_ == 0) return;
  log_warning(
      "{} files in the spool cannot be read as reports; damaged ones are moved to its folder "
      "damaged; first {}",
      damaged_, first_damaged_);
}

void Uploader::note_failure(const SpoolEntry& entry, const PutResult& result, Drained& drained) {
  const bool cut_off = clock_.stopped() || time_left_ms() <= 0;
  if (cut_off && !drained.trouble.empty() && result.outcome == Outcome::kRetrySoon) {
    return;  // the try before it says more
  }
  // what a server says besides its code may change with every try
  const bool of_server = std::isdigit(static_cast<unsigned char>(result.code.front())) != 0;
  const DeliveryError error{time_text(clock_.unix_ms()), result.code, result.words};
  const std::string trouble = of_server ? result.code : result.code + result.words;
  // a next pass that ends this run is no trouble to warn of: its own delivery sends the report
  if (told_ != trouble && !clock_.stopped()) {
    log_warning("report {} not delivered to {}: {}", to_text(entry.id), state_.destination,
                to_words(error));
  }
  told_ = trouble;
  drained.trouble = result.words;
  state_.last_error = error;
  if (result.outcome != Outcome::kRefused) return;
  // a new list when the pause of the one before is over
  if (left_ms(state_.set_aside_until, clock_) == 0) {
    state_.set_aside.clear();
    state_.set_aside_until = pause_of(kSlowly.most_ms, clock_);
  }
  if (state_.set_aside.size() < kMostSetAside) state_.set_aside.push_back(entry.file);
}

// A refusal of one report is believed to concern that one alone until another is refused as well.
bool Uploader::back_off(const PutResult& result) {
  constexpr int64_t kMostFailures = 64;
  const bool of_one = result.outcome == Outcome::kRefused && state_.failures == 0;
  const bool soon = of_one || result.outcome == Outcome::kRetrySoon;
  state_.failures = std::min(state_.failures + 1, kMostFailures);
  const int64_t delay = delay_ms(soon ? kSoon : kSlowly, static_cast<int>(state_.failures),
                                 random_(), result.retry_after_ms);
  state_.next_try = pause_of(delay, clock_);
  state_.not_before = pause_of(result.retry_after_ms.value_or(0), clock_);
  keep_state();
  return soon && wait(delay);
}

// Until the first failure; then what is needed most may be another one.
bool Uploader::drain_once(Drained& drained) {
  const std::vector<SpoolEntry> entries = waiting();
  const SpoolEntry* newest = newest_of(entries);
  for (const SpoolEntry& entry : entries) {
    if (clock_.stopped() || time_left_ms() <= 0) return false;
    const PutResult result = deliver(entry, &entry == newest);
    if (result.arrived()) {
      take_success(entry, drained);
      continue;
    }
    if (result.outcome == Outcome::kDamaged || result.outcome == Outcome::kUnreadable) {
      take_damaged(entry, result);
      continue;
    }
    note_failure(entry, result, drained);
    return back_off(result);
  }
  return true;
}

Drained Uploader::drain(const DrainOptions& options) {
  Drained drained;
  if (options.limit_ms) deadline_ms_ = clock_.steady_ms() + *options.limit_ms;
  bool time_left = wait_for_earlier_decision(options.patient);
  if (!time_left && state_.last_error) drained.trouble = state_.last_error->words;
  while (time_left && !waiting().empty()) time_left = drain_once(drained);
  tell_damaged();
  keep_state();
  drained.pending = state_.pending;
  if (drained.pending == 0) drained.trouble.clear();
  if (drained.pending > 0 && drained.trouble.empty() && !state_.set_aside.empty()) {
    drained.trouble = "S3 refused it; it is tried again within the hour";
  }
  return drained;
}

}  // namespace efa
