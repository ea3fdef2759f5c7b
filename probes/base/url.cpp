#include "probes/base/url.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cctype>

#include "probes/base/text.h"

namespace efa {
namespace {

constexpr const char* kEncoding =
    "; in a user or password '/' is written as %2F, '#' as %23, '?' as %3F, '@' as %40, ' ' as %20";
constexpr size_t kLongestUrl = 2048;
constexpr size_t kLongestHost = 253;  // of DNS

bool is_name(std::string_view host) {
  return !host.empty() && host.size() <= kLongestHost && is_alnum(host.front()) &&
         host.find("..") == std::string_view::npos && is_made_of(host, "-._");
}

bool is_bracketed_ipv6(std::string_view host) {
  if (!host.starts_with('[') || !host.ends_with(']')) return false;
  const std::string address(host.substr(1, host.size() - 2));
  in6_addr parsed{};
  return inet_pton(AF_INET6, address.c_str(), &parsed) == 1;
}

// Letters that need no encoding in a user or a password, or "%XX" (RFC 3986, userinfo).
bool is_userinfo(std::string_view text) {
  constexpr std::string_view kPlain = "-._~!$&'()*+,;=:";
  for (size_t i = 0; i < text.size(); ++i) {
    const bool encoded = text[i] == '%' && i + 2 < text.size() && std::isxdigit(text[i + 1]) != 0 &&
                         std::isxdigit(text[i + 2]) != 0;
    if (!encoded && !is_alnum(text[i]) && kPlain.find(text[i]) == std::string_view::npos) {
      return false;
    }
    i += encoded ? 2 : 0;
  }
  return true;
}

std::string take_scheme(std::string_view& text) {
  const size_t end = text.find("://");
  if (end == std::string_view::npos || end == 0) return "";
  const std::string scheme(text.substr(0, end));
  if (!is_made_of(scheme)) return "";
  text.remove_prefix(end + 3);
  return lower_case(scheme);
}

bool take_port(std::string_view& authority, Url& url) {
  const size_t colon = authority.rfind(':');
  if (colon == std::string_view::npos || authority.find(']', colon) != std::string_view::npos) {
    return true;  // none
  }
  constexpr int kMostPort = 65535;
  const std::string_view digits = authority.substr(colon + 1);
  url.port = std::all_of(digits.begin(), digits.end(), is_digit) ? parse_number<int>(digits)
                                                                 : std::nullopt;
  authority.remove_suffix(digits.size() + 1);
  return url.port && *url.port > 0 && *url.port <= kMostPort;
}

}  // namespace

std::string Url::origin() const {
  return (scheme.empty() ? "" : scheme + "://") + host + (port ? ":" + std::to_string(*port) : "");
}

Result<Url> parse_url(std::string_view text, const std::string& where) {
  if (text.size() > kLongestUrl) return malformed(where, "is too long for a URL");
  if (!is_visible_ascii(text)) {
    return malformed(where, "contains a space or another character that a URL must write as %XX");
  }
  Url url;
  url.scheme = take_scheme(text);
  std::string_view authority = text.substr(0, text.find_first_of("/?#"));
  url.path = text.substr(authority.size());
  const size_t at = authority.rfind('@');
  if (at != std::string_view::npos) {
    url.userinfo = authority.substr(0, at);
    authority.remove_prefix(at + 1);
  }
  if (!is_userinfo(url.userinfo)) {
    return malformed(where, "has a user or password with a character that must be written as %XX");
  }
  if (!take_port(authority, url)) return malformed(where, "has no port from 1 to 65535 after ':'");
  if (!is_name(authority) && !is_bracketed_ipv6(authority)) {
    return malformed(where, "names no host");
  }
  url.host = authority;
  return url;
}

Result<Url> parse_server(std::string_view text, const std::string& where) {
  Result<Url> url = parse_url(text, where);
  if (!url) return url;
  const bool of_web = url->scheme == "http" || url->scheme == "https";
  const bool bare = url->path.find_first_not_of('/') == std::string::npos;
  if (!of_web || !bare) return malformed(where, "must be like https://host or https://host:port");
  if (!url->userinfo.empty() || text.find('@') != std::string_view::npos) {
    return malformed(where, "must not contain a user or password");
  }
  url->path.clear();
  return url;
}

Result<Url> parse_proxy(std::string_view text, const std::string& where) {
  constexpr const char* kSchemes[] = {"",        "http",   "https",  "socks4",
                                      "socks4a", "socks5", "socks5h"};
  const bool with_user = text.find('@') != std::string_view::npos;
  Result<Url> url = parse_url(text, where);
  if (!url) return malformed(where, url.error().what + (with_user ? kEncoding : ""));
  if (std::none_of(std::begin(kSchemes), std::end(kSchemes),
                   [&](const char* scheme) { return url->scheme == scheme; })) {
    return malformed(where,
                     "must begin with http://, https://, socks4://, socks4a://, socks5:// or "
                     "socks5h://");
  }
  if (url->path.find_first_not_of('/') != std::string::npos) {
    return malformed(where, std::string("must be like http://user:password@host:port") + kEncoding);
  }
  return url;
}

}  // namespace efa
