// Which instances are meant: those of the ids, or those that run and match every filter.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace efa {

struct FleetQuery {
  std::vector<std::string> ids;
  std::vector<std::pair<std::string, std::string>> filters;  // ("tag:Fleet", "train")
  std::string session_log_group = {};  // "": as the account's preferences of sessions say
};

bool is_instance_id(const std::string& text);
// "tag:Fleet=train": the name of a filter of DescribeInstances and one value.
std::optional<std::pair<std::string, std::string>> parse_filter(const std::string& text);

}  // namespace efa
