#include "agent/deliver/s3/broken_delivery.h"

#include <sys/wait.h>

#include <csignal>

#include "agent/config/s3_settings.h"
#include "agent/deliver/s3/delivery_state.h"
#include "agent/deliver/s3/settings.h"
#include "agent/log/log.h"
#include "agent/report/report.h"
#include "probes/base/child.h"
#include "probes/base/exit_codes.h"
#include "probes/base/file_lock.h"
#include "probes/base/moment.h"

namespace efa {

void note_end_of_delivery(const Config& config, int status) {
  const bool by_itself = WIFEXITED(status) && WEXITSTATUS(status) < kExitUsage;
  const bool asked = WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM;
  if (by_itself || asked) return;
  const std::string words =
      "the uploader ended with " + words_of_exit(status) + "; reports that wait are sent later";
  log_error("delivery to S3: {}", words);
  const Result<FileLock> lock = FileLock::try_for(config.files.state_directory + "/delivery.lock");
  if (!lock) return;  // another is at work and leaves its own word
  const std::string path = delivery_state_path(config.files);
  const int64_t now_ms = Moment::now().unix_ms;
  DeliveryState state = read_delivery_state(path, destination_of(config.s3), now_ms);
  state.last_error = DeliveryError{time_text(now_ms), "uploader ended", words};
  state.pending = spool_of(config).count();
  const Result<Done> kept = write_delivery_state(path, state);
  if (!kept) log_warning("the state of delivery was not saved: {}", message_of(kept.error()));
}

}  // namespace efa
