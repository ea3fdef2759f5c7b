// From a pass to S3: the report goes into the spool, a process of its own takes it from there.
// Uploading is not done here, because this process must neither wait for a network nor hold what
// that takes (TLS, credentials).
#pragma once

#include <cstdint>
#include <string>

#include "agent/config/config.h"
#include "agent/report/report.h"

namespace efa {

// Both log what could not be kept, and do nothing without s3.uri. The first takes the same time
// whatever the spool holds, and leaves out a report of the daemon's that says nothing new before
// s3.repeat_s; the second gives it its bounds again.
void spool_for_s3(const Config& config, const Report& report);
void trim_spool(const Config& config);

struct DeliveryRun {
  std::string config_file;  // "": the default path
  int64_t limit_ms = 0;
  bool patient = false;  // keep to the back-off of earlier runs
  bool quiet = false;    // no summary on standard output
  std::string object;    // the key of one that it reads, instead of what the spool holds; "": none
};

// Starts the uploader and waits for it, at most a little longer than s3.once_limit_ms. What it does
// changes neither verdict nor exit code.
void deliver_shortly(const Config& config, const std::string& config_file);
// Has the uploader put one object below the prefix, in place of what was there.
Result<Done> deliver_object(const std::string& config_file, const std::string& key,
                            const std::string& body);
// Becomes the uploader; returns an exit code when it cannot.
int become_uploader(const DeliveryRun& run);

}  // namespace efa
