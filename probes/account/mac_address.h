// The MAC of a network interface, "0e:8b:10:5d:54:fb", in six bytes: a fleet has 160,000.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace efa {

class MacAddress {
 public:
  // Nothing for a text that is none.
  static std::optional<MacAddress> from_text(const std::string& text);
  [[nodiscard]] std::string to_text() const;
  operator std::string() const { return to_text(); }  // NOLINT: stands for a text

  friend bool operator==(const MacAddress&, const MacAddress&) = default;
  friend bool operator==(const MacAddress& a, const std::string& b) { return from_text(b) == a; }
  friend bool operator==(const MacAddress& a, const char* b) { return a == std::string(b); }

 private:
  std::array<uint8_t, 6> bytes_{};
};

}  // namespace efa
