// A text that many things have in common, as the subnet of 160,000 interfaces: kept once, for the
// life of the process, and known by its number.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace efa {

class SharedText {
 public:
  SharedText() : SharedText(std::string()) {}
  SharedText(const std::string& text);                             // NOLINT: stands for a text
  SharedText(const char* text) : SharedText(std::string(text)) {}  // NOLINT: the same
  operator const std::string&() const { return to_text(); }        // NOLINT: the same
  static std::optional<SharedText> from_text(const std::string& text) { return SharedText(text); }
  [[nodiscard]] const std::string& to_text() const;

  friend bool operator==(const SharedText&, const SharedText&) = default;
  friend bool operator==(const SharedText& a, const std::string& b) { return a.to_text() == b; }
  friend bool operator==(const SharedText& a, const char* b) { return a.to_text() == b; }

 private:
  uint32_t number_;  // of all texts
};

}  // namespace efa
