#include "agent/deliver/s3/spool.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "agent/deliver/file_lock.h"
#include "agent/deliver/files.h"
#include "probes/protocol/describe.h"

namespace efa {

template <class Io>
void describe(Io& io, SpoolState& state) {
  io("verdict", state.verdict);
  io("dropped", state.dropped);
  io("refused", state.refused);
}

namespace {

constexpr const char* kStateFile = "state";
constexpr std::string_view kReport = ".json";
constexpr std::string_view kChange = ".change";
constexpr std::chrono::milliseconds kLockLimit{2'000};   // a put takes milliseconds
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

SpoolState Spool::state() const {
  constexpr size_t kMaxState = 4096;
  const std::string path = path_of(kStateFile);
  const Result<std::string> text = read_own_file(path, kMaxState);
  if (!text) return {};
  const Result<Value> value = parse_json(*text, path);
  return value ? from_value<SpoolState>(*value, path).value_or(SpoolState{}) : SpoolState{};
}

bool Spool::make_room(uint64_t bytes, SpoolState& state) const {
  std::vector<SpoolEntry> entries = list();
  const std::vector<SpoolEntry> dropped = to_be_dropped(entries, bytes, bounds_);
  for (const SpoolEntry& entry : dropped) {
    if (remove(entry)) ++state.dropped;
  }
  entries = list();
  uint64_t held = bytes;
  for (const SpoolEntry& entry : entries) held += entry.bytes;
  return entries.size() < bounds_.count && held <= bounds_.bytes;
}

bool Spool::drop_oldest_superseded(SpoolState& state) const {
  const std::vector<SpoolEntry> entries = list();  // the oldest superseded one is the last
  if (entries.empty() || entries.back().verdict_change || !remove(entries.back())) return false;
  ++state.dropped;
  return true;
}

Result<Done> Spool::write_report(const SpoolEntry& entry, const std::string& report,
                                 SpoolState& state) const {
  constexpr int kMostDropped = 16;  // a disk that is full of others' files stays full
  Result<Done> written = write_file(path_of(entry.file), report, 0640);
  for (int dropped = 0; !written && written.error().os_error == ENOSPC && dropped < kMostDropped &&
                        drop_oldest_superseded(state);
       ++dropped) {
    written = write_file(path_of(entry.file), report, 0640);
  }
  return written;
}

Result<Done> Spool::put(const ReportId& id, const std::string& verdict,
                        const std::string& report) const {
  const Result<Fd> directory = open_directory(directory_, /*make=*/true);
  if (!directory) return directory.error();
  fchmod(directory->get(), 0750);
  const Result<FileLock> lock = FileLock::wait_for(path_of("lock"), kLockLimit);
  if (!lock) return lock.error();
  remove_unfinished(directory_ + "/", std::chrono::seconds(0));  // we hold the lock
  SpoolState state = this->state();
  SpoolEntry entry{id, is_new_verdict(state, verdict), report.size(), ""};
  entry.file = file_of(id, entry.verdict_change);
  const bool room = make_room(report.size(), state);
  const Result<Done> written =
      room ? write_report(entry, report, state)
           : Result<Done>(Error{ErrorKind::kTooLarge, directory_,
                                "full of first reports of a verdict, which are never dropped"});
  // only then: when this process is killed in between, the next report is marked once more
  if (written) state.verdict = verdict;
  if (!room) ++state.refused;
  const Result<Done> noted =
      write_file(path_of(kStateFile), render_json(to_value(state)) + "\n", 0640);
  return written ? noted : written;
}

std::vector<SpoolEntry> to_be_dropped(std::vector<SpoolEntry> entries, uint64_t bytes,
                                      const SpoolBounds& bounds) {
  uint64_t held = bytes;
  for (const SpoolEntry& entry : entries) held += entry.bytes;
  size_t count = entries.size() + 1;
  std::sort(entries.begin(), entries.end(),
            [](const SpoolEntry& a, const SpoolEntry& b) { return a.id < b.id; });
  std::vector<SpoolEntry> dropped;
  for (SpoolEntry& entry : entries) {
    if (count <= bounds.count && held <= bounds.bytes) break;
    if (entry.verdict_change) continue;
    held -= entry.bytes;
    --count;
    dropped.push_back(std::move(entry));
  }
  return dropped;
}

}  // namespace efa
