#include "probes/aws/service_error.h"

#include "probes/aws/xml.h"
#include "probes/base/printable.h"
#include "probes/base/text.h"
#include "probes/base/value.h"

namespace efa {
namespace {

constexpr size_t kLongestMessage = 300;

// A word of the service's own; anything else is not repeated.
std::string word_of(const std::string& text) {
  return text.size() <= 64 && is_made_of(text, ".-_") ? text : "";
}

std::string line_of(const std::string& text) {
  return printable(join(words(text), " "), kLongestMessage);
}

// "You are not authorized to perform this operation. Encoded authorization failure message: 4GIOH"
std::string without_encoded(const std::string& message) {
  return message.substr(0, message.find("Encoded authorization failure message:"));
}

ServiceError parse_json_error(const std::string& body) {
  const Result<Value> value = parse_json(body, "the answer");
  if (!value) return {};
  const std::string type = value->text("__type");
  const std::string message = value->text("message");
  ServiceError error;
  error.code = word_of(type.substr(type.find('#') + 1));  // npos + 1 is 0
  if (error.code.empty()) return {};
  error.message = line_of(message.empty() ? value->text("Message") : message);
  return error;
}

// The mixture is moto's, an emulator.
const XmlElement& error_of(const XmlElement& root) {
  if (root.name == "Error") return root;
  const XmlElement& plain = root["Error"];
  return root.name == "ErrorResponse" && !plain.name.empty() ? plain : root["Errors"]["Error"];
}

}  // namespace

ServiceError parse_service_error(const std::string& body) {
  if (trim(body).starts_with('{')) return parse_json_error(body);
  const Result<XmlElement> root = parse_xml(body, "the answer");
  if (!root) return {};
  const XmlElement& error = error_of(*root);
  return {word_of(error["Code"].text), line_of(without_encoded(error["Message"].text)),
          word_of(error["Region"].text), line_of(error["Endpoint"].text)};
}

}  // namespace efa
