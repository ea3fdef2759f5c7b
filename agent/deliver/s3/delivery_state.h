// What delivery to S3 last came to, in delivery.json: read by `status` and by the next run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/deliver/s3/object_key.h"
#include "probes/aws/clock.h"
#include "probes/base/files.h"
#include "probes/base/result.h"

namespace efa {

inline constexpr size_t kMostSetAside = 256;

struct DeliveryError {
  std::string at;     // RFC 3339
  std::string code;   // "403 AccessDenied", "no answer"
  std::string words;  // what is wrong and who puts it right
};

// Until when; 0: there is none. By the clock that nobody sets while the boot lasts in which it was
// decided on, else by the wall's, which may have been set: then a pause is no longer than any pause
// is.
struct DeliveryPause {
  int64_t unix_ms = 0;  // for people too
  int64_t boot_ms = 0;  // since boot
};

struct DeliveryState {
  std::string destination;                  // "s3://bucket/prefix"
  int64_t pending = 0;                      // reports in the spool
  int64_t dropped = 0;                      // superseded reports that had no room
  int64_t refused = 0;                      // reports for which there was no room at all
  int64_t damaged = 0;                      // files in spool/damaged: no reports
  std::string last_success;                 // RFC 3339; "": never
  std::optional<DeliveryError> last_error;  // absent when the last try succeeded
  int64_t failures = 0;                     // tries in a row
  std::string boot_id;                      // of the pauses
  DeliveryPause next_try;
  DeliveryPause not_before;            // as the server asked
  std::vector<std::string> set_aside;  // files of the spool that S3 refused
  DeliveryPause set_aside_until;       // then they are tried again
  std::string bucket_region;           // as the server said
  int64_t clock_offset_ms = 0;         // of the server
  std::optional<ReportId> latest;      // the report behind latest/<instance>.json
};

// Missing, damaged or of another destination: nothing is known. What no run of ours can have
// written is left out: a time to come, a region that is none, a number below zero.
DeliveryState read_delivery_state(const std::string& path, const std::string& destination,
                                  int64_t now_ms, Author author = Author::kOurs);
// The same with its pauses counted from this boot.
DeliveryState rebased(DeliveryState state, const Clock& clock);
DeliveryPause pause_of(int64_t milliseconds, const Clock& clock);
// Of a rebased state.
int64_t left_ms(const DeliveryPause& pause, const Clock& clock);
// For a person, one line; what the words begin with is not said twice.
std::string to_words(const DeliveryError& error);
std::string to_words(const DeliveryState& state);
Result<Done> write_delivery_state(const std::string& path, const DeliveryState& state);

}  // namespace efa
