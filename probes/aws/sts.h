// What STS says in XML. Interface: AWS STS API Reference, "AssumeRoleWithWebIdentity".
#pragma once

#include <string>

#include "probes/aws/credentials.h"

namespace efa {

// The keys in an <AssumeRoleWithWebIdentityResponse>.
Result<Credentials> parse_assumed_role(const std::string& body, const std::string& source);

}  // namespace efa
