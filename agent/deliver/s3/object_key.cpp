#include "agent/deliver/s3/object_key.h"

#include <algorithm>
#include <cctype>

#include "probes/base/text.h"

namespace efa {
namespace {

constexpr size_t kBootDigits = 8;  // enough to tell the boots of one node apart
constexpr std::string_view kTimeShape = "dddd-dd-ddTdd:dd:ddZ";

bool is_time(std::string_view text) {
  return text.size() == kTimeShape.size() &&
         std::equal(text.begin(), text.end(), kTimeShape.begin(), [](char c, char shape) {
           return shape == 'd' ? std::isdigit(static_cast<unsigned char>(c)) != 0 : c == shape;
         });
}

// A hostname is anything; a partition's value is kept to what needs no quoting anywhere.
std::string plain_word(std::string text) {
  std::replace_if(
      text.begin(), text.end(),
      [](char c) { return !is_alnum(c) && c != '-' && c != '.' && c != '_'; }, '_');
  constexpr size_t kLongest = 255;
  text.resize(std::min(text.size(), kLongest));
  return text.empty() ? "unknown" : text;
}

std::string text_in(const Value& value, const char* table, const char* key) {
  const Value* inner = value.find(table);
  return inner == nullptr ? "" : inner->text(key);
}

Error no_report(const char* what) {
  return {ErrorKind::kMalformed, "report", what};
}

}  // namespace

std::string to_text(const ReportId& id) {
  return id.started_at + "-" + id.boot + "-" + std::to_string(id.sequence);
}

Result<ReportId> parse_report_id(const std::string& text) {
  ReportId id;
  id.started_at = text.substr(0, kTimeShape.size());
  const std::string rest = text.substr(id.started_at.size());
  const std::vector<std::string> parts = split(rest, '-');
  if (!is_time(id.started_at) || parts.size() != 3 || !parts[0].empty() || parts[1].empty()) {
    return no_report("the name is not that of a report");
  }
  id.boot = parts[1];
  const auto sequence = parse_number<int64_t>(parts[2]);
  if (!sequence) return no_report("the name is not that of a report");
  id.sequence = *sequence;
  return id;
}

Result<ReportNames> names_of(const Value& report) {
  const Value* run = report.find("run");
  const Value* sequence = run == nullptr ? nullptr : run->find("sequence");
  const auto* number = sequence == nullptr ? nullptr : sequence->as<int64_t>();
  ReportNames names;
  names.id.started_at = text_in(report, "run", "started_at");
  if (number == nullptr || *number < 0 || !is_time(names.id.started_at)) {
    return no_report("it does not say when it was made");
  }
  names.id.sequence = *number;
  std::string boot = text_in(report, "node", "boot_id").substr(0, kBootDigits);
  std::replace(boot.begin(), boot.end(), '-', '_');
  names.id.boot = plain_word(boot);
  std::string instance = text_in(report, "node", "instance_id");
  if (instance.empty()) instance = text_in(report, "node", "hostname");
  instance = plain_word(instance);
  const std::string date = names.id.started_at.substr(0, std::string_view("yyyy-mm-dd").size());
  names.dated = "region=" + plain_word(text_in(report, "node", "region")) + "/date=" + date +
                "/instance=" + instance + "/" + to_text(names.id) + ".json";
  names.latest = "latest/" + instance + ".json";
  return names;
}

std::string account_key(const AccountScope& scope) {
  return "account/account=" + plain_word(scope.account) + "/region=" + plain_word(scope.region) +
         "/fleet=" + plain_word(scope.fleet) + "/latest.json";
}

}  // namespace efa
