// Which region the bucket is taken to be in before S3 has said so.
#pragma once

#include <initializer_list>
#include <string>

#include "probes/aws/credential_chain.h"

namespace efa {

// The first that is one; else us-east-1, whose S3 names the right one.
std::string first_region(std::initializer_list<std::string> regions);

// The environment's, the profile's, or that of the instance, whichever first is a region; "" when
// none is known. What is none is logged and passed over.
std::string region_of_node(const ChainSettings& settings, const Environment& environment);

// Where to ask for metadata: as configured, as the environment says, or EC2's own when this is an
// EC2 instance; "" when there is none to ask, or what the environment says is no server.
std::string metadata_endpoint(const std::string& configured, const Environment& environment);

}  // namespace efa
