#include "probes/account/node_reports.h"

#include <filesystem>

#include "probes/account/query.h"
#include "probes/aws/gzip.h"
#include "probes/base/files.h"
#include "probes/base/value.h"

namespace efa {
namespace {

constexpr size_t kLongestReport = size_t{16} * 1024 * 1024;  // of a p5.48xlarge: 300 KiB

const Array* array_in(const Value& report, const char* key) {
  const Value* value = report.find(key);
  return value == nullptr ? nullptr : value->as<Array>();
}

std::vector<std::string> texts_in(const Value& report, const char* key) {
  std::vector<std::string> texts;
  const Array* array = array_in(report, key);
  if (array == nullptr) return texts;
  for (const Value& one : *array) {
    if (const auto* text = one.as<std::string>()) texts.push_back(*text);
  }
  return texts;
}

// Else its list of devices may be short.
bool saw_pci(const Value& report) {
  const Array* probes = array_in(report, "probes");
  if (probes == nullptr) return false;
  for (const Value& probe : *probes) {
    if (probe.text("name") == "pci") return probe.text("status") == "ok";
  }
  return false;
}

void take_devices(const Array& devices, AccountNode& node) {
  for (const Value& device : devices) {
    const Value* rdma = device.find("rdma");
    const std::string mac = rdma == nullptr ? "" : rdma->text("mac");
    if (mac.empty()) {
      ++node.functions_without_mac;  // its driver did not say
    } else {
      node.macs.push_back(mac);
    }
  }
}

Result<AccountNode> node_of(const Value& report, const std::string& where) {
  const Value* node = report.find("node");
  const Value* run = report.find("run");
  const Array* devices = array_in(report, "devices");
  if (report.text("schema") != "efa-doctor.report.v1" || node == nullptr || run == nullptr ||
      devices == nullptr) {
    return malformed(where, "is no report of a node");
  }
  AccountNode read;
  read.instance = node->text("instance_id");
  if (!is_instance_id(read.instance)) {
    return malformed(where, "does not say of which instance it is");
  }
  read.started_at = run->text("started_at");
  read.verdict = report.text("verdict");
  read.summary = report.text("summary");
  read.root_causes = texts_in(report, "root_causes");
  read.saw_pci = saw_pci(report);
  take_devices(*devices, read);
  return read;
}

Result<AccountNode> parse_report(const std::string& where, std::string bytes) {
  const Result<std::string> text = unpacked(std::move(bytes), kLongestReport, where);
  if (!text) return text.error();
  const Result<Value> report = parse_json(*text, where);
  return report ? node_of(*report, where) : report.error();
}

}  // namespace

void NodeReports::take(const std::string& where, std::string bytes) {
  Result<AccountNode> node = parse_report(where, std::move(bytes));
  if (!node) return leave_out(message_of(node.error()));
  ++taken_;
  const auto [place, added] = newest_.try_emplace(node->instance, *node);
  // RFC 3339 in UTC: the later is the greater
  if (!added && place->second.started_at < node->started_at) place->second = std::move(*node);
}

void NodeReports::leave_out(const std::string& why) {
  if (left_out_++ == 0) first_left_out_ = why;
}

std::vector<std::string> NodeReports::instances() const {
  std::vector<std::string> ids;
  for (const auto& [instance, node] : newest_) ids.push_back(instance);
  return ids;
}

std::string NodeReports::unread() const {
  if (left_out_ == 0) return "";
  return std::to_string(left_out_) + " of " + std::to_string(taken_ + left_out_) +
         " were not read: " + first_left_out_;
}

std::vector<AccountNode> NodeReports::nodes() && {
  std::vector<AccountNode> nodes;
  for (auto& [instance, node] : newest_) nodes.push_back(std::move(node));
  newest_.clear();
  return nodes;
}

bool is_name_of_report(const std::string& name) {
  return name.ends_with(".json") || name.ends_with(".json.gz");
}

Result<Done> read_directory(const std::string& directory, NodeReports& reports) {
  namespace fs = std::filesystem;
  std::error_code error;
  fs::recursive_directory_iterator files(directory, error);
  if (error) return system_error(error.value(), directory);
  size_t count = 0;
  for (; files != fs::recursive_directory_iterator(); files.increment(error)) {
    if (error) return system_error(error.value(), directory);
    const std::string path = files->path().string();
    if (files->is_symlink(error) || !files->is_regular_file(error)) continue;
    if (!is_name_of_report(path)) continue;
    if (++count > kMostReports) {
      return malformed(directory, "holds more than " + std::to_string(kMostReports) + " reports");
    }
    Result<std::string> bytes = read_file(path, kLongestReport);
    if (bytes) {
      reports.take(path, std::move(*bytes));
    } else {
      reports.leave_out(message_of(bytes.error()));
    }
  }
  return Done{};
}

}  // namespace efa
