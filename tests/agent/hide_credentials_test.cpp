// Credentials in what others print are found by their shape or by the name before them.

#include "agent/run/hide_credentials.h"

#include <gtest/gtest.h>

namespace efa {
namespace {

TEST(HideCredentials, ThoseWithANameOrAShapeAreHidden) {
  for (const std::string& text : {
           std::string("+ curl -H 'Authorization: Bearer hush-1' https://x"),
           std::string("Authorization: AWS4-HMAC-SHA256 Credential=hush/1, Signature=hush"),
           std::string("AWS_SECRET_ACCESS_KEY=hush/1+2"),
           std::string("export DB_PASSWORD=\"hush\"; x"),
           std::string("{\"SecretAccessKey\": \"hush\", \"a\": 1}"),
           std::string("{\\\"Token\\\":\\\"hush\\\"}"),
           std::string("password: hush"),
           std::string("tool --password hush --token=hush"),
           std::string("curl -u me:hush http://x"),
           std::string("proxy http://me:hush@proxy:8080 refused"),
           std::string("proxy http://me:hu/hush@proxy:8080 refused"),
           std::string("AKIAhush0123456789AB"),
           std::string("x-api-key: hush"),
           std::string("eyJhush.eyJhush.hush-hush"),
           std::string(
               "-----BEGIN RSA PRIVATE KEY-----\nhush\nhush\n-----END RSA PRIVATE KEY-----"),
           std::string("-----BEGIN PRIVATE KEY-----\nhush"),
       }) {
    EXPECT_EQ(hide_credentials(text).find("hush"), std::string::npos) << hide_credentials(text);
    EXPECT_NE(hide_credentials(text).find("(hidden)"), std::string::npos) << text;
  }
}

TEST(HideCredentials, OtherTextStays) {
  for (const char* text :
       {"", "=", ":", "://", "-", "token", "exit code 1: out of luck",
        "no token was given, password missing", "http://127.0.0.1:8080/latest/meta-data/",
        "libfabric:1234:efa:core: FI_PROVIDER=efa", "efa 0000:00:06.0: Admin queue is closed",
        "error while loading shared libraries: libfabric.so.1: cannot open shared object file"}) {
    EXPECT_EQ(hide_credentials(std::string(text)), text);
  }
}

TEST(HideCredentials, MembersOfAValueAreNamesToo) {
  Value value;
  value.set("api_token", "hush");
  value.set("tokens_left", 7);
  value.set("message", "PASSWORD=hush");
  value.add("list", "secret: hush");
  EXPECT_EQ(render_json(hide_credentials(value)),
            R"x({"api_token":"(hidden)","tokens_left":7,"message":"PASSWORD=(hidden)",)x"
            R"x("list":["secret: (hidden)"]})x");
}

}  // namespace
}  // namespace efa
