// The agent's own files, as another version, a full disk or a person may have left them. The first
// byte says which: 's' state.json, 'h' health.json, 'd' delivery.json, 'r' a report in the spool,
// 'c' config.toml.

#include <sys/mman.h>
#include <unistd.h>

#include "agent/cli/status.h"
#include "agent/deliver/s3/delivery_state.h"
#include "agent/deliver/s3/object_key.h"
#include "agent/pass/state.h"
#include "tests/fuzz/claims.h"

namespace efa {
namespace {

constexpr int64_t kNow = 1'795'471'200'000;
constexpr int64_t kUp = 86'400'000;  // since boot

// A path that shows this text.
std::string file_of(std::string_view text) {
  static const int kFile = memfd_create("file", MFD_CLOEXEC);
  const bool written = ftruncate(kFile, 0) == 0 && pwrite(kFile, text.data(), text.size(), 0) ==
                                                       static_cast<ssize_t>(text.size());
  claim(written, "memory holds a file");
  return "/proc/self/fd/" + std::to_string(kFile);
}

void read_health(const std::string& json) {
  const Result<Value> value = parse_json(json, "health.json");
  const std::string boot = value ? value->text("boot_id") : "";
  for (const auto& max_age_s : {std::optional<int64_t>(), std::optional<int64_t>(0)}) {
    const Health health = judge_health(json, {kNow, kUp}, boot, max_age_s);
    claim(reason_of(health).size() <= 200, "a reason fits into a scheduler's command");
  }
}

void read_report(const std::string& json) {
  const Result<Value> value = parse_json(json, "report");
  const Result<ReportNames> names = value ? names_of(*value) : Result<ReportNames>(value.error());
  if (!names) return;
  claim(names->latest.find("/../") == std::string::npos, "a key stays below the prefix");
  const Result<ReportId> id = parse_report_id(to_text(names->id));
  claim(id.ok() && *id == names->id, "an id is read as it is written");
}

void read(char which, const std::string& text) {
  if (which == 's') claim(is_plausible(begin_pass(file_of(text), false)), "a pass can begin");
  if (which == 'h') read_health(text);
  if (which == 'd') to_words(read_delivery_state(file_of(text), "s3://bucket/prefix", 0));
  if (which == 'r') read_report(text);
  if (which == 'c') (void)parse_config(text, "config.toml").ok();
}

}  // namespace
}  // namespace efa

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  efa::read(static_cast<char>(data[0]), {reinterpret_cast<const char*>(data) + 1, size - 1});
  return 0;
}
