#include "probes/account/shared_text.h"

#include <unordered_set>

namespace efa {

SharedText::SharedText(const std::string& text) {
  static std::unordered_set<std::string> all;  // its elements stay where they are
  text_ = &*all.insert(text).first;
}

}  // namespace efa
