#include "agent/deliver/s3/uploader.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <limits>

#include "agent/report/report.h"

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
  return {Outcome::kRefused, "damaged", what, std::nullopt};
}

}  // namespace

Uploader::Uploader(const Spool& spool, S3Client& client, const Clock& clock, std::string state_path,
                   DeliveryState state, std::function<double()> random)
    : spool_(spool),
      client_(client),
      clock_(clock),
      state_path_(std::move(state_path)),
      state_(std::move(state)),
      random_(std::move(random)) {}

int64_t Uploader::time_left_ms() const {
  if (!deadline_ms_) return std::numeric_limits<int32_t>::max();
  return *deadline_ms_ - clock_.steady_ms();
}

std::vector<SpoolEntry> Uploader::waiting() const {
  std::vector<SpoolEntry> entries = spool_.list();
  std::erase_if(entries, [&](const SpoolEntry& entry) { return set_aside_.contains(entry.file); });
  return entries;
}

void Uploader::keep_state() {
  const SpoolState spool = spool_.state();
  state_.dropped = spool.dropped;
  state_.refused = spool.refused;
  state_.pending = static_cast<int64_t>(spool_.list().size());
  if (!client_.corrected_region().empty()) state_.bucket_region = client_.corrected_region();
  state_.clock_offset_ms = client_.clock_offset_ms();
  const Result<Done> kept = write_delivery_state(state_path_, state_);
  if (!kept) spdlog::warn("state of delivery was not kept: {}", message_of(kept.error()));
}

bool Uploader::wait(int64_t milliseconds) {
  if (clock_.stopped() || time_left_ms() <= milliseconds) return false;
  clock_.sleep(milliseconds);
  return !clock_.stopped();
}

bool Uploader::wait_for_earlier_decision(bool patient) {
  const int64_t until =
      patient ? std::max(state_.next_try_ms, state_.not_before_ms) : state_.not_before_ms;
  constexpr int64_t kLongestMs = kSlowly.most_ms;  // the clock may have been set back since
  const int64_t wait_ms = std::min(until - clock_.unix_ms(), kLongestMs);
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
    spdlog::warn("delivered report stays in the spool: {}", drained.trouble);
    set_aside_.insert(entry.file);
  }
  ++drained.delivered;
  state_.failures = state_.next_try_ms = state_.not_before_ms = 0;
  state_.last_success = time_text(clock_.unix_ms());
  state_.last_error.reset();
}

void Uploader::note_failure(const SpoolEntry& entry, const PutResult& result, Drained& drained) {
  const bool cut_off = clock_.stopped() || time_left_ms() <= 0;
  if (cut_off && !drained.trouble.empty() && result.outcome == Outcome::kRetrySoon) {
    return;  // the try before it says more
  }
  if (drained.trouble != result.words) {
    spdlog::warn("report {} not delivered to {}: {}: {}", to_text(entry.id), state_.destination,
                 result.code, result.words);
  }
  drained.trouble = result.words;
  state_.last_error = DeliveryError{time_text(clock_.unix_ms()), result.code, result.words};
  if (result.outcome != Outcome::kRefused) return;
  set_aside_.insert(entry.file);
  if (result.code == "damaged") ++state_.damaged;
}

bool Uploader::back_off(const PutResult& result) {
  constexpr int64_t kMostCounted = 64;
  state_.failures = std::min(state_.failures + 1, kMostCounted);
  const Backoff& backoff = result.outcome == Outcome::kRetrySoon ? kSoon : kSlowly;
  const int64_t delay =
      delay_ms(backoff, static_cast<int>(state_.failures), random_(), result.retry_after_ms);
  state_.next_try_ms = clock_.unix_ms() + delay;
  state_.not_before_ms = result.retry_after_ms ? clock_.unix_ms() + *result.retry_after_ms : 0;
  keep_state();
  return wait(delay);
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
    note_failure(entry, result, drained);
    if (result.outcome != Outcome::kRefused) return back_off(result);
  }
  return true;
}

Drained Uploader::drain(const DrainOptions& options) {
  Drained drained;
  if (options.limit_ms) deadline_ms_ = clock_.steady_ms() + *options.limit_ms;
  state_.damaged = 0;
  bool time_left = wait_for_earlier_decision(options.patient);
  if (!time_left && state_.last_error) drained.trouble = state_.last_error->words;
  while (time_left && !waiting().empty()) time_left = drain_once(drained);
  keep_state();
  drained.pending = state_.pending;
  if (drained.pending == 0) drained.trouble.clear();
  return drained;
}

}  // namespace efa
