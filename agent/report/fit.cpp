#include "agent/report/fit.h"

#include <algorithm>

#include "agent/report/fold.h"

namespace efa {
namespace {

constexpr size_t kMaxBytes = size_t{12} * 1024 * 1024;
constexpr size_t kMaxValues = 150'000;
constexpr size_t kMaxFindings = 2'000;

struct Weight {
  size_t bytes = 0;
  size_t values = 0;
};

size_t bytes_of(const std::string& text) {
  size_t bytes = 2;
  for (const char c : text) bytes += c >= 0 && c < ' ' ? 6 : c == '"' || c == '\\' ? 2 : 1;
  return bytes;
}

void weigh(const Value& value, Weight& weight) {
  constexpr size_t kAround = 20;  // a number, a comma, a line's indent
  ++weight.values;
  weight.bytes += kAround;
  if (const auto* text = value.as<std::string>()) weight.bytes += bytes_of(*text);
  if (const auto* array = value.as<Array>()) {
    for (const Value& item : *array) weigh(item, weight);
  } else if (const auto* object = value.as<Object>()) {
    for (const auto& [name, member] : *object) {
      weight.bytes += bytes_of(name);
      weigh(member, weight);
    }
  }
}

bool fits(const Value& report) {
  Weight weight;
  weigh(report, weight);
  return weight.bytes <= kMaxBytes && weight.values <= kMaxValues;
}

Array take_findings(const Value& report) {
  const Value* findings = report.find("findings");
  const Array* array = findings == nullptr ? nullptr : findings->as<Array>();
  return array == nullptr ? Array{} : *array;
}

}  // namespace

void fit(Value& report) {
  if (fits(report)) return;
  std::vector<std::string> left_out = {"facts"};
  report.set("facts", Object{});
  if (!fits(report)) {
    Array findings = take_findings(report);
    std::erase_if(findings, is_good);
    left_out.emplace_back("findings that pass");
    if (findings.size() > kMaxFindings) {
      left_out.push_back(std::to_string(findings.size() - kMaxFindings) + " findings");
      findings.resize(kMaxFindings);
    }
    report.set("findings", std::move(findings));
  }
  if (!fits(report)) {
    report.set("devices", Array{});
    left_out.emplace_back("devices");
  }
  report.set("left_out", Array(left_out.begin(), left_out.end()));
}

}  // namespace efa
