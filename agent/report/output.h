// Where a report goes: to standard output, or to the file that --output names.
#pragma once

#include <string>

#include "agent/report/page.h"

namespace efa {

// Whether escape sequences (ECMA-48) can be sent to the terminal: not where TERM is "dumb".
bool understands_escapes();
// Of who reads it: colours and width of a terminal, which takes all, or the width that COLUMNS says
// (environ(7)).
TextStyle style_of(const std::string& output);
// The exit code: `code`, or that of an internal error when nobody could be given the text. A file
// that cannot be written is told, and the text goes to standard output.
int put_out(const std::string& text, const std::string& output, int code);
// What has no verdict, whose code would be the one that counts: without the file it is no success.
int put_out(const std::string& text, const std::string& output);

}  // namespace efa
