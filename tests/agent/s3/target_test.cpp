// Where a report goes: bucket, address, name.

#include "probes/aws/target.h"

#include <gtest/gtest.h>

#include "agent/config/config.h"
#include "agent/deliver/s3/object_key.h"

namespace efa {
namespace {

ObjectAddress address(const char* uri, const char* endpoint, const char* addressing,
                      const char* region, const char* key) {
  const Result<S3Target> target = parse_target(uri, endpoint, addressing);
  EXPECT_TRUE(target) << uri;
  return target ? address_of(*target, region, key) : ObjectAddress{};
}

TEST(S3Target, AddressesAreWhatAwsDocuments) {
  EXPECT_EQ(address("s3://pics/p", "", "auto", "eu-west-1", "p/a=b").url,
            "https://pics.s3.eu-west-1.amazonaws.com/p/a%3Db");
  EXPECT_EQ(address("s3://pics", "", "path", "eu-west-1", "k").url,
            "https://s3.eu-west-1.amazonaws.com/pics/k");
  EXPECT_EQ(address("s3://my.pics", "", "auto", "us-east-1", "k").url,
            "https://s3.us-east-1.amazonaws.com/my.pics/k");
  EXPECT_EQ(address("s3://pics", "", "auto", "cn-north-1", "k").host,
            "pics.s3.cn-north-1.amazonaws.com.cn");
  EXPECT_EQ(address("s3://pics", "http://127.0.0.1:9000/", "auto", "x", "k").url,
            "http://127.0.0.1:9000/pics/k");
  EXPECT_EQ(address("s3://pics", "https://store:443", "virtual", "x", "k").host, "pics.store");
}

TEST(S3Target, KeepsThePrefixWithoutSlashesAtItsEnds) {
  EXPECT_EQ(parse_target("s3://pics//a/b/", "", "auto")->prefix, "a/b");
  EXPECT_EQ(parse_target("s3://pics", "", "auto")->prefix, "");
}

TEST(S3Target, RefusesWhatIsNoAddress) {
  for (const char* uri : {"", "http://pics", "s3://", "s3://x", "s3://a b c", "s3://../x",
                          "s3://pics/a\nb", "s3://user@host/x"}) {
    EXPECT_FALSE(parse_target(uri, "", "auto")) << uri;
  }
  for (const char* endpoint : {"host", "ftp://host", "https://", "https://h/path", "https://u@h"}) {
    EXPECT_FALSE(parse_target("s3://pics", endpoint, "auto")) << endpoint;
  }
  EXPECT_FALSE(parse_target("s3://pics", "", "sideways"));
}

Value report(const char* region, const char* instance, const char* hostname) {
  Value node;
  if (*region != '\0') node.set("region", region);
  if (*instance != '\0') node.set("instance_id", instance);
  node.set("hostname", hostname);
  node.set("boot_id", "9f86d081-884c-7d65-9a2f-eaa0c55ad015");
  Value run;
  run.set("started_at", "2026-11-23T22:00:00Z");
  run.set("sequence", 17);
  Value value;
  value.set("node", std::move(node));
  value.set("run", std::move(run));
  return value;
}

TEST(ObjectKey, IsAHivePartition) {
  const Result<ReportNames> names = names_of(report("eu-west-1", "i-0abc", "h"));
  ASSERT_TRUE(names);
  EXPECT_EQ(names->dated,
            "region=eu-west-1/date=2026-11-23/instance=i-0abc/"
            "2026-11-23T22:00:00Z-9f86d081-17.json");
  EXPECT_EQ(names->latest, "latest/i-0abc.json");
}

TEST(ObjectKey, FallsBackToTheHostname) {
  const Result<ReportNames> names = names_of(report("", "", "node/7=\xc3\xa9"));
  ASSERT_TRUE(names);
  EXPECT_TRUE(names->dated.starts_with("region=unknown/date=2026-11-23/instance=node_7___/"));
}

TEST(ObjectKey, OfTheAccountNamesWhatItIsAbout) {
  EXPECT_EQ(account_key({"111122223333", "eu-west-1", "tag:Fleet=train"}),
            "account/account=111122223333/region=eu-west-1/fleet=tag_Fleet_train/latest.json");
  EXPECT_EQ(account_key({}), "account/account=unknown/region=unknown/fleet=unknown/latest.json");
  EXPECT_EQ(account_key({"1/2", "../a b", "a/../b"}),
            "account/account=1_2/region=.._a_b/fleet=a_.._b/latest.json");
}

TEST(ObjectKey, IsNoneWithoutTimeAndNumber) {
  Value value = report("r", "i", "h");
  value.set("run", Object{});
  EXPECT_FALSE(names_of(value));
  EXPECT_FALSE(names_of(Value()));
  EXPECT_FALSE(names_of(Value("text")));
}

TEST(ReportId, GoesToTextAndBack) {
  const ReportId id{"2026-11-23T22:00:00Z", "9f86d081", 17};
  const Result<ReportId> back = parse_report_id(to_text(id));
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, id);
  for (const char* text : {"", "2026-11-23T22:00:00Z", "2026-11-23T22:00:00Z-a", "x-9f86d081-17",
                           "2026-11-23T22:00:00Z-9f86d081-x", "2026-11-23T22:00:00Z--17"}) {
    EXPECT_FALSE(parse_report_id(text)) << text;
  }
}

TEST(S3Config, IsCheckedWhenTheConfigurationIsRead) {
  EXPECT_TRUE(parse_config("[s3]\nuri = \"s3://pics/p\"\ngzip = true\n", "c"));
  for (const char* text : {"uri = \"pics\"", "uri = \"s3://pics\"\nsse = \"DES\"",
                           "uri = \"s3://pics\"\nkms_key_id = \"k\"", "gzip = 1",
                           "uri = \"s3://pics\"\naddressing = \"x\"", "spool_count = 0"}) {
    EXPECT_FALSE(parse_config(std::string("[s3]\n") + text + "\n", "c")) << text;
  }
}

}  // namespace
}  // namespace efa
