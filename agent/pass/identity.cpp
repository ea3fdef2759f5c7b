#include "agent/pass/identity.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "probes/base/text.h"
#include "probes/protocol/pci_address.h"

namespace efa {
namespace {

bool is_hex(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isxdigit(c); });
}

bool is_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

bool is_zero(std::string_view word) {
  return word.find_first_not_of("0:.") == std::string_view::npos;
}

bool all_of_width(const std::vector<std::string>& groups, size_t width) {
  return std::all_of(groups.begin(), groups.end(), [&](const std::string& group) {
    return is_hex(group) && group.size() == width;
  });
}

bool is_mac(const std::string& word) {
  const std::vector<std::string> groups = split(word, ':');
  return groups.size() >= 6 && all_of_width(groups, 2) && word != "ff:ff:ff:ff:ff:ff";
}

bool is_guid(const std::string& word) {
  const std::vector<std::string> groups = split(word, ':');
  return groups.size() == 4 && all_of_width(groups, 4);
}

// "10.1.2.3" with '.', "10-1-2-3" with '-'
bool are_octets(const std::string& word, char separator) {
  const std::vector<std::string> groups = split(word, separator);
  return groups.size() == 4 &&
         std::all_of(groups.begin(), groups.end(), [](const std::string& group) {
           return is_digits(group) && parse_number<int>(group).value_or(256) < 256;
         });
}

bool is_ipv4(const std::string& word) {
  return are_octets(word, '.') && !word.starts_with("0.") && !word.starts_with("127.") &&
         !word.starts_with("255.") && word != "169.254.169.254";
}

bool is_ipv6(const std::string& word) {
  const std::vector<std::string> groups = split(word, ':');
  const bool complete = groups.size() == 8 || word.find("::") != std::string::npos;
  return complete && groups.size() <= 8 && groups[0].size() >= 3 &&
         std::all_of(groups.begin(), groups.end(), [](const std::string& group) {
           return group.empty() || (group.size() <= 4 && is_hex(group));
         });
}

bool is_uuid(const std::string& word) {
  const std::vector<std::string> groups = split(word, '-');
  return word.size() == 36 && groups.size() == 5 && groups[0].size() == 8 && is_hex(groups[0]) &&
         is_hex(groups[4]);
}

// A prefix and 8 or 17 hexadecimal digits.
bool is_aws_id(const std::string& word) {
  const size_t dash = word.rfind('-');
  if (dash == std::string::npos) return false;
  const std::string digits = word.substr(dash + 1);
  return (digits.size() == 8 || digits.size() == 17) && is_hex(digits) &&
         std::all_of(word.begin(), word.begin() + static_cast<std::ptrdiff_t>(dash),
                     [](unsigned char c) { return std::islower(c) || c == '-'; });
}

// "node-7.cluster.internal"; a file's or a package's name ends in none of these.
bool is_domain_name(const std::string& word) {
  constexpr std::array<std::string_view, 16> kLast = {
      "com", "org",  "net",   "edu",  "gov",     "mil",      "cloud", "local",
      "lan", "corp", "intra", "arpa", "example", "internal", "test",  "localdomain"};
  const std::vector<std::string> labels = split(word, '.');
  return labels.size() >= 2 &&
         std::find(kLast.begin(), kLast.end(), labels.back()) != kLast.end() &&
         std::all_of(labels.begin(), labels.end(), [](const std::string& label) {
           return !label.empty() && label.find(':') == std::string::npos;
         });
}

}  // namespace

Identity identity_of(const std::string& word) {
  if (word.size() < 3 || is_zero(word) || PciAddress::from_text(word)) return Identity::kNone;
  if (is_mac(word)) return Identity::kMac;
  if (is_guid(word)) return Identity::kGuid;
  if (is_ipv4(word)) return Identity::kIpv4;
  if (is_ipv6(word)) return Identity::kIpv6;
  if (is_uuid(word)) return Identity::kUuid;
  if (word.size() >= 32 && is_hex(word)) return Identity::kHexId;
  if (is_aws_id(word)) return Identity::kAwsId;
  if (word.starts_with("ip-") && are_octets(word.substr(3), '-')) return Identity::kHostName;
  if (is_domain_name(word)) return Identity::kHostName;
  return Identity::kNone;
}

bool begins_with_uuid(std::string_view text) {
  constexpr size_t kLength = 36;
  if (text.size() < kLength || (text[8] != '-' && text[8] != '_')) return false;
  for (size_t i = 0; i < kLength; ++i) {
    const bool separator = i == 8 || i == 13 || i == 18 || i == 23;
    const bool fits =
        separator ? text[i] == text[8] : std::isxdigit(static_cast<unsigned char>(text[i])) != 0;
    if (!fits) return false;
  }
  return true;
}

bool is_email(const std::string& token) {
  const size_t at = token.find('@');
  if (at == 0 || at == std::string::npos) return false;
  const size_t end = token.find_last_not_of(".:") + 1;
  const std::string domain = token.substr(at + 1, end - at - 1);
  const std::string last = domain.substr(domain.rfind('.') + 1);  // npos + 1 is 0
  constexpr std::array<std::string_view, 6> kUnits = {"service", "slice", "scope",
                                                      "socket",  "mount", "target"};
  return domain.find('.') != std::string::npos && last.size() >= 2 &&
         std::all_of(last.begin(), last.end(), [](unsigned char c) { return std::isalpha(c); }) &&
         std::find(kUnits.begin(), kUnits.end(), last) == kUnits.end();
}

bool is_account(const std::string& word) {
  return word.size() == 12 && is_digits(word);
}

}  // namespace efa
