// Keys as files and services write them, and the order in which they are looked for.

#include "probes/aws/credentials.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <deque>
#include <filesystem>
#include <fstream>
#include <map>

#include "probes/aws/credential_chain.h"
#include "probes/aws/service_error.h"
#include "probes/aws/sts.h"

namespace efa {
namespace {

TEST(CredentialsJson, IsWhatMetadataAndContainersSay) {
  const Result<Credentials> found = parse_credentials_json(
      R"({"Code":"Success","AccessKeyId":"ASIA","SecretAccessKey":"s/+=","Token":"t","Expiration":"2026-11-23T22:00:00Z"})",
      "x");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->access_key_id, "ASIA");
  EXPECT_EQ(found->secret_access_key.reveal(), "s/+=");
  EXPECT_EQ(found->session_token.reveal(), "t");
  EXPECT_EQ(found->expires_at_ms, 1'795'471'200'000);
}

TEST(CredentialsJson, WithoutKeysIsAnErrorThatRepeatsNoSecret) {
  for (const char* json :
       {"", "{", "[]", R"({"AccessKeyId":"A"})", R"({"SecretAccessKey":"hushhush"})",
        R"({"AccessKeyId":"A","SecretAccessKey":"hushhush","Expiration":"soon"})",
        R"({"AccessKeyId":"A","SecretAccessKey":"hushhush)", "<html>hushhush</html>"}) {
    const Result<Credentials> found = parse_credentials_json(json, "x");
    ASSERT_FALSE(found) << json;
    EXPECT_EQ(message_of(found.error()).find("hush"), std::string::npos) << json;
  }
}

TEST(Profile, IsReadFromBothKindsOfFile) {
  const char* ini =
      "# made by hand\r\n[default]\r\naws_access_key_id = A1\r\naws_secret_access_key=s=1\r\n"
      "[profile other]\nregion = eu-west-1\naws_access_key_id=A2\naws_secret_access_key=s2\n"
      "aws_session_token = t2\ns3 =\n  max_concurrent_requests = 20\n";
  const Result<Profile> first = parse_profile(ini, "default", "f");
  ASSERT_TRUE(first && first->credentials);
  EXPECT_EQ(first->credentials->access_key_id, "A1");
  EXPECT_EQ(first->credentials->secret_access_key.reveal(), "s=1");
  const Result<Profile> second = parse_profile(ini, "other", "f");
  ASSERT_TRUE(second && second->credentials);
  EXPECT_EQ(second->region, "eu-west-1");
  EXPECT_EQ(second->credentials->session_token.reveal(), "t2");
  EXPECT_EQ(parse_profile(ini, "third", "f").error().kind, ErrorKind::kNotFound);
}

TEST(Profile, WithHalfAKeyOrAnUnknownWayIsSaidSo) {
  EXPECT_FALSE(parse_profile("[default]\naws_access_key_id=A\n", "default", "f"));
  const Result<Profile> found =
      parse_profile("[default]\ncredential_process = /x\n", "default", "f");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->unsupported, "credential_process");
}

TEST(AssumedRole, IsReadFromTheAnswerOfSts) {
  const char* xml =
      "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
      "<AssumeRoleWithWebIdentityResult><Credentials><SessionToken>t</SessionToken>"
      "<SecretAccessKey>s</SecretAccessKey><Expiration>2026-11-23T22:00:00Z</Expiration>"
      "<AccessKeyId>ASIA</AccessKeyId></Credentials></AssumeRoleWithWebIdentityResult>"
      "</AssumeRoleWithWebIdentityResponse>";
  const Result<Credentials> found = parse_assumed_role(xml, "x");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->session_token.reveal(), "t");
  EXPECT_TRUE(found->expires_at_ms);
  for (const char* text : {"", "<", "<a/>", "no xml at all"}) {
    EXPECT_FALSE(parse_assumed_role(text, "x")) << text;
  }
}

TEST(ServiceError, TakesOnlyWordsAndOneShortLine) {
  const ServiceError error = parse_service_error(
      "<?xml version=\"1.0\"?><Error><Code>NoSuchBucket</Code><Message>not\n there</Message>"
      "<Region>eu-west-1</Region></Error>");
  EXPECT_EQ(error.code, "NoSuchBucket");
  EXPECT_EQ(error.message, "not there");
  EXPECT_EQ(error.region, "eu-west-1");
  const ServiceError odd = parse_service_error("<Error><Code>a b&#10;</Code><Message>" +
                                               std::string(5000, 'x') + "</Message></Error>");
  EXPECT_EQ(odd.code, "");
  EXPECT_EQ(odd.message.size(), 300U);
  for (const char* text : {"", "<", "<html>", "\xff\xfe", "<Error><Code>"}) {
    EXPECT_EQ(parse_service_error(text).code, "") << text;
  }
}

TEST(ContainerUrl, IsRefusedWhereATokenWouldLeak) {
  for (const char* url : {"http://127.0.0.1:8080/x", "http://127.1.2.3/", "http://169.254.170.2/v2",
                          "http://169.254.170.23/v1/credentials", "http://[fd00:ec2::23]/v1",
                          "http://[::1]:80/", "http://localhost/", "https://anywhere.example/"}) {
    EXPECT_TRUE(is_allowed_container_url(url)) << url;
  }
  for (const char* url :
       {"http://169.254.169.254/", "http://10.0.0.1/", "http://127.0.0.1.evil/",
        "http://user@127.0.0.1@evil/", "ftp://127.0.0.1/", "", "http://", "http://[fd00:ec2::24]/",
        "http://localhost:80@evil/", "http://localhost.evil/"}) {
    EXPECT_FALSE(is_allowed_container_url(url)) << url;
  }
}

// Answers in order; remembers what was asked.
class ScriptedHttp final : public Http {
 public:
  std::deque<HttpAnswer> answers;
  std::vector<HttpRequest> asked;
  std::vector<std::string> bodies;

  Result<HttpAnswer> send(const HttpRequest& request) override {
    asked.push_back(request);
    bodies.emplace_back(request.body);
    if (answers.empty()) return Error{ErrorKind::kInputOutput, "test", "no answer"};
    HttpAnswer answer = answers.front();
    answers.pop_front();
    return answer;
  }
};

Environment environment_of(std::map<std::string, std::string> variables) {
  variables.try_emplace("HOME", "/nonexistent");
  return [variables = std::move(variables)](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? "" : found->second;
  };
}

std::string container_json(const char* key, const char* expiration) {
  return std::string(R"({"AccessKeyId":")") + key +
         R"(","SecretAccessKey":"s","Token":"t","Expiration":")" + expiration + R"("})";
}

TEST(CredentialChain, TakesTheEnvironmentFirst) {
  ScriptedHttp http;
  CredentialChain chain({},
                        environment_of({{"AWS_ACCESS_KEY_ID", "A"},
                                        {"AWS_SECRET_ACCESS_KEY", "s"},
                                        {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2"}}),
                        http);
  EXPECT_EQ(chain.current(0)->source, "the environment");
  EXPECT_TRUE(http.asked.empty());
}

TEST(CredentialChain, AsksAContainerWithItsToken) {
  ScriptedHttp http;
  http.answers.push_back({200, {}, container_json("ASIA", "2026-11-23T22:00:00Z")});
  CredentialChain chain(
      {},
      environment_of({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1"},
                      {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "token"}}),
      http);
  EXPECT_EQ(chain.current(0)->access_key_id, "ASIA");
  ASSERT_EQ(http.asked.size(), 1U);
  EXPECT_TRUE(http.asked[0].direct);
  EXPECT_EQ(http.asked[0].headers[0].second, "token");
}

TEST(CredentialChain, AsksAgainBeforeExpiryAndServesTheOldUntilThen) {
  constexpr int64_t kExpiryMs = 1'795'471'200'000;  // 2026-11-23T22:00:00Z
  ScriptedHttp http;
  http.answers.push_back({200, {}, container_json("OLD", "2026-11-23T22:00:00Z")});
  CredentialChain chain({}, environment_of({{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2"}}),
                        http);
  EXPECT_EQ(chain.current(kExpiryMs - 3'600'000)->access_key_id, "OLD");
  EXPECT_EQ(chain.current(kExpiryMs - 301'000)->access_key_id, "OLD");
  EXPECT_EQ(http.asked.size(), 1U);
  EXPECT_EQ(chain.current(kExpiryMs - 240'000)->access_key_id, "OLD");  // asked, no answer
  EXPECT_EQ(http.asked.size(), 2U);
  EXPECT_EQ(chain.current(kExpiryMs - 239'000)->access_key_id, "OLD");  // not asked so soon
  EXPECT_EQ(http.asked.size(), 2U);
  EXPECT_FALSE(chain.current(kExpiryMs + 1));  // expired, no answer
  http.answers.push_back({200, {}, container_json("NEW", "2026-11-24T04:00:00Z")});
  EXPECT_EQ(chain.current(kExpiryMs + 2)->access_key_id, "NEW");
}

TEST(CredentialChain, SaysWhereItLooked) {
  ScriptedHttp http;
  CredentialChain chain({}, environment_of({}), http);
  const Result<Credentials> none = chain.current(0);
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().what.find("not an EC2 instance"), std::string::npos);
}

class SharedFiles : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = testing::TempDir() + "efa-credentials-" + std::to_string(getpid());
    std::filesystem::create_directories(directory_);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  std::string file(const char* name, const char* text) {
    std::ofstream(directory_ + "/" + name) << text;
    return directory_ + "/" + name;
  }
  std::string directory_;
};

TEST_F(SharedFiles, AProfileThatIsNamedGoesBeforeTheEnvironment) {
  ScriptedHttp http;
  ChainSettings settings;
  settings.profile = "p";
  CredentialChain chain(
      settings,
      environment_of({{"AWS_ACCESS_KEY_ID", "A"},
                      {"AWS_SECRET_ACCESS_KEY", "s"},
                      {"AWS_SHARED_CREDENTIALS_FILE",
                       file("c", "[p]\naws_access_key_id=P\naws_secret_access_key=s\n")}}),
      http);
  EXPECT_EQ(chain.current(0)->access_key_id, "P");
}

TEST_F(SharedFiles, AProfileThatIsMissingIsSaidSo) {
  ScriptedHttp http;
  CredentialChain chain({},
                        environment_of({{"AWS_PROFILE", "gone"},
                                        {"AWS_CONFIG_FILE", directory_ + "/none"},
                                        {"AWS_SHARED_CREDENTIALS_FILE", file("c", "[p]\n")}}),
                        http);
  const Result<Credentials> none = chain.current(0);
  ASSERT_FALSE(none);
  EXPECT_NE(message_of(none.error()).find("profile 'gone'"), std::string::npos);
}

TEST_F(SharedFiles, AWebIdentityIsExchangedAtSts) {
  ScriptedHttp http;
  http.answers.push_back({403,
                          {},
                          "<ErrorResponse><Error><Code>AccessDenied</Code><Message>Not "
                          "authorized</Message></Error></ErrorResponse>"});
  ChainSettings settings;
  settings.region = "eu-west-1";
  CredentialChain chain(
      settings,
      environment_of({{"AWS_ROLE_ARN", "arn:aws:iam::1:role/r"},
                      {"AWS_WEB_IDENTITY_TOKEN_FILE", file("token", "jwt.a/b\n")}}),
      http);
  const Result<Credentials> denied = chain.current(0);
  ASSERT_FALSE(denied);
  EXPECT_NE(denied.error().what.find("AccessDenied"), std::string::npos);
  EXPECT_EQ(http.asked[0].url, "https://sts.eu-west-1.amazonaws.com/");
  EXPECT_NE(http.bodies[0].find("RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr&"), std::string::npos);
  EXPECT_TRUE(http.bodies[0].ends_with("&WebIdentityToken=jwt.a%2Fb"));
}

}  // namespace
}  // namespace efa
