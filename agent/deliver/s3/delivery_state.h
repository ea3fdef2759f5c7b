// What delivery to S3 last came to, in delivery.json: read by `status` and by the next run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agent/deliver/files.h"
#include "agent/deliver/s3/object_key.h"
#include "probes/protocol/result.h"

namespace efa {

struct DeliveryError {
  std::string at;     // RFC 3339
  std::string code;   // "403 AccessDenied", "no answer"
  std::string words;  // what is wrong and who puts it right
};

struct DeliveryState {
  std::string destination;                  // "s3://bucket/prefix"
  int64_t pending = 0;                      // reports in the spool
  int64_t dropped = 0;                      // superseded reports that had no room
  int64_t refused = 0;                      // reports for which there was no room at all
  int64_t damaged = 0;                      // files in the spool that are no report
  std::string last_success;                 // RFC 3339; "": never
  std::optional<DeliveryError> last_error;  // absent when the last try succeeded
  int64_t failures = 0;                     // tries in a row
  int64_t next_try_ms = 0;                  // Unix time; 0: at once
  int64_t not_before_ms = 0;                // as the server asked
  std::string bucket_region;                // as the server said
  int64_t clock_offset_ms = 0;              // of the server
  std::optional<ReportId> latest;           // the report behind latest/<instance>.json
};

// Missing, damaged or of another destination: nothing is known.
DeliveryState read_delivery_state(const std::string& path, const std::string& destination,
                                  Author author = Author::kOurs);
// For a person, one line.
std::string to_words(const DeliveryState& state);
Result<Done> write_delivery_state(const std::string& path, const DeliveryState& state);

}  // namespace efa
