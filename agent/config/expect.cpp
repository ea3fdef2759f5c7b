#include "agent/config/expect.h"

#include <fmt/core.h>

#include "agent/config/near_miss.h"
#include "probes/base/text.h"

namespace efa {

Result<ExpectSetting> parse_expect(const std::string& text) {
  constexpr int kMaxExpected = 1024;  // more than any machine has; catches typing errors
  if (text == "auto") return ExpectSetting{};
  if (text == "none") return ExpectSetting{0};
  if (text == "max") return ExpectSetting{std::nullopt, true};
  const auto count = parse_number<int>(text);
  if (!count || *count < 0 || *count > kMaxExpected) {
    return Error{ErrorKind::kMalformed, "expect",
                 fmt::format("'{}' is not auto, none, max or a number from 0 to {}{}", text,
                             kMaxExpected, near_miss(text, {"auto", "none", "max"}))};
  }
  return ExpectSetting{count};
}

}  // namespace efa
