#include "agent/deliver/s3/spool.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <optional>

#include "probes/base/describe.h"
#include "probes/base/file_lock.h"
#include "probes/base/files.h"

namespace efa {

template <class Io>
void describe(Io& io, SpoolState& state) {
  io("verdict", state.verdict);
  io("news", state.news.digest);
  io("news_boot_ms", state.news.boot_ms);
  io("dropped", state.dropped);
  io("refused", state.refused);
  io("held", state.held);
  io("held_bytes", state.held_bytes);
  io("unlisted", state.unlisted);
}

namespace {

constexpr const char* kStateFile = "state";
constexpr const char* kDamaged = "damaged";
constexpr std::string_view kReport = ".json";
constexpr std::string_view kChange = ".change";
constexpr std::chrono::milliseconds kLockLimit{2'000};  // a put takes milliseconds
constexpr int64_t kListedEvery = 100;                   // puts: what others removed is seen then
constexpr size_t kMostDropped = 200;                    // by one pass
constexpr int64_t kMostDamaged = 100;
constexpr size_t kMaxReport = size_t{16} * 1024 * 1024;  // what a pass may write at most

std::string file_of(const ReportId& id, bool verdict_change) {
  return to_text(id) + std::string(verdict_change ? kChange : "") + std::string(kReport);
}

std::optional<SpoolEntry> entry_of(const std::string& file) {
  if (!file.ends_with(kReport)) return std::nullopt;
  std::string name = file.substr(0, file.size() - kReport.size());
  SpoolEntry entry;
  entry.file = file;
  entry.verdict_change = name.ends_with(kChange);
  if (entry.verdict_change) name.resize(name.size() - kChange.size());
  const Result<ReportId> id = parse_report_id(name);
  if (!id) return std::nullopt;
  entry.id = *id;
  return entry;
}

bool is_new_verdict(const SpoolState& state, const std::string& verdict) {
  return state.verdict != verdict;
}

}  // namespace

Spool::Spool(std::string directory, SpoolBounds bounds)
    : directory_(std::move(directory)), bounds_(bounds) {}

std::string Spool::path_of(const std::string& file) const {
  return directory_ + "/" + file;
}

std::vector<SpoolEntry> Spool::list() const {
  std::vector<SpoolEntry> entries;
  const Result<Fd> directory = open_directory(directory_);
  if (!directory) return entries;
  for (const std::string& name : names_in(*directory)) {
    std::optional<SpoolEntry> entry = entry_of(name);
    struct stat status {};
    const bool seen =
        entry && fstatat(directory->get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
    if (!seen) continue;
    entry->bytes = static_cast<uint64_t>(status.st_size);
    entries.push_back(std::move(*entry));
  }
  std::sort(entries.begin(), entries.end(), [](const SpoolEntry& a, const SpoolEntry& b) {
    if (a.verdict_change != b.verdict_change) return a.verdict_change;
    return b.id < a.id;
  });
  return entries;
}

Result<std::string> Spool::read(const SpoolEntry& entry) const {
  return read_own_file(path_of(entry.file), kMaxReport);
}

Result<Done> Spool::remove(const SpoolEntry& entry) const {
  const Result<Fd> directory = open_directory(directory_);
  if (!directory) return directory.error();
  if (unlinkat(directory->get(), entry.file.c_str(), 0) != 0 && errno != ENOENT) {
    return system_error(errno, path_of(entry.file));
  }
  return Done{};
}

// A state that is missing or damaged has seen nothing: the spool is listed. Whoever wrote counts
// below zero, or beyond what a disk has, did not count.
SpoolState Spool::state() const {
  constexpr size_t kMaxState = 4096;
  constexpr int64_t kMostNumbered = 1'000'000'000'000'000;
  SpoolState unknown;
  unknown.unlisted = kListedEvery;
  const std::string path = path_of(kStateFile);
  const Result<std::string> text = read_own_file(path, kMaxState);
  if (!text) return unknown;
  const Result<Value> value = parse_json(*text, path);
  if (!value) return unknown;
  SpoolState state = from_value<SpoolState>(*value, path).value_or(unknown);
  for (const int64_t count :
       {state.dropped, state.refused, state.held, state.held_bytes, state.unlisted}) {
    if (count < 0 || count > kMostNumbered) return unknown;
  }
  return state;
}

int64_t Spool::count() const {
  const Result<Fd> directory = open_directory(directory_);
  if (!directory) return 0;
  const std::vector<std::string> names = names_in(*directory);
  return std::count_if(names.begin(), names.end(),
                       [](const std::string& name) { return entry_of(name).has_value(); });
}

int64_t Spool::damaged() const {
  const Result<Fd> directory = open_directory(path_of(kDamaged));
  if (!directory) return 0;
  const std::vector<std::string> names = names_in(*directory);
  return std::count_if(names.begin(), names.end(),
                       [](const std::string& name) { return !name.starts_with("."); });
}

Result<Done> Spool::set_aside_as_damaged(const SpoolEntry& entry) const {
  if (damaged() >= kMostDamaged) return remove(entry);
  const Result<Fd> from = open_directory(directory_);
  if (!from) return from.error();
  const Result<Fd> to = open_directory(path_of(kDamaged), /*make=*/true);
  if (!to) return to.error();
  const char* file = entry.file.c_str();
  if (renameat(from->get(), file, to->get(), file) != 0) {
    return system_error(errno, path_of(entry.file));
  }
  return Done{};
}

bool Spool::may_be_full(const SpoolState& state) const {
  return static_cast<uint64_t>(state.held) > bounds_.count ||
         static_cast<uint64_t>(state.held_bytes) > bounds_.bytes;
}

Result<Done> Spool::keep(const SpoolState& state) const {
  return write_file(path_of(kStateFile), render_json(to_value(state)) + "\n", 0640);
}

// A disk that is full of others' files stays full: a few are dropped, no more.
Result<Done> Spool::write_report(const SpoolEntry& entry, const std::string& report,
                                 SpoolState& state) const {
  constexpr size_t kMostForOne = 16;
  Result<Done> written = write_file(path_of(entry.file), report, 0640);
  if (written || written.error().os_error != ENOSPC) return written;
  std::vector<SpoolEntry> entries = list();  // the oldest superseded one is the last
  for (size_t dropped = 0; !written && written.error().os_error == ENOSPC && !entries.empty() &&
                           !entries.back().verdict_change && dropped < kMostForOne;
       ++dropped) {
    if (!remove(entries.back())) break;
    entries.pop_back();
    ++state.dropped;
    written = write_file(path_of(entry.file), report, 0640);
  }
  return written;
}

Result<Done> Spool::put(const ReportId& id, const std::string& verdict, const std::string& report,
                        const News& news) const {
  if (report.size() > std::min<uint64_t>(kMaxReport, bounds_.bytes)) {
    return Error{ErrorKind::kTooLarge, directory_,
                 "a report of " + std::to_string(report.size()) + " bytes is too large for it"};
  }
  const Result<Fd> directory = open_directory(directory_, /*make=*/true);
  if (!directory) return directory.error();
  fchmod(directory->get(), 0750);
  const Result<FileLock> lock = FileLock::wait_for(path_of("lock"), kLockLimit);
  if (!lock) return lock.error();
  SpoolState state = this->state();
  SpoolEntry entry{id, is_new_verdict(state, verdict), report.size(), ""};
  entry.file = file_of(id, entry.verdict_change);
  Result<Done> written = write_report(entry, report, state);
  // only then: when this process is killed in between, the next report is marked once more
  if (written) {
    state.verdict = verdict;
    state.news = news;
    ++state.held;
    ++state.unlisted;
    state.held_bytes += static_cast<int64_t>(report.size());
  }
  const Result<Done> noted = keep(state);
  return written ? noted : written;
}

Result<Done> Spool::drop_beyond_bounds(SpoolState& state) const {
  remove_unfinished(directory_ + "/", std::chrono::seconds(0));  // we hold the lock
  std::vector<SpoolEntry> entries = list();
  const auto newest =
      std::max_element(entries.begin(), entries.end(),
                       [](const SpoolEntry& a, const SpoolEntry& b) { return a.id < b.id; });
  const std::string newest_file = newest == entries.end() ? "" : newest->file;
  std::vector<SpoolEntry> dropped = to_be_dropped(entries, bounds_);
  if (dropped.size() > kMostDropped) dropped.resize(kMostDropped);
  state.held = static_cast<int64_t>(entries.size());
  state.held_bytes = 0;
  for (const SpoolEntry& entry : entries) state.held_bytes += static_cast<int64_t>(entry.bytes);
  Result<Done> result = Done{};
  for (const SpoolEntry& entry : dropped) {
    if (!remove(entry)) continue;
    --state.held;
    state.held_bytes -= static_cast<int64_t>(entry.bytes);
    const bool refused = entry.file == newest_file;
    ++(refused ? state.refused : state.dropped);
    if (!refused) continue;
    if (entry.verdict_change) state.verdict.clear();  // the next report is the first of it
    state.news = {};
    result = Error{ErrorKind::kTooLarge, directory_,
                   "full of first reports of a verdict, which are never dropped"};
  }
  state.unlisted = 0;
  return result;
}

Result<Done> Spool::trim() const {
  const Result<FileLock> lock = FileLock::wait_for(path_of("lock"), kLockLimit);
  if (!lock) return lock.error();
  SpoolState state = this->state();
  if (!may_be_full(state) && state.unlisted < kListedEvery) return Done{};
  Result<Done> dropped = drop_beyond_bounds(state);
  const Result<Done> noted = keep(state);
  return dropped ? noted : dropped;
}

std::vector<SpoolEntry> to_be_dropped(std::vector<SpoolEntry> entries, const SpoolBounds& bounds) {
  // beyond the bounds by a hundredth, so that a full spool is not listed by every pass
  const bool full_before = entries.size() > bounds.count;
  const size_t count = bounds.count - (full_before ? bounds.count / 100 : 0);
  uint64_t held = 0;
  for (const SpoolEntry& entry : entries) held += entry.bytes;
  size_t left = entries.size();
  const auto fits = [&] { return left <= count && held <= bounds.bytes; };
  std::sort(entries.begin(), entries.end(),
            [](const SpoolEntry& a, const SpoolEntry& b) { return a.id < b.id; });
  std::vector<SpoolEntry> dropped;
  for (const SpoolEntry& entry : entries) {
    if (fits()) break;
    if (entry.verdict_change) continue;
    held -= entry.bytes;
    --left;
    dropped.push_back(entry);
  }
  const bool newest_went = !dropped.empty() && dropped.back().file == entries.back().file;
  const bool over = left > bounds.count || held > bounds.bytes;
  if (over && !newest_went) dropped.push_back(entries.back());
  return dropped;
}

}  // namespace efa
