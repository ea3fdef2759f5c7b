// The table [s3] of the configuration as S3 delivery wants it.
#pragma once

#include <string>

#include "agent/cli/config.h"
#include "agent/deliver/s3/spool.h"
#include "agent/deliver/s3/target.h"

namespace efa {

// "": without s3.uri there is no delivery to S3.
bool delivers_to_s3(const S3Config& config);
// What is wrong in the table as a whole; parse_config() asks it.
Result<Done> check_s3(const S3Config& config);
// The file s3.ca_file. A pass does not ask: a file system that is not there yet is no wrong
// configuration, and delivery says what is missing.
Result<Done> check_authorities(const S3Config& config);

std::string destination_of(const S3Config& config);
std::string spool_directory(const FilesConfig& files);
std::string delivery_state_path(const FilesConfig& files);
Spool spool_of(const Config& config);

}  // namespace efa
