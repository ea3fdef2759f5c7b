#include "probes/aws/sts.h"

#include "probes/aws/xml.h"
#include "probes/base/times.h"

namespace efa {

Result<Credentials> parse_assumed_role(const std::string& body, const std::string& source) {
  const Result<XmlElement> root = parse_xml(body, source);
  if (!root || root->name != "AssumeRoleWithWebIdentityResponse" ||
      (*root)["AssumeRoleWithWebIdentityResult"]["Credentials"].name.empty()) {
    return malformed(source, "the answer of STS contains no keys");
  }
  const XmlElement& keys = (*root)["AssumeRoleWithWebIdentityResult"]["Credentials"];
  Credentials credentials;
  credentials.access_key_id = keys["AccessKeyId"].text;
  credentials.secret_access_key = Secret(keys["SecretAccessKey"].text);
  credentials.session_token = Secret(keys["SessionToken"].text);
  credentials.expires_at_ms = parse_iso_time_ms(keys["Expiration"].text);
  credentials.source = source;
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty() ||
      !credentials.expires_at_ms) {
    return malformed(source, "the answer of STS contains incomplete keys");
  }
  return credentials;
}

}  // namespace efa
