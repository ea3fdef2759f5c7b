// Reports on their way to S3, /var/lib/efa-doctor/spool: a file for each, written before the first
// try and removed when S3 has it. Its name is the report's id; ".change" marks the first report of
// another verdict than the one before. Bounded: the oldest superseded reports go first, the first
// of a verdict never; when only those are left, a new report is refused. What turns out to be no
// report is set aside in damaged/.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/deliver/s3/news.h"
#include "agent/deliver/s3/object_key.h"
#include "probes/base/result.h"

namespace efa {

struct SpoolBounds {
  size_t count = 2'000;  // a week at one every five minutes
  uint64_t bytes = uint64_t{256} * 1024 * 1024;
};

struct SpoolEntry {
  ReportId id;
  bool verdict_change = false;
  uint64_t bytes = 0;
  std::string file;  // its name in the spool
};

// What the spool remembers of reports that are gone, and how full it may be at most, so that a pass
// need not list it; kept in its file "state".
struct SpoolState {
  std::string verdict;  // of the newest report
  News news;            // of it
  int64_t dropped = 0;  // superseded, removed for want of room; since the spool was made
  int64_t refused = 0;  // no room at all
  int64_t held = 0;     // when it was last listed, and all that came since
  int64_t held_bytes = 0;
  int64_t unlisted = 0;  // puts since then
};

class Spool {
 public:
  Spool(std::string directory, SpoolBounds bounds);

  // On disk when it returns, however full the spool is: a pass does not wait for others' reports.
  // Safe beside other processes that put or remove.
  Result<Done> put(const ReportId& id, const std::string& verdict, const std::string& report,
                   const News& news = {}) const;
  // Drops what has no room, some hundred reports at most; the next pass drops more. kTooLarge when
  // that is the newest report itself.
  Result<Done> trim() const;
  // In order of need: verdict changes before the rest, each the newest first. Unknown files are
  // not listed; a spool that is not there is empty.
  [[nodiscard]] std::vector<SpoolEntry> list() const;
  [[nodiscard]] Result<std::string> read(const SpoolEntry& entry) const;
  [[nodiscard]] Result<Done> remove(const SpoolEntry& entry) const;
  // Of what is no report some are kept for people, the rest is removed.
  [[nodiscard]] Result<Done> set_aside_as_damaged(const SpoolEntry& entry) const;
  [[nodiscard]] SpoolState state() const;
  [[nodiscard]] int64_t count() const;
  [[nodiscard]] int64_t damaged() const;

 private:
  [[nodiscard]] std::string path_of(const std::string& file) const;
  [[nodiscard]] bool may_be_full(const SpoolState& state) const;
  Result<Done> drop_beyond_bounds(SpoolState& state) const;
  Result<Done> write_report(const SpoolEntry& entry, const std::string& report,
                            SpoolState& state) const;
  Result<Done> keep(const SpoolState& state) const;

  std::string directory_;
  SpoolBounds bounds_;
};

// Which entries go so that the rest fits: superseded ones, the oldest first; when those are not
// enough, the newest report. Pure.
std::vector<SpoolEntry> to_be_dropped(std::vector<SpoolEntry> entries, const SpoolBounds& bounds);

}  // namespace efa
