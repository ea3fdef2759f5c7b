// A fleet as AWS's API tells of it, made of words.
#pragma once

#include <string>

#include "probes/account/facts.h"

namespace efa {

// Rules of security groups: "a in all b, a out tcp:0-65535 0.0.0.0/0, b"; a peer is a group, a
// range of addresses, a prefix list ("pl-1"), or a group of another account ("b@2222/pcx").
// Instances of p5.48xlarge: "i1: a a+b, i2: -" has an EFA interface in a and one in a and b; i2 has
// none. Each has an interface without EFA first. Everything was asked and told.
AccountFacts fleet_of(const std::string& rules, const std::string& instances);

}  // namespace efa
