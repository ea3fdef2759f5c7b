// Which instances are meant: those of the ids, those that run and match every filter, or those
// whose nodes reported.
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
  std::string bucket = {};   // "bucket/prefix" that nodes put their reports into; "": none
  std::string reports = {};  // of nodes: a directory, "s3://bucket/prefix"; "": none
};

bool is_instance_id(const std::string& text);
// "tag:Fleet=train": the name of a filter of DescribeInstances and one value.
std::optional<std::pair<std::string, std::string>> parse_filter(const std::string& text);

}  // namespace efa
