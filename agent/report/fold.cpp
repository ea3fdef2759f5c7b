#include "agent/report/fold.h"

#include <map>
#include <string>
#include <utility>

namespace efa {

bool is_good(const Value& finding) {
  const std::string result = finding.text("result");
  return result == "pass" || result == "not_applicable";
}

void fold(Value& report) {
  const Value* findings = report.find("findings");
  const Array* all = findings == nullptr ? nullptr : findings->as<Array>();
  if (all == nullptr) return;
  std::map<std::pair<std::string, std::string>, int64_t> subjects;
  Array kept;
  for (const Value& finding : *all) {
    if (is_good(finding)) {
      ++subjects[{finding.text("code"), finding.text("result")}];
    } else {
      kept.push_back(finding);
    }
  }
  Array folded;
  for (const auto& [check, count] : subjects) {
    Value one;
    one.set("code", check.first);
    one.set("result", check.second);
    one.set("subjects", count);
    folded.push_back(std::move(one));
  }
  report.set("findings", std::move(kept));
  report.set("folded", std::move(folded));
}

}  // namespace efa
