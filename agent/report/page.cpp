#include "agent/report/page.h"

#include <algorithm>

#include "probes/base/printable.h"
#include "probes/base/text.h"

namespace efa {
namespace {

const char* colour_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kHealthy:
      return "1;32";
    case Verdict::kDegraded:
      return "1;33";
    case Verdict::kUnhealthy:
      return "1;31";
    default:
      return "1;36";
  }
}

}  // namespace

Mark mark_of(Verdict verdict) {
  std::string name = verdict_text(verdict);
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) {
    return c == '_' ? ' ' : static_cast<char>(std::toupper(c));
  });
  return {name, colour_of(verdict)};
}

Mark mark_of(Severity severity) {
  switch (severity) {
    case Severity::kCritical:
      return {"CRITICAL", "31"};
    case Severity::kWarning:
      return {"WARNING ", "33"};
    default:
      return {"INFO    ", "34"};
  }
}

void TextPage::line(const std::string& text) {
  text_ += printable(text) + "\n";
}

void TextPage::paragraph(const std::string& text, size_t indent, const Mark& mark) {
  const auto width = static_cast<size_t>(std::max(style_.width, 40));
  std::string current = mark.text.empty() ? std::string(indent, ' ') : mark.text + "  ";
  size_t start = current.size();
  bool first = true;
  const auto put = [&] {
    text_ += first ? colour(mark.text, mark.colour) : "";
    line(first ? current.substr(mark.text.size()) : current);
    first = false;
  };
  for (const std::string& word : words(text)) {
    if (current.size() > start && current.size() + 1 + word.size() > width) {
      put();
      current.assign(indent, ' ');
      start = indent;
    }
    if (current.size() > start) current += ' ';
    current += word;
  }
  put();
}

void TextPage::command(const std::string& text, size_t indent) {
  line(std::string(indent, ' ') + "$ " + text);
}

void TextPage::marked(const std::string& lead, const std::string& text, const char* colour_code) {
  text_ += printable(lead + "x");  // its blanks at the end stay
  text_.pop_back();
  text_ += colour(printable(text), colour_code) + "\n";
}

std::string TextPage::colour(const std::string& text, const char* code) const {
  const bool shown = style_.colour && !text.empty();
  return shown ? std::string("\033[") + code + "m" + text + "\033[0m" : text;
}

std::string TextPage::take(size_t most) {
  if (!fits(most)) {
    const std::string cut = "\n[cut: --format json has everything]\n";
    const size_t end = text_.rfind('\n', most - cut.size());
    text_ = end == std::string::npos ? make_utf8(text_.substr(0, most - cut.size()))
                                     : text_.substr(0, end);
    text_ += cut;
  }
  return text_;
}

}  // namespace efa
