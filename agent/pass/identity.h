// Words that name a host, an account or a part of it, told by their shape alone. A word is made of
// letters, digits, ':', '.' and '-'.
#pragma once

#include <string>
#include <string_view>

namespace efa {

enum class Identity {
  kNone,
  kMac,       // "0e:12:34:56:78:9a"; longer ones of other networks too
  kGuid,      // "0000:0000:0000:0001"
  kIpv4,      // not loopback, link-local metadata or a netmask
  kIpv6,      // "fe80:0000:...": a GID too; "2600:1f18::5"
  kUuid,      // a boot
  kHexId,     // 32 digits: a machine, or an address in /proc/net; 64: a container
  kAwsId,     // "i-0123456789abcdef0", "eni-..."
  kHostName,  // "ip-10-1-2-3", as EC2 gives it; "trainer-7.lab.example"
};

Identity identity_of(const std::string& word);
// "41e5b1f0-9d1c-4b5f-8a3e-0123456789ab"; in names of control groups with '_'
bool begins_with_uuid(std::string_view text);
bool is_account(const std::string& word);  // 12 digits; a number may have as many
bool is_email(const std::string& token);   // "me@lab.example", not "user@1000.service"

}  // namespace efa
