#include "probes/data/counter_files.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "probes/base/text.h"

namespace efa {

std::map<std::string, uint64_t> CounterFiles::read(std::span<const char* const> names) const {
  std::map<std::string, uint64_t> values;
  out_.doing("read " + directory_);
  for (const char* name : names) {
    const auto text = root_.text(directory_ + "/" + name);
    const auto value = text ? parse_number<uint64_t>(*text) : std::nullopt;
    if (value) values[name] = *value;
  }
  return values;
}

void CounterFiles::outlive() const {
  constexpr int64_t kUsual = 12;     // ms, of real devices; 10 is the kernel's default
  constexpr int64_t kLongest = 200;  // anybody may set it
  constexpr int64_t kMore = 5;
  const auto text = root_.text(directory_ + "/lifespan");
  const int64_t lifespan = (text ? parse_number<int64_t>(*text) : std::nullopt).value_or(kUsual);
  std::this_thread::sleep_for(
      std::chrono::milliseconds(std::clamp(lifespan, int64_t{0}, kLongest) + kMore));
}

}  // namespace efa
