// Where objects go: bucket, prefix, endpoint, and how they are put together into an address.
// Interface: Amazon S3 User Guide, "Methods for accessing a bucket"; AWS General Reference,
// "Amazon S3 endpoints".
#pragma once

#include <string>

#include "probes/base/result.h"

namespace efa {

enum class Addressing {
  kAuto,     // virtual on AWS, unless dots in the bucket's name break TLS; path elsewhere
  kPath,     // https://s3.eu-west-1.amazonaws.com/bucket/key
  kVirtual,  // https://bucket.s3.eu-west-1.amazonaws.com/key
};

struct S3Target {
  std::string bucket;
  std::string prefix;    // "" or "a/b": without slashes at its ends
  std::string endpoint;  // "": that of AWS in the region; else "https://host[:port]"
  Addressing addressing = Addressing::kAuto;
};

struct ObjectAddress {
  std::string url;   // percent-encoded
  std::string host;  // as in the Host header
  std::string path;  // not encoded: what is signed
};

// From the settings s3.uri ("s3://bucket/prefix"), s3.endpoint and s3.addressing.
Result<S3Target> parse_target(const std::string& uri, const std::string& endpoint,
                              const std::string& addressing);

ObjectAddress address_of(const S3Target& target, const std::string& region, const std::string& key);
// Else it is part of the host's name.
bool bucket_in_path(const S3Target& target);

// Letters, digits and '-' alone: a region becomes part of hosts' names and of signatures, whoever
// names it.
bool is_region(const std::string& text);

// "amazonaws.com", "amazonaws.com.cn", ...: what the names of a region's services end in.
std::string domain_of_region(const std::string& region);

}  // namespace efa
