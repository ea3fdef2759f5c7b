// A report for a person, line by line: wrapped, in colours and whole on a terminal, else short
// enough for what AWS Systems Manager keeps of an output: 24,000 characters of
// get-command-invocation, 2,400 or 2,500 of list-command-invocations.
#pragma once

#include <string>

#include "probes/judging/words.h"

namespace efa {

struct TextStyle {
  bool colour = false;
  int width = 80;
  bool whole = false;  // no byte is too many
};

struct Mark {
  std::string text;
  const char* colour = "";
};

Mark mark_of(Verdict verdict);  // "NOT APPLICABLE"
Mark mark_of(Severity severity);

inline constexpr size_t kMaxSubjects = 8;  // of one code; the JSON report has all

// SSM's agent keeps 2,400 bytes of a command, a newer one 2,500; of a node that is not well that
// holds 24 of a title, "ERROR", and 37 of "failed to run commands: exit status 2" too. It cuts our
// text unless all three are below that: 2,400 - 24 - 37 - 1 = 2,338 stay whole in each agent
// (amazon-ssm-agent, iohandler.go, TruncateOutput).
inline constexpr size_t kMostOfNode = 2'300;
inline constexpr size_t kMostOfFleet = 20'000;

class TextPage {
 public:
  explicit TextPage(const TextStyle& style) : style_(style) {}

  void line(const std::string& text = "");
  // Words wrapped at the width, every line with that indent; the first begins with the mark.
  void paragraph(const std::string& text, size_t indent, const Mark& mark = {});
  // As it is, in that colour after the lead.
  void marked(const std::string& lead, const std::string& text, const char* colour_code);
  // A command stays on one line, so that it can be pasted.
  void command(const std::string& text, size_t indent);
  [[nodiscard]] bool fits(size_t most) const { return style_.whole || text_.size() <= most; }
  // What is beyond that many bytes is cut, which the last line says.
  [[nodiscard]] std::string take(size_t most);

 private:
  [[nodiscard]] std::string colour(const std::string& text, const char* code) const;

  TextStyle style_;
  std::string text_;
};

}  // namespace efa
