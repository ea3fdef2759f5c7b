// What is expected, kept in a file of lines. UPDATE_EXPECTED=1 in the environment rewrites the
// file; its difference is to be reviewed.
#pragma once

#include <gtest/gtest.h>

#include <string>

namespace efa {

// When it is not what the file holds, the failing test shows the lines that went and that came.
testing::AssertionResult is_as_in(const std::string& path, const std::string& text);

}  // namespace efa
