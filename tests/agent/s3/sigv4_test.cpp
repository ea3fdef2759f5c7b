// The published vectors: AWS's aws-sig-v4-test-suite (as in awslabs/aws-c-auth and the AWS SDKs)
// and the worked examples of "Authenticating Requests" in the Amazon S3 API Reference.

#include "probes/aws/sigv4.h"

#include <gtest/gtest.h>

#include "probes/aws/digest.h"
#include "probes/aws/percent.h"
#include "probes/base/text.h"

namespace efa {
namespace {

constexpr int64_t kSuiteTimeMs = 1'440'938'160'000;  // 2015-08-30T12:36:00Z
constexpr int64_t kS3TimeMs = 1'369'353'600'000;     // 2013-05-24T00:00:00Z
constexpr const char* kToken =
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPf"
    "IeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7W"
    "Z0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8F"
    "DrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==";
constexpr const char* kUnreserved =
    "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

Credentials keys(const char* id, const char* secret, const char* token) {
  Credentials credentials;
  credentials.access_key_id = id;
  credentials.secret_access_key = Secret(secret);
  credentials.session_token = Secret(token);
  return credentials;
}

std::string authorization(const Headers& headers) {
  return headers.back().first == "authorization" ? headers.back().second : "";
}

std::string signature(const std::string& text) {
  return text.substr(text.find("Signature=") + 10);
}

struct Vector {
  const char* name;
  const char* method;
  std::string path;
  std::vector<std::pair<std::string, std::string>> query;
  Headers headers;
  const char* body;
  const char* token;
  const char* signature;
};

TEST(SigV4, AgreesWithTheTestSuiteOfAws) {
  const Vector vectors[] = {
      {"get-vanilla",
       "GET",
       "/",
       {},
       {},
       "",
       "",
       "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"get-vanilla-with-session-token",
       "GET",
       "/",
       {},
       {},
       "",
       "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267",
       "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8"},
      {"get-header-key-duplicate",
       "GET",
       "/",
       {},
       {{"My-Header1", "value2"}, {"My-Header1", "value2"}, {"My-Header1", "value1"}},
       "",
       "",
       "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
      {"get-header-value-order",
       "GET",
       "/",
       {},
       {{"My-Header1", "value4"},
        {"My-Header1", "value1"},
        {"My-Header1", "value3"},
        {"My-Header1", "value2"}},
       "",
       "",
       "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
      {"get-header-value-trim",
       "GET",
       "/",
       {},
       {{"My-Header1", " value1"}, {"My-Header2", " \"a   b   c\""}},
       "",
       "",
       "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
      {"get-unreserved",
       "GET",
       std::string("/") + kUnreserved,
       {},
       {},
       "",
       "",
       "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
      {"get-utf8",
       "GET",
       "/\xe1\x88\xb4",
       {},
       {},
       "",
       "",
       "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
      {"get-space-unnormalized",
       "GET",
       "/example space/",
       {},
       {},
       "",
       "",
       "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
      {"get-slashes-unnormalized",
       "GET",
       "//example//",
       {},
       {},
       "",
       "",
       "87cca117541a147f6df867677d98a7d80dff226d2bfca9e4ffa899665623c7e5"},
      {"get-relative-relative-unnormalized",
       "GET",
       "/example1/example2/../..",
       {},
       {},
       "",
       "",
       "dc33e0856fd4baca4d7aa2146c38958283844764f38c74252a333df5e613003b"},
      {"get-vanilla-query-order-key-case",
       "GET",
       "/",
       {{"Param2", "value2"}, {"Param1", "value1"}},
       {},
       "",
       "",
       "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
      {"get-vanilla-query-order-encoded",
       "GET",
       "/",
       {{"Param-3", "Value3"}, {"Param", "Value2"}, {"\xe1\x88\xb4", "Value1"}},
       {},
       "",
       "",
       "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac"},
      {"get-vanilla-query-unreserved",
       "GET",
       "/",
       {{kUnreserved, kUnreserved}},
       {},
       "",
       "",
       "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
      {"get-vanilla-utf8-query",
       "GET",
       "/",
       {{"\xe1\x88\xb4", "bar"}},
       {},
       "",
       "",
       "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
      {"post-vanilla",
       "POST",
       "/",
       {},
       {},
       "",
       "",
       "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
      {"post-header-key-sort",
       "POST",
       "/",
       {},
       {{"My-Header1", "value1"}},
       "",
       "",
       "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
      {"post-header-value-case",
       "POST",
       "/",
       {},
       {{"My-Header1", "VALUE1"}},
       "",
       "",
       "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"},
      {"post-vanilla-query",
       "POST",
       "/",
       {{"Param1", "value1"}},
       {},
       "",
       "",
       "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
      {"post-sts-header-before",
       "POST",
       "/",
       {},
       {},
       "",
       kToken,
       "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"},
      {"post-x-www-form-urlencoded",
       "POST",
       "/",
       {},
       {{"Content-Type", "application/x-www-form-urlencoded"}},
       "Param1=value1",
       "",
       "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
      {"post-x-www-form-urlencoded-parameters",
       "POST",
       "/",
       {},
       {{"Content-Type", "application/x-www-form-urlencoded; charset=utf8"}},
       "Param1=value1",
       "",
       "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe"},
  };
  for (const Vector& vector : vectors) {
    SigningRequest request{vector.method, vector.path, vector.query, vector.headers,
                           to_hex(sha256(vector.body))};
    request.headers.emplace_back("Host", "example.amazonaws.com");
    const Headers added = signing_headers(
        request, {"us-east-1", "service", kSuiteTimeMs},
        keys("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", vector.token));
    EXPECT_EQ(signature(authorization(added)), vector.signature) << vector.name;
  }
}

Headers s3_headers(Headers own, const char* body) {
  own.emplace_back("host", "examplebucket.s3.amazonaws.com");
  own.emplace_back("x-amz-content-sha256", to_hex(sha256(body)));
  return own;
}

TEST(SigV4, AgreesWithTheWorkedExamplesOfS3) {
  const Vector vectors[] = {
      {"GET Object",
       "GET",
       "/test.txt",
       {},
       s3_headers({{"Range", "bytes=0-9"}}, ""),
       "",
       "",
       "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
      {"PUT Object",
       "PUT",
       "/test$file.text",
       {},
       s3_headers({{"Date", "Fri, 24 May 2013 00:00:00 GMT"},
                   {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                  "Welcome to Amazon S3."),
       "Welcome to Amazon S3.",
       "",
       "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
      {"GET Bucket Lifecycle",
       "GET",
       "/",
       {{"lifecycle", ""}},
       s3_headers({}, ""),
       "",
       "",
       "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
      {"List Objects",
       "GET",
       "/",
       {{"prefix", "J"}, {"max-keys", "2"}},
       s3_headers({}, ""),
       "",
       "",
       "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
  };
  for (const Vector& vector : vectors) {
    const SigningRequest request{vector.method, vector.path, vector.query, vector.headers,
                                 to_hex(sha256(vector.body))};
    const Headers added = signing_headers(
        request, {"us-east-1", "s3", kS3TimeMs},
        keys("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""));
    EXPECT_EQ(signature(authorization(added)), vector.signature) << vector.name;
  }
}

TEST(SigV4, SortsAHeaderBeforeTheOneThatItIsThePrefixOf) {
  const SigningRequest request{
      "PUT",
      "/k",
      {},
      {{"x-amz-server-side-encryption-aws-kms-key-id", "k"}, {"x-amz-server-side-encryption", "s"}},
      "hash"};
  EXPECT_EQ(canonical_request(request),
            "PUT\n/k\n\nx-amz-server-side-encryption:s\n"
            "x-amz-server-side-encryption-aws-kms-key-id:k\n\n"
            "x-amz-server-side-encryption;x-amz-server-side-encryption-aws-kms-key-id\nhash");
}

TEST(SigV4, SaysWhoSignedWhat) {
  const SigningRequest request{
      "GET", "/", {}, {{"Host", "example.amazonaws.com"}}, to_hex(sha256(""))};
  const Headers added =
      signing_headers(request, {"us-east-1", "service", kSuiteTimeMs},
                      keys("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "t"));
  ASSERT_EQ(added.size(), 3U);
  EXPECT_EQ(added[0], (std::pair<std::string, std::string>("x-amz-date", "20150830T123600Z")));
  EXPECT_EQ(added[1].first, "x-amz-security-token");
  EXPECT_TRUE(added[2].second.starts_with(
      "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
      "SignedHeaders=host;x-amz-date;x-amz-security-token, Signature="));
}

TEST(Percent, EncodesWhatHiveKeysHold) {
  EXPECT_EQ(percent_encoded("/p/region=eu-west-1/2026-11-23T22:00:00Z.json", true),
            "/p/region%3Deu-west-1/2026-11-23T22%3A00%3A00Z.json");
  EXPECT_EQ(percent_encoded("a/b+c d~\xc3\xa9?#%", false), "a%2Fb%2Bc%20d~%C3%A9%3F%23%25");
}

TEST(Digest, AgreesWithKnownValues) {
  EXPECT_EQ(to_hex(sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("foob"), "Zm9vYg==");
  // RFC 4231, test case 2
  EXPECT_EQ(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

}  // namespace
}  // namespace efa
