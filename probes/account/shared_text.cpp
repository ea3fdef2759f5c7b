#include "probes/account/shared_text.h"

#include <deque>
#include <string_view>
#include <unordered_map>

namespace efa {
namespace {

std::deque<std::string>& all_texts() {
  static std::deque<std::string> all;  // its elements stay where they are
  return all;
}

}  // namespace

SharedText::SharedText(const std::string& text) {
  static std::unordered_map<std::string_view, uint32_t> numbers;
  std::deque<std::string>& all = all_texts();
  const auto known = numbers.find(text);
  number_ = known == numbers.end() ? static_cast<uint32_t>(all.size()) : known->second;
  if (known != numbers.end()) return;
  numbers.emplace(all.emplace_back(text), number_);
}

const std::string& SharedText::to_text() const {
  return all_texts()[number_];
}

}  // namespace efa
