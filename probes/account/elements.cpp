#include "probes/account/elements.h"

#include "probes/base/printable.h"
#include "probes/base/text.h"

namespace efa {

std::optional<std::string> word_of(std::string_view text, size_t longest) {
  const std::string_view word = trim(text);
  if (word.empty() || word.size() > longest || !is_visible_ascii(word)) return std::nullopt;
  return std::string(word);
}

std::optional<std::string> word_in(const XmlElement& parent, std::string_view name,
                                   size_t longest) {
  return word_of(parent[name].text, longest);
}

std::optional<std::string> name_in(const XmlElement& parent, std::string_view name) {
  std::string text = printable(parent[name].text, kLongestWord);
  return text.empty() ? std::nullopt : std::optional(std::move(text));
}

std::optional<int> number_in(const XmlElement& parent, std::string_view name) {
  return parse_number<int>(parent[name].text);
}

std::optional<bool> truth_in(const XmlElement& parent, std::string_view name) {
  const std::string text = lower_case(trim(parent[name].text));
  if (text != "true" && text != "false") return std::nullopt;
  return text == "true";
}

Result<XmlElement> answer_of(const std::string& body, const std::string& action, const char* part) {
  Result<XmlElement> root = parse_xml(body, action);
  if (root && (root->name != action + "Response" || (*root)[part].name.empty())) {
    return malformed(action, "the answer is that to something else");
  }
  return root;
}

}  // namespace efa
