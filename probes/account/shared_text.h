// A text that many things have in common, as the subnet of 160,000 interfaces: kept once, for the
// life of the process.
#pragma once

#include <optional>
#include <string>

namespace efa {

class SharedText {
 public:
  SharedText() : SharedText(std::string()) {}
  SharedText(const std::string& text);                             // NOLINT: stands for a text
  SharedText(const char* text) : SharedText(std::string(text)) {}  // NOLINT: the same
  operator const std::string&() const { return *text_; }           // NOLINT: the same
  static std::optional<SharedText> from_text(const std::string& text) { return SharedText(text); }
  [[nodiscard]] const std::string& to_text() const { return *text_; }

  friend bool operator==(const SharedText& a, const SharedText& b) { return a.text_ == b.text_; }
  friend bool operator==(const SharedText& a, const std::string& b) { return *a.text_ == b; }
  friend bool operator==(const SharedText& a, const char* b) { return *a.text_ == b; }

 private:
  const std::string* text_;  // of all texts; never null
};

}  // namespace efa
