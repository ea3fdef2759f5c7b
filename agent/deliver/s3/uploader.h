// Drains the spool into S3: what is needed most first, one connection, a pause after every failure.
// A failure that concerns all reports and does not pass by itself ends the run.
// A file leaves the spool only when S3 has it, so a killed uploader loses nothing, and a name that
// comes from the report alone makes a second try no second object.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>

#include "agent/deliver/s3/client.h"
#include "agent/deliver/s3/delivery_state.h"
#include "agent/deliver/s3/spool.h"
#include "probes/aws/backoff.h"

namespace efa {

struct DrainOptions {
  std::optional<int64_t> limit_ms;  // of the whole run; absent: until the spool is empty
  bool patient = false;             // wait as long as an earlier run had decided to
};

struct Drained {
  int64_t delivered = 0;
  int64_t pending = 0;
  std::string trouble;  // why something is left; "" when nothing went wrong
};

class Uploader {
 public:
  Uploader(const Spool& spool, S3Client& client, const Clock& clock, std::string state_path,
           DeliveryState state, std::function<double()> random);

  Drained drain(const DrainOptions& options);

 private:
  // The next two: false when no time is left.
  bool wait(int64_t milliseconds);
  bool wait_for_earlier_decision(bool patient);
  PutResult deliver(const SpoolEntry& entry, bool newest);
  PutResult put(const std::string& key, const std::string& body, bool only_if_absent);
  PutResult put_latest(const ReportNames& names, const std::string& report);
  void take_success(const SpoolEntry& entry, Drained& drained);
  void take_damaged(const SpoolEntry& entry, const PutResult& result);
  void note_failure(const SpoolEntry& entry, const PutResult& result, Drained& drained);
  // The next two: false when the run ends.
  bool back_off(const PutResult& result);
  bool drain_once(Drained& drained);
  void keep_state();
  void tell_damaged() const;
  [[nodiscard]] std::vector<SpoolEntry> waiting() const;
  [[nodiscard]] int64_t time_left_ms() const;

  const Spool& spool_;
  S3Client& client_;
  const Clock& clock_;
  std::string state_path_;
  DeliveryState state_;
  std::function<double()> random_;
  std::optional<int64_t> deadline_ms_;
  std::set<std::string> passed_over_;  // by this run: could not be removed or set aside
  std::string told_;                   // the trouble that was logged last
  int64_t damaged_ = 0;                // found by this run
  std::string first_damaged_;
};

}  // namespace efa
