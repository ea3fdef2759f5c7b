// A report for a person, line by line: wrapped, in colours on a terminal, and short enough for the
// 24,000 characters that SSM keeps.
#pragma once

#include <string>

#include "probes/judging/words.h"

namespace efa {

struct TextStyle {
  bool colour = false;
  int width = 80;
  bool verbose = false;  // findings that pass too
};

struct Mark {
  std::string text;
  const char* colour = "";
};

Mark mark_of(Verdict verdict);  // "NOT APPLICABLE"
Mark mark_of(Severity severity);

inline constexpr size_t kMaxSubjects = 8;  // of one code; the JSON report has all

class TextPage {
 public:
  explicit TextPage(const TextStyle& style) : style_(style) {}

  void line(const std::string& text = "");
  // Words wrapped at the width, every line with that indent; the first begins with the mark.
  void paragraph(const std::string& text, size_t indent, const Mark& mark = {});
  // A command stays on one line, so that it can be pasted.
  void command(const std::string& text, size_t indent);
  [[nodiscard]] std::string take();

 private:
  [[nodiscard]] std::string colour(const std::string& text, const char* code) const;

  TextStyle style_;
  std::string text_;
};

}  // namespace efa
