#include "probes/account/read_reports.h"

namespace efa {
namespace {

void read_bucket(Calls& calls, Kind& kind, NodeReports& reports) {
  std::vector<std::string> keys;
  const Call list{kS3, "ListBucket", {{"list-type", "2"}, {"prefix", calls.prefix() + "latest/"}}};
  read_pages<std::string>(calls, list, parse_keys, kind, [&](const std::string& key) {
    if (!is_name_of_report(key)) return;
    if (keys.size() == kMostReports) {
      kind.fail("the bucket has more than " + std::to_string(kMostReports) + " reports");
    } else {
      keys.push_back(key);
    }
  });
  for (const std::string& key : keys) {
    if (!kind.goes_on()) return;
    auto answer = calls.ask({kS3, "GetObject", {}, {}, key});
    if (const Refusal* refusal = std::get_if<Refusal>(&answer)) {
      if (refusal->code == "NoSuchKey") continue;  // it went meanwhile
      return kind.refuse(*refusal);
    }
    reports.take(key, std::move(std::get<std::string>(answer)));
    kind.came();
  }
}

}  // namespace

bool is_in_s3(const std::string& source) {
  return source.starts_with("s3://");
}

void read_node_reports(Calls& calls, const std::string& source, Kind& kind, NodeReports& reports) {
  if (is_in_s3(source)) return read_bucket(calls, kind, reports);
  const Result<Done> read = read_directory(source, reports);
  if (!read) kind.fail(message_of(read.error()));
}

}  // namespace efa
