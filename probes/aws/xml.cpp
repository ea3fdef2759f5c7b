#include "probes/aws/xml.h"

#include <algorithm>
#include <pugixml.hpp>

namespace efa {
namespace {

constexpr std::ptrdiff_t kMaxTags = 600'000;
constexpr int kMaxDepth = 32;

// What the parser takes memory for, told before it does: tags and attributes.
bool has_too_many_parts(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return c == '<' || c == '='; }) >
         kMaxTags;
}

bool take(const pugi::xml_node& node, int depth, XmlElement& element) {
  if (depth > kMaxDepth) return false;
  element.name = node.name();
  element.text = node.child_value();
  const auto is_element = [](const pugi::xml_node& one) {
    return one.type() == pugi::node_element;
  };
  const auto children = node.children();
  // no more memory than they need: a page of EC2 has 100,000
  element.children.reserve(
      static_cast<size_t>(std::count_if(children.begin(), children.end(), is_element)));
  for (const pugi::xml_node& child : children) {
    if (!is_element(child)) continue;
    if (!take(child, depth + 1, element.children.emplace_back())) return false;
  }
  return true;
}

}  // namespace

const XmlElement& XmlElement::operator[](std::string_view child) const {
  static const XmlElement kAbsent;
  const auto found = std::find_if(children.begin(), children.end(),
                                  [&](const XmlElement& one) { return one.name == child; });
  return found == children.end() ? kAbsent : *found;
}

Result<XmlElement> parse_xml(std::string_view text, const std::string& where) {
  if (has_too_many_parts(text)) return Error{ErrorKind::kTooLarge, where, "the XML is too large"};
  pugi::xml_document document;
  const bool well_formed = static_cast<bool>(document.load_buffer(text.data(), text.size()));
  XmlElement root;
  if (!well_formed || document.document_element() == nullptr) {
    return malformed(where, "the answer is not XML");
  }
  if (!take(document.document_element(), 1, root)) {
    return malformed(where, "the XML is nested too deeply");
  }
  return root;
}

}  // namespace efa
