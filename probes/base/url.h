// A URL of a server or a proxy taken apart, more strictly than libcurl does it, so that what is
// taken here means the same there and a password never becomes part of a host's name or of a word.
// Interface: RFC 3986. The words of an error never quote the text: it may hold a password.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "probes/base/result.h"

namespace efa {

struct Url {
  std::string scheme;    // in lower case; "" when there was none
  std::string userinfo;  // as written: "user:password"; "" without
  std::string host;      // a name, an IPv4 address, or an IPv6 address in brackets
  std::optional<int> port;
  std::string path;  // all that follows, with its '/', '?' or '#'

  // "https://host:port", which may be told to anyone.
  [[nodiscard]] std::string origin() const;
};

// Of at most 2,048 letters. kMalformed: what is wrong with it, `where` its name for people.
Result<Url> parse_url(std::string_view text, const std::string& where);

// An http or https server, without a user or a path: "http://127.0.0.1:80". A '/' at its end goes.
Result<Url> parse_server(std::string_view text, const std::string& where);
// As curl takes proxies: http, https, socks4, socks4a, socks5, socks5h or no scheme; a user and a
// password, percent-encoded.
Result<Url> parse_proxy(std::string_view text, const std::string& where);

}  // namespace efa
