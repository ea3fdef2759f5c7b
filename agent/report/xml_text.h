// Texts in a picture.
#pragma once

#include <string>

namespace efa {

// What stands for it in XML: no letter of it is markup or unprintable.
std::string xml_text(const std::string& text);

}  // namespace efa
