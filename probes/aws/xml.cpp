#include "probes/aws/xml.h"

#include <pugixml.hpp>

#include "probes/base/printable.h"
#include "probes/base/text.h"
#include "probes/base/times.h"

namespace efa {
namespace {

constexpr size_t kLongestMessage = 300;

// A word of the service's own; anything else is not repeated.
std::string word_of(const pugi::xml_node& parent, const char* name) {
  const std::string text = parent.child_value(name);
  return text.size() <= 64 && is_made_of(text, ".-_") ? text : "";
}

std::string line_of(const pugi::xml_node& parent, const char* name) {
  return printable(join(words(parent.child_value(name)), " "), kLongestMessage);
}

}  // namespace

ServiceError parse_service_error(const std::string& body) {
  pugi::xml_document document;
  if (!document.load_buffer(body.data(), body.size())) return {};
  pugi::xml_node error = document.child("Error");
  if (error == nullptr) error = document.child("ErrorResponse").child("Error");
  return {word_of(error, "Code"), line_of(error, "Message"), word_of(error, "Region"),
          line_of(error, "Endpoint")};
}

Result<Credentials> parse_assumed_role(const std::string& body, const std::string& source) {
  pugi::xml_document document;
  const bool well_formed = static_cast<bool>(document.load_buffer(body.data(), body.size()));
  const pugi::xml_node node = document.child("AssumeRoleWithWebIdentityResponse")
                                  .child("AssumeRoleWithWebIdentityResult")
                                  .child("Credentials");
  if (!well_formed || node == nullptr) {
    return Error{ErrorKind::kMalformed, source, "the answer of STS contains no keys"};
  }
  Credentials credentials;
  credentials.access_key_id = node.child_value("AccessKeyId");
  credentials.secret_access_key = Secret(node.child_value("SecretAccessKey"));
  credentials.session_token = Secret(node.child_value("SessionToken"));
  credentials.expires_at_ms = parse_iso_time_ms(node.child_value("Expiration"));
  credentials.source = source;
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty() ||
      !credentials.expires_at_ms) {
    return Error{ErrorKind::kMalformed, source, "the answer of STS contains incomplete keys"};
  }
  return credentials;
}

}  // namespace efa
