#include "probes/base/moment.h"

#include <cstdlib>
#include <ctime>
#include <fstream>

namespace efa {
namespace {

int64_t read_ms(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1'000'000;
}

}  // namespace

Moment Moment::now() {
  return {read_ms(CLOCK_REALTIME), read_ms(CLOCK_BOOTTIME)};
}

int64_t shown_at(const Moment& now, int64_t unix_ms, int64_t boot_ms) {
  constexpr int64_t kReadApartMs = 900;  // the two clocks are read one after the other
  const int64_t moved = now.unix_ms - (now.boot_ms - boot_ms);
  return std::abs(moved - unix_ms) <= kReadApartMs ? unix_ms : moved;
}

std::string boot_id_of_machine() {
  std::string id;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> id;
  return id;
}

std::string time_text(int64_t unix_ms) {
  const auto seconds = static_cast<time_t>(unix_ms / 1000);
  tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32] = "";
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

}  // namespace efa
