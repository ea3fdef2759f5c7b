// The table [s3] of the configuration: whether it is right, and where it leads.
#pragma once

#include <string>
#include <vector>

#include "agent/config/config.h"
#include "probes/aws/target.h"

namespace efa {

// "": without s3.uri there is no delivery to S3.
bool delivers_to_s3(const S3Config& config);
// What is wrong in the table as a whole, each at the setting at fault; parse_whole_config() asks.
std::vector<Error> check_s3(const S3Config& config);
// The file s3.ca_file. A pass does not ask: a file system that is not there yet is no wrong
// configuration, and delivery says what is missing.
Result<Done> check_authorities(const S3Config& config);

std::string destination_of(const S3Config& config);

}  // namespace efa
