// URLs of servers and proxies: what is taken means the same to curl, and no error repeats a
// password.

#include "probes/base/url.h"

#include <gtest/gtest.h>

namespace efa {
namespace {

TEST(Url, IsTakenApart) {
  const Result<Url> url = parse_url("HTTPS://u:p%40@Host-1.example:9000/a?b#c", "x");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->scheme, "https");
  EXPECT_EQ(url->userinfo, "u:p%40");
  EXPECT_EQ(url->host, "Host-1.example");
  EXPECT_EQ(url->port, 9000);
  EXPECT_EQ(url->path, "/a?b#c");
  EXPECT_EQ(url->origin(), "https://Host-1.example:9000");
  EXPECT_EQ(parse_url("http://[fd00:ec2::23]/v1", "x")->host, "[fd00:ec2::23]");
  EXPECT_EQ(parse_url("h", "x")->host, "h");
}

TEST(Url, IsNoneWithWhatCouldMeanAnotherHost) {
  for (const char* text : {"",
                           "http://",
                           "http:///a",
                           "http://a b",
                           "http://a\tb",
                           "http://a\nb",
                           "http://a:b",
                           "http://a:",
                           "http://a:0",
                           "http://a:65536",
                           "http://a:99999999999999",
                           "http://-a",
                           "http://.a",
                           "http://a..b",
                           "http://a%2fb",
                           "http://a\\b",
                           "http://[::1",
                           "http://::1",
                           "http://[x]",
                           "http://\xc3\xa4",
                           "http://u@",
                           "http://u@v@h",
                           "http://u%4@h",
                           "http://u%zz@h",
                           "http://h;x"}) {
    EXPECT_FALSE(parse_url(text, "x")) << text;
  }
  EXPECT_FALSE(parse_url("http://" + std::string(3'000, 'a'), "x"));
  EXPECT_FALSE(parse_url(std::string("http://a\0b", 10), "x"));
}

TEST(Url, OfAServerHasNoUserAndNoPath) {
  EXPECT_EQ(parse_server("https://h:443/", "x")->origin(), "https://h:443");
  for (const char* text : {"h", "ftp://h", "http://u@h", "http://@h", "http://h/a", "http://h?a",
                           "http://h#a", "//h"}) {
    EXPECT_FALSE(parse_server(text, "x")) << text;
  }
}

TEST(Url, OfAProxySaysHowAPasswordIsWritten) {
  const Result<Url> wrong = parse_proxy("http://u:hu/sh@h:1", "s3.proxy");
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().what.find("'/' is written as %2F"), std::string::npos);
  EXPECT_EQ(wrong.error().what.find("hu/sh"), std::string::npos);
  for (const char* text : {"h:1", "u:p@h", "socks5h://h", "https://u:p%2F@h:1/"}) {
    EXPECT_TRUE(parse_proxy(text, "x")) << text;
  }
}

}  // namespace
}  // namespace efa
