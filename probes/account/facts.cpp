#include "probes/account/facts.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace efa {
namespace {

constexpr std::array<const char*, 5> kStatusTexts{"ok", "denied", "throttled", "failed", "partial"};

const AccountSection* section_of(const AccountFacts& facts, const std::string& name) {
  const auto found = std::find_if(facts.sections.begin(), facts.sections.end(),
                                  [&](const AccountSection& one) { return one.name == name; });
  return found == facts.sections.end() ? nullptr : &*found;
}

}  // namespace

const char* section_status_text(SectionStatus status) {
  return kStatusTexts.at(static_cast<size_t>(status));
}

SectionStatus section_status_from(const std::string& text) {
  const auto* const found = std::find(kStatusTexts.begin(), kStatusTexts.end(), text);
  if (found == kStatusTexts.end()) return SectionStatus::kFailed;
  return static_cast<SectionStatus>(std::distance(kStatusTexts.begin(), found));
}

bool is_of_template(const AccountFacts& facts) {
  return facts.source == kTemplateSource;
}

bool is_whole(const AccountFacts& facts, const char* section) {
  const AccountSection* found = section_of(facts, section);
  return found != nullptr && found->status == SectionStatus::kOk;
}

std::string why_not_whole(const AccountFacts& facts, const char* section) {
  const AccountSection* found = section_of(facts, section);
  if (found == nullptr) return "was not asked";
  switch (found->status) {
    case SectionStatus::kOk:
      return "";
    case SectionStatus::kDenied:
      return "the caller may not ask (" + found->error_code + ")";
    case SectionStatus::kThrottled:
      return "AWS asked for fewer requests until the time was over";
    case SectionStatus::kPartial:
      return is_of_template(facts) ? found->words : "only a part came: " + found->words;
    default:
      return found->words.empty() ? "the question failed" : found->words;
  }
}

}  // namespace efa
