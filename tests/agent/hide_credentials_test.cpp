// Credentials in what others print are found by their shape or by the name before them.

#include "agent/run/hide_credentials.h"

#include <gtest/gtest.h>

#include <ctime>

namespace efa {
namespace {

const std::string kTexts[] = {
    "+ curl -H 'Authorization: Bearer hush-1' https://x",
    "Authorization: AWS4-HMAC-SHA256 Credential=hush/1, Signature=hush",
    "Authorization: Digest username=\"me\", response=\"hush\"",
    "AWS_SECRET_ACCESS_KEY=hush/1+2",
    "export DB_PASSWORD=\"hush\"; x",
    "{\"SecretAccessKey\": \"hush\", \"a\": 1}",
    "{\\\"Token\\\":\\\"hush\\\"}",
    "{\\\"Token\\\":\\\"a b hush\\\"}",
    "password: hush",
    "tool --password hush --token=hush",
    "curl -u me:hush http://x",
    "curl -u 'me:a hush' http://x",
    "curl --proxy-user me:hush http://x",
    "curl --user=me:hush http://x",
    "proxy http://me:hush@proxy:8080 refused",
    "proxy http://me:hu/hush@proxy:8080 refused",
    "proxy me:hush@proxy:3128 refused",
    "proxy=me:hu@hush@proxy:3128: refused",
    "git clone //me:hush@h/x",
    "AKIAhush0123456789AB",
    "xoxb-hush-0123456789AB",
    "npm_hush0123456789ABCDEF",
    "sk-hush0123456789ABCDEF",
    "key hushXXutnFEMI7KMDENGbPxRfiCYEXAMPLEKEY12.",
    "x-api-key: hush",
    "api key: hush",
    "Secret access key = hush",
    "eyJhush.eyJhush.hush-hush",
    "password=\"a b hush\"",
    "password='a \"b hush'",
    "password=\"a\\\"b hush\"",
    "docker run -e \"PASSWORD=a b hush\" x",
    "password = a,hush",
    "(password=a)hush)",
    "password=a&hush",
    "password => hush",
    "token\t=\thush",
    "DB_PASS=hush pwd=hush pass=hush",
    "tool --pass hush",
    "mysql -h db -phush -e x",
    "AccountKey=hush==;EndpointSuffix=core.windows.net",
    "SLURM_JWT=hush MUNGE_KEY=hush WANDB_KEY=hush CI_JOB_TOKEN=hush ROOT_PWD=hush",
    "https://b.s3.amazonaws.com/x?X-Amz-Signature=hush",
    "https://b.blob.core.windows.net/x?sv=1&sig=hush%3D",
    "Cookie: session=hush; other=hush",
    "the password hush12QzX is wrong",
    "<password>a hush</password>",
    "-----BEGIN RSA PRIVATE KEY-----\nhush\nhush\n-----END RSA PRIVATE KEY-----",
    "x-----BEGIN PRIVATE KEY-----\nhush",
};

const std::string kOrdinary[] = {
    "",
    "=",
    ":",
    "://",
    "-",
    "token",
    "exit code 1: out of luck",
    "no token was given, password missing",
    "http://127.0.0.1:8080/latest/meta-data/",
    "libfabric:1234:efa:core: FI_PROVIDER=efa",
    "efa 0000:00:06.0: Admin queue is closed",
    "error while loading shared libraries: libfabric.so.1: cannot open shared object file",
    "PASS: test_bandwidth, pass=7 fail=0, single_pass=yes",
    "PWD=/root OLDPWD=/tmp",
    "P_KEY=0xffff mr_key=17 rkey: 4 PUBLIC_KEY=x",
    "sig=11",
    "id -u root; sort -u file",
    "mkdir -p /a/b; ssh -p22 host",
    "efa-mgmnt@pci:0000:00:06.0",
    "12:efa-mgmnt@pci:0000:00:06.0",
    "image:tag@sha256:1234567890abcdef",
    "mail to:me@lab.example",
    "commit 0123456789abcdef0123456789abcdef01234567",
    "/opt/amazon/efa/lib64/libfabric/abcdefgh1",
    "sk-learn-without-any-number",
    "unexpected token: }",
    "Sending cookies: net.ipv4.tcp_syncookies = 1",
};

TEST(HideCredentials, ThoseWithANameOrAShapeAreHidden) {
  for (const std::string& text : kTexts) {
    EXPECT_EQ(hide_credentials(text).find("hush"), std::string::npos) << hide_credentials(text);
    EXPECT_NE(hide_credentials(text).find("(hidden)"), std::string::npos) << text;
  }
}

TEST(HideCredentials, OtherTextStays) {
  for (const std::string& text : kOrdinary) {
    EXPECT_EQ(hide_credentials(text), text);
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

TEST(HideCredentials, WhatIsBelowTheirNameIsHidden) {
  const char* const rows[] = {
      R"({"password":{"v":"hush"}})",
      R"({"passwords":["hush",["hush"]]})",
      R"({"set":"tokens","value":["hush"]})",
      R"({"set":"password","value":"hush"})",
      R"({"add":"password","value":"hush"})",
      R"({"password=hush":1})",
      R"({"set":"password=hush","value":1})",
      R"({"env":[{"name":"TOKEN","value":"hush"}]})",
      R"({"pass":"hush"})",
  };
  for (const char* row : rows) {
    const std::string hidden = render_json(hide_credentials(*parse_json(row, "row")));
    EXPECT_EQ(hidden.find("hush"), std::string::npos) << hidden;
    EXPECT_EQ(render_json(hide_credentials(*parse_json(hidden, "row"))), hidden);
  }
}

TEST(HideCredentials, NamesThatBecomeOneAreOneMember) {
  const Value value = *parse_json(R"x({"password=(hidden)":1,"password=b":2})x", "row");
  EXPECT_EQ(render_json(hide_credentials(value)), R"x({"password=(hidden)":1})x");
}

TEST(HideCredentials, WhatIsHiddenStaysAsItIs) {
  std::string all;
  for (const std::string& text : kTexts) {
    const std::string once = hide_credentials(text);
    EXPECT_EQ(hide_credentials(once), once);
    for (const std::string& other : kTexts) {
      for (const char* between : {"", " ", "=", "://", "'", "\"", "@"}) {
        all = text;
        all += between;
        all += other;
        const std::string both = hide_credentials(all);
        EXPECT_EQ(hide_credentials(both), both) << all;
      }
    }
  }
}

// 1 MiB is the longest line of a probe. A scan to the end for each of its words took minutes.
TEST(HideCredentials, AnyTextCostsItsLength) {
  std::string all;
  for (const std::string& text : kTexts) all += text;
  for (const std::string& part : {std::string("://"),
                                  std::string(".a"),
                                  std::string("-----BEGIN "),
                                  std::string("-"),
                                  std::string("a:b@"),
                                  std::string("//a:"),
                                  std::string("://a:@."),
                                  std::string("\\\""),
                                  std::string("token="),
                                  std::string("token=\\\""),
                                  std::string("token='\n"),
                                  std::string("token\t\""),
                                  std::string("password "),
                                  std::string("-u\""),
                                  std::string("mysql "),
                                  std::string("<token>"),
                                  std::string("A1b/"),
                                  std::string(".sk-"),
                                  std::string("password,"),
                                  std::string("sig=1,"),
                                  std::string(".eyJ"),
                                  std::string("token=(hidden)"),
                                  std::string("://.a-----BEGIN -----END x"),
                                  all}) {
    std::string text;
    while (text.size() < size_t{1024} * 1024) text += part;
    const std::clock_t start = std::clock();  // of the CPU: the machine may be busy
    hide_credentials(text);
    EXPECT_LT((std::clock() - start) / CLOCKS_PER_SEC, 5) << part.substr(0, 40);
  }
}

}  // namespace
}  // namespace efa
