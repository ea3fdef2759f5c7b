#include "agent/deliver/s3/news.h"

#include <fmt/core.h>

#include <set>
#include <string_view>

#include "agent/report/fold.h"

namespace efa {
namespace {

// FNV-1a, 64 bits: the reader is this node itself, and nobody gains by two reports of one digest.
uint64_t fnv1a(std::string_view text) {
  constexpr uint64_t kOffset = 14695981039346656037U;
  constexpr uint64_t kPrime = 1099511628211U;
  uint64_t hash = kOffset;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * kPrime;
  return hash;
}

Value member(const Value& report, const char* key) {
  const Value* found = report.find(key);
  return found == nullptr ? Value() : *found;
}

template <class Function>
void for_each(const Value& report, const char* key, const Function& function) {
  const Value list = member(report, key);
  const Array* array = list.as<Array>();
  if (array == nullptr) return;
  for (const Value& item : *array) function(item);
}

// Of what is of info the subject may be a process of a job.
std::string line_of(const Value& finding) {
  const std::string severity = finding.text("severity");
  std::string line = finding.text("code") + " " + finding.text("result") + " " + severity;
  if (severity == "info") return line;
  return line + " " + finding.text("subject") + " " + finding.text("explained_by");
}

}  // namespace

std::string digest_of(const Value& report, const std::string& destination) {
  Value told;
  told.set("destination", destination);
  for (const char* key : {"agent", "node", "verdict", "root_causes", "funnel", "configured"}) {
    told.set(key, member(report, key));
  }
  std::set<std::string> lines;
  for_each(report, "findings", [&](const Value& finding) {
    if (!is_good(finding)) lines.insert(line_of(finding));
  });
  for_each(report, "devices",
           [&](const Value& device) { lines.insert(device.text("pci_address")); });
  std::string text = render_json(told);
  for (const std::string& line : lines) text += "\n" + line;
  return fmt::format("{:016x}", fnv1a(text));
}

bool is_due(const News& last, const News& now, const Repetition& repetition) {
  if (last.digest != now.digest) return true;
  const int64_t waited_ms = now.boot_ms - last.boot_ms;
  const int64_t slack_ms = repetition.interval_ms / 10;  // a pass starts when it can
  return waited_ms < 0 || waited_ms + repetition.interval_ms - slack_ms > repetition.every_ms;
}

}  // namespace efa
