#include "probes/account/pages.h"

#include <malloc.h>

#include "probes/base/printable.h"

namespace efa {

void Kind::refuse(const Refusal& refusal) {
  section_.status = some_ ? SectionStatus::kPartial : refusal.status;
  section_.error_code = refusal.code;
  section_.words = refusal.words;
  section_.denied_action = refusal.denied_action;
}

void Kind::refuse(const AccountSection& part) {
  refuse(Refusal{part.status, part.error_code, part.words, part.denied_action});
}

void Kind::fail(const std::string& words) {
  refuse(Refusal{SectionStatus::kFailed, "", printable(words)});
}

void add_filter(Parameters& parameters, int number, const std::string& name,
                const std::vector<std::string>& values) {
  const std::string filter = "Filter." + std::to_string(number);
  parameters.emplace_back(filter + ".Name", name);
  for (size_t i = 0; i < values.size(); ++i) {
    parameters.emplace_back(filter + ".Value." + std::to_string(i + 1), values[i]);
  }
}

std::vector<std::vector<std::string>> chunks_of(const std::set<std::string>& all, size_t most) {
  std::vector<std::vector<std::string>> chunks;
  for (const std::string& one : all) {
    if (chunks.empty() || chunks.back().size() == most) chunks.emplace_back();
    chunks.back().push_back(one);
  }
  return chunks;
}

void give_memory_back() {
  malloc_trim(0);
}

}  // namespace efa
