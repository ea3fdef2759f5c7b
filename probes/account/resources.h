// What statements of policies are about.
#pragma once

#include <string>

#include "probes/account/facts.h"

namespace efa {

// "arn:aws:s3:::pics/efa/latest/*" of "s3:GetObject"; "*" for what is not of the reports' bucket.
std::string resource_of(const AccountFacts& facts, const std::string& action);

}  // namespace efa
