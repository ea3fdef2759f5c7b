// XML as AWS's services write it: elements with a text, and nothing else of it (no attributes,
// comments, entities of its own). From pugixml.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "probes/base/result.h"

namespace efa {

struct XmlElement {
  std::string name;  // "" of one that is not there
  std::string text;
  std::vector<XmlElement> children;

  // The first child of that name; one without name, text and children when there is none.
  const XmlElement& operator[](std::string_view child) const;
};

// The root. Bounded by tags (600,000: a page of 100 instances with 32 interfaces has 250,000) and
// by nesting (32 levels: EC2 has 12).
Result<XmlElement> parse_xml(std::string_view text, const std::string& where);

}  // namespace efa
