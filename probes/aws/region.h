// Which region the bucket is taken to be in before S3 has said so.
#pragma once

#include <functional>
#include <initializer_list>
#include <string>

#include "probes/aws/credential_chain.h"

namespace efa {

// The first that is one; else us-east-1, whose S3 names the right one.
std::string first_region(std::initializer_list<std::string> regions);

// Is told of what somebody set and is passed over, with the reason.
using TellIgnored = std::function<void(const std::string& words)>;

// The environment's, the profile's, or that of the instance, whichever first is a region; "" when
// none is known.
std::string region_of_node(const ChainSettings& settings, const Environment& environment,
                           const TellIgnored& ignored);

// Where to ask for metadata: as configured, as the environment says, or EC2's own when this is an
// EC2 instance; "" when there is none to ask, or what the environment says is no server.
std::string metadata_endpoint(const std::string& configured, const Environment& environment,
                              const TellIgnored& ignored);

}  // namespace efa
