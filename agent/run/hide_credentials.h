// Credentials in text that is not ours: what a site's own probe prints, what a library writes to
// standard error. Told by their shape or by the name before them; what has neither cannot be.
#pragma once

#include <string>

#include "probes/base/value.h"

namespace efa {

// "AWS_SECRET_ACCESS_KEY=x", "--password x", "Authorization: Bearer x", "http://user:x@host",
// "AKIA...", private keys: each x becomes "(hidden)". Takes time as the text is long, and leaves
// as it is what it has hidden before.
std::string hide_credentials(const std::string& text);
// The same in every string and name of a value; what is below the name of a credential is one.
Value hide_credentials(const Value& value);

}  // namespace efa
