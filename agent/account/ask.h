// Asks probe-account about a fleet, or reads what it said before. The only process with keys of an
// account and TLS is that probe; who asks gets its facts one by one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "probes/account/facts.h"
#include "probes/base/result.h"
#include "probes/judging/outcome.h"

namespace efa {

struct AccountQuestion {
  std::vector<std::string> instances;   // "i-0123456789abcdef0"
  std::vector<std::string> filters;     // "tag:Fleet=train", as the EC2 API names filters
  std::vector<std::string> templates;   // files, which are read instead of asking AWS
  std::vector<std::string> parameters;  // of them: "GroupId=sg-1"
  std::string region;                   // "": of the environment, the profile or the node
  std::string profile;
  bool only_rights = false;  // what the caller may ask, about no fleet
  std::string reports;       // of nodes: a directory, "s3://bucket/prefix"; "": none
  std::string bucket;        // "s3://bucket/prefix" that nodes put theirs into; "": not asked about
  std::string s3_endpoint;   // "": that of AWS in the region of the bucket
  std::string s3_addressing = "auto";
  std::string s3_region;          // "": the same as that of the instances
  std::string session_log_group;  // of CloudWatch; "": as the account's preferences say
  std::string endpoint;           // "": that of AWS in the region
  int64_t calls_a_second = 5;     // at most
  int64_t limit_s = 300;          // of the whole question
  std::string metadata_endpoint;  // "": that of EC2
  std::string record;             // a file to keep what was said; "" for none
  std::string replay;             // such a file, which is read instead of asking; "" for none
};

// What is wrong with it, told before anybody is asked.
Result<Done> check_question(const AccountQuestion& question);
// "tag:Fleet=train", "i-1 and i-2": for a heading.
std::string words_of(const AccountQuestion& question);

struct AccountAnswer {
  AccountFacts facts;
  ProbeOutcome outcome;
};

// An error only where a recording cannot be written or read.
Result<AccountAnswer> ask_account(const AccountQuestion& question);

}  // namespace efa
