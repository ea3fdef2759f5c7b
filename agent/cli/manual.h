// The manual and the configuration file that packages install, out of the command line, the table
// of settings and the catalogue of checks.
#pragma once

#include <string>

namespace efa {

std::string program_page();           // efa-doctor(1), in roff
std::string configuration_page();     // efa-doctor.toml(5)
std::string default_configuration();  // every setting at its default, commented out

}  // namespace efa
