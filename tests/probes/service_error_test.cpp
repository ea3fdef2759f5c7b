// What each service of AWS says when it refuses, and what is no such answer.

#include "probes/aws/service_error.h"

#include <gtest/gtest.h>

#include "probes/aws/xml.h"
#include "probes/base/text.h"

namespace efa {
namespace {

struct ErrorRow {
  const char* service;
  std::string body;
  const char* code;
  const char* message;
};

std::string error_in(const std::string& before, const std::string& after) {
  return before + "<Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error>" + after;
}

TEST(ServiceErrors, OfEveryServiceAreReadByOneReader) {
  const ErrorRow rows[] = {
      {"S3", error_in("<?xml version=\"1.0\"?>\n", ""), "Throttling", "Rate exceeded"},
      {"IAM",
       error_in("<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">",
                "<RequestId>1</RequestId></ErrorResponse>"),
       "Throttling", "Rate exceeded"},
      {"EC2",
       error_in("<Response><Errors>", "</Errors><RequestID>ea966190-f9aa</RequestID></Response>"),
       "Throttling", "Rate exceeded"},
      {"moto",
       error_in("<ErrorResponse><Errors>", "</Errors><RequestID>1</RequestID></ErrorResponse>"),
       "Throttling", "Rate exceeded"},
      {"SSM", R"({"__type":"com.amazonaws.ssm#ThrottlingException","message":"Rate exceeded"})",
       "ThrottlingException", "Rate exceeded"},
      {"SSM", R"( {"__type":"AccessDeniedException","Message":"User: arn:aws:iam::1:user/u is"})",
       "AccessDeniedException", "User: arn:aws:iam::1:user/u is"},
  };
  for (const ErrorRow& row : rows) {
    const ServiceError error = parse_service_error(row.body);
    EXPECT_EQ(error.code, row.code) << row.service;
    EXPECT_EQ(error.message, row.message) << row.service;
  }
}

TEST(ServiceErrors, AreNotToldWithWhatIsEncodedInThem) {
  const ServiceError error = parse_service_error(
      "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>You are not authorized "
      "to perform this operation. Encoded authorization failure message: 4GIOHlTkIaWHQD0Q0m6XSnu"
      "</Message></Error></Errors></Response>");
  EXPECT_EQ(error.code, "UnauthorizedOperation");
  EXPECT_EQ(error.message, "You are not authorized to perform this operation.");
}

TEST(ServiceErrors, AreNotMadeOfAnythingElse) {
  const std::string nested = "<Response>" + std::string(40'000, '<');
  for (const std::string& body :
       {std::string(), std::string("{"), std::string("[]"), std::string("{}"),
        std::string(R"({"message":"Forbidden"})"), std::string(R"({"__type":7})"),
        std::string(R"({"__type":"a b#\u001b[2J","message":"x"})"),
        std::string("<html><body>502 Bad Gateway</body></html>"),
        std::string("<Response><Errors/></Response>"), std::string("<Errors><Error/></Errors>"),
        std::string("\0\0\0", 3), nested}) {
    EXPECT_EQ(parse_service_error(body).code, "") << body.substr(0, 60);
  }
}

TEST(Xml, IsElementsAndTheirTexts) {
  const Result<XmlElement> root = parse_xml(
      "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY b \"c\">]><a x=\"y\"><!-- no -->"
      "<b>one &amp; two</b><c><d/></c><b>three</b></a>",
      "x");
  ASSERT_TRUE(root);
  EXPECT_EQ(root->name, "a");
  ASSERT_EQ(root->children.size(), 3U);
  EXPECT_EQ((*root)["b"].text, "one & two");
  EXPECT_EQ((*root)["c"]["d"].name, "d");
  EXPECT_EQ((*root)["c"]["e"]["f"].name, "");
}

std::string nested(size_t levels) {
  std::string text;
  for (size_t i = 0; i < levels; ++i) text += "<a>";
  for (size_t i = 0; i < levels; ++i) text += "</a>";
  return text;
}

TEST(Xml, HasBounds) {
  EXPECT_TRUE(parse_xml(nested(32), "x"));
  EXPECT_EQ(parse_xml(nested(33), "x").error().kind, ErrorKind::kMalformed);
  EXPECT_EQ(parse_xml(nested(200'000), "x").error().kind, ErrorKind::kMalformed);
  std::string many = "<a>";
  for (int i = 0; i < 600'000; ++i) many += "<b/>";
  EXPECT_EQ(parse_xml(many + "</a>", "x").error().kind, ErrorKind::kTooLarge);
}

TEST(Xml, IsNotWhatIsCutOrSomethingElse) {
  for (const char* text : {"", " ", "<a>", "<a><b></a>", "<a/", "{}", "a", "<!-- -->"}) {
    const Result<XmlElement> root = parse_xml(text, "EC2");
    ASSERT_FALSE(root) << text;
    EXPECT_EQ(message_of(root.error()), "EC2: the answer is not XML") << text;
  }
}

}  // namespace
}  // namespace efa
