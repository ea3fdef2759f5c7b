// Reports of nodes, as efa-doctor leaves them in S3 (latest/INSTANCE.json, gzipped or not) or on
// the node: what of them is told beside what AWS says of the same instances. Contract:
// packaging/report.schema.json.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "probes/account/node_facts.h"
#include "probes/base/result.h"

namespace efa {

inline constexpr size_t kMostReports = 20'000;

class NodeReports {
 public:
  // Of one instance the newest stays. What is no report of a node is counted, the first by name.
  void take(const std::string& where, std::string bytes);
  void leave_out(const std::string& why);

  [[nodiscard]] std::vector<std::string> instances() const;
  [[nodiscard]] bool empty() const { return newest_.empty(); }
  // "3 of 40 were not read: ..."; "" when all were
  [[nodiscard]] std::string unread() const;
  std::vector<AccountNode> nodes() &&;

 private:
  std::map<std::string, AccountNode> newest_;
  size_t taken_ = 0;
  size_t left_out_ = 0;
  std::string first_left_out_;
};

// "latest/i-1.json", "latest/i-1.json.gz"
bool is_name_of_report(const std::string& name);
// Of all such files in a directory and below; links are not followed.
Result<Done> read_directory(const std::string& directory, NodeReports& reports);

}  // namespace efa
