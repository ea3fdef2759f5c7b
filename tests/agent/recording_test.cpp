// A recording: packed, unpacked, refused, redacted; and the state between passes.

#include "agent/pass/recording.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "agent/pass/state.h"
#include "probes/base/describe.h"
#include "probes/base/files.h"
#include "probes/rdma/parse.h"
#include "tests/support/held_process.h"

namespace efa {
namespace {

Recording recording_of(const std::string& said, const std::string& looks) {
  RecordedProbe probe;
  probe.name = "kernel";
  probe.status = "ok";
  probe.said = said;
  probe.looks = looks;
  Recording recording;
  recording.trigger = "once";
  recording.probes = {probe};
  return recording;
}

TEST(Recording, ComesBackAsItWasPacked) {
  Recording recording = recording_of("{\"done\":true}\n", "{\"look\":{}}\n");
  recording.expect = "4";
  recording.started_at_ms = 1'795'471'200'000;
  recording.before.devices = {{0, 6, 0, 0}};
  recording.checks = {{"pci.narrow-link", "off"}, {"site.gpu-count", "info"}};
  recording.set_aside = {"0000:10:1b.0"};
  const Result<std::string> packed = pack(recording);
  ASSERT_TRUE(packed.ok());
  EXPECT_EQ(*packed, *pack(recording));
  const Result<Recording> again = unpack(*packed, "test");
  ASSERT_TRUE(again.ok()) << message_of(again.error());
  EXPECT_EQ(render_json(to_value(*again)), render_json(to_value(recording)));
  EXPECT_EQ(again->probes[0].said, recording.probes[0].said);
  EXPECT_EQ(again->probes[0].looks, recording.probes[0].looks);
}

TEST(Recording, DamagedOnesAreRefused) {
  const std::string packed = *pack(recording_of(std::string(10'000, 'x'), ""));
  for (const std::string& damaged :
       {std::string(), std::string("rubbish"), packed.substr(0, packed.size() / 2),
        std::string(packed).replace(packed.size() / 2, 4, "\xff\xff\xff\xff")}) {
    EXPECT_FALSE(unpack(damaged, "test").ok()) << damaged.size();
  }
  Recording newer = recording_of("", "");
  newer.version = 2;
  EXPECT_FALSE(unpack(*pack(newer), "test").ok());
}

TEST(Recording, WhatNoConfigurationCanHoldIsRefused) {
  Recording recording = recording_of("", "");
  recording.checks = {{"pci.no-such-check", "off"}};
  EXPECT_FALSE(unpack(*pack(recording), "test").ok());
  recording.checks = {{"pci.narrow-link", "loud"}};
  EXPECT_FALSE(unpack(*pack(recording), "test").ok());
  recording.checks.clear();
  EXPECT_TRUE(unpack(*pack(recording), "test").ok());
  recording.set_aside = {"rdmap16s27"};
  EXPECT_FALSE(unpack(*pack(recording), "test").ok());
}

TEST(Recording, TimesThatNoClockShowsAreRefused) {
  for (int64_t Recording::*field :
       {&Recording::started_at_ms, &Recording::valid_for_ms, &Recording::duration_ms}) {
    for (const int64_t time : {int64_t{-1}, INT64_MAX}) {
      Recording recording = recording_of("", "");
      recording.*field = time;
      EXPECT_FALSE(unpack(*pack(recording), "test").ok()) << time;
    }
  }
}

// What the text becomes in a recording of a machine with that host, role and placement group.
std::string redacted(const std::string& text) {
  Value look;
  look.set("look", "read");
  look.set("path", "/etc/motd");
  look.set("is", text);
  Recording recording = recording_of(R"({"set":"hostname","value":"trainer-7.lab.example"})"
                                     "\n"
                                     R"({"set":"role_name","value":"my_role+x"})"
                                     "\n"
                                     R"({"set":"placement_group","value":"group one"})"
                                     "\n",
                                     render_json(look) + "\n");
  redact(recording);
  const Result<Value> after = parse_json(recording.probes[0].looks, "looks");
  return after ? after->text("is") : "no JSON";
}

TEST(Redact, HidesWhatNamesAHostOrAnAccount) {
  for (const char* secret : {
           "trainer-7.lab.example",
           "trainer-7",
           "my_role+x",
           "group one",
           "i-0123456789abcdef0",
           "eni-0123456789abcdef0",
           "subnet-0a1b2c3d",
           "06:8f:94:25:36:13",
           "172.31.4.5",
           "2600:1f13:aa::12",
           "fd00::1",
           "5b2f3d7e-0d5a-4a43-9f53-6f0d3c1f6f11",
           "ip-172-31-4-5.ec2.internal",
           "ip-172-31-4-5",
           "fe80:0000:0000:0000:048f:94ff:fe25:3613",
           "048f:94ff:fe25:3613",
           "trainer-8.lab.example",
           "me@lab.example",
           "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
           "s3://my-bucket/prefix/x",
           "/home/alice/lib",
           "/fsx/team/topo.xml",
       }) {
    const std::string text = secret;
    for (const std::string& around :
         {text, "a " + text + " b", "\"" + text + "\"", "end " + text + ".", text + ": x",
          "a\n" + text + "\tb", "a\x01" + text, "/" + text + "/", "[" + text + "]"}) {
      EXPECT_EQ(redacted(around).find(text), std::string::npos) << redacted(around);
    }
  }
  EXPECT_EQ(redacted("172.31.4.5:8080").find("172.31.4.5"), std::string::npos);
  struct Row {
    const char* text;
    const char* secret;
  };
  const Row rows[] = {
      {"arn:aws:iam::123456789012:role/train-alice", "123456789012"},
      {"arn:aws:iam::123456789012:role/train-alice", "alice"},
      {"arn:aws:s3:::my-bucket/x", "my-bucket"},
      {"/usr/share/123456789012/x", "123456789012"},
      {"acct_123456789012", "123456789012"},
      {"account=123456789012", "123456789012"},
      {"user=alice", "alice"},
      {"~alice/x", "alice"},
      {"-L/home/alice/lib", "alice"},
      {"file:/opt/alice/lib", "alice"},
      {"https://me:pw@my-bucket.s3.us-east-1.amazonaws.com/secret-key", "my-bucket"},
      {"https://me:pw@my-bucket.s3.us-east-1.amazonaws.com/secret-key", "pw"},
      {"https://me:pw@my-bucket.s3.us-east-1.amazonaws.com/secret-key", "secret-key"},
      {"/opt/amazon/efa/lib:/home/alice/lib:/usr/lib", "alice"},
      {"GPU-5b2f3d7e-0d5a-4a43-9f53-6f0d3c1f6f11", "5b2f3d7e"},
      {"0::/kubepods/pod5b2f3d7e_0d5a_4a43_9f53_6f0d3c1f6f11", "5b2f3d7e"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(redacted(row.text).find(row.secret), std::string::npos) << redacted(row.text);
  }
}

TEST(Redact, LeavesWhatADiagnosisNeeds) {
  for (const char* text : {
           "0000:00:06.0",
           "efa 0000:00:06.0: EFA device init failed",
           "efa-mgmnt@pci:0000:00:06.0",
           "/sys/bus/pci/devices/0000:9b:00.0/config",
           "3.1.0g",
           "6.1.0-40-cloud-amd64",
           "231:192",
           "p5.48xlarge",
           "us-east-1a",
           "127.0.0.1",
           "0.0.0.0",
           "0000:0000:0000:0000",
           "fi_getinfo: -61",
           "Max locked memory 137438953472 137438953472 bytes",  // 12 digits, but no account
           "* hard memlock 137438953472",
           "DefaultLimitMEMLOCK=137438953472",
           "FI_PROVIDER=efa",
           "/opt/amazon/efa/lib:/usr/lib64/libfabric.so.1",
           "http://127.0.0.1:8080/latest/meta-data/",
           "0::/system.slice/user@1000.service",
           "modules.dep of 6.1.0-40-cloud-amd64",
       }) {
    EXPECT_EQ(redacted(text), text);
  }
}

TEST(Redact, TheSameBecomesTheSame) {
  const std::string text = redacted("06:8f:94:25:36:13 fe80:0000:0000:0000:048f:94ff:fe25:3613");
  EXPECT_EQ(parse_gid_mac(text.substr(18)), text.substr(0, 17)) << text;  // a GID holds its MAC
  const std::string twice = redacted("i-0123456789abcdef0 i-0123456789abcdef0");
  EXPECT_EQ(twice.substr(0, twice.find(' ')), twice.substr(twice.find(' ') + 1));
}

// What a probe's lines become.
std::string redacted_said(const std::string& probe, const std::string& line) {
  Recording recording = recording_of("", "");
  recording.probes[0].name = probe;
  recording.probes[0].said = line + "\n";
  redact(recording);
  return recording.probes[0].name + " " + recording.probes[0].said;
}

TEST(Redact, OfASitesProbeOnlyWhatAMachineActsOnIsKept) {
  const std::string said = redacted_said(
      "site:check-acme",
      R"({"finding":{"code":"site.gpu-count","result":"fail","severity":"critical","subject":"acme",)"
      R"("message":"acme","remedy":"acme","command":"acme","count":7}})");
  EXPECT_EQ(said.find("acme"), std::string::npos) << said;
  EXPECT_TRUE(said.starts_with("site:name-")) << said;
  EXPECT_NE(said.find(R"("code":"site.gpu-count","result":"fail","severity":"critical")"),
            std::string::npos)
      << said;
  EXPECT_NE(said.find(R"("count":7)"), std::string::npos) << said;
  for (const char* subject : {"node", "0000:00:06.0", "rdmap16s27", "eth0"}) {
    Value line;
    line.set("subject", subject);
    EXPECT_NE(redacted_said("site:x", render_json(line)).find(subject), std::string::npos);
  }
  const std::string fact =
      redacted_said("site:x", R"({"set":"gpus","value":{"text":"acme","count":8,"of acme":1}})");
  EXPECT_EQ(fact.find("acme"), std::string::npos) << fact;
  EXPECT_NE(fact.find(R"x("value":{"text":"(not kept)","count":8,)x"), std::string::npos) << fact;
}

TEST(Redact, OfSitesProbesEarlierPassesTellTheSame) {
  Recording recording = recording_of("", "");
  recording.probes[0].name = "site:check-acme";
  recording.probes[0].detail = "exit code 1: acme is down";
  recording.before.history.episodes = {{.code = "site.x", .subject = "acme", .message = "acme"},
                                       {.code = "probe.failed",
                                        .subject = "site:check-acme",
                                        .message = "exit code 1: acme is down"}};
  recording.before.history.summary = "acme";
  redact(recording);
  EXPECT_EQ(recording.before.history.episodes[1].subject, recording.probes[0].name);
  EXPECT_EQ(recording.probes[0].detail, "exit code 1: (not kept)");
  EXPECT_EQ(render_json(to_value(recording)).find("acme"), std::string::npos);
}

TEST(Redact, AnAccountInTheKernelLogOrOsReleaseIsReplaced) {
  const auto look = [](const char* path, Value is) {
    Value value;
    value.set("look", "lines");
    value.set("path", path);
    value.set("is", std::move(is));
    Recording recording = recording_of("", render_json(value) + "\n");
    redact(recording);
    return recording.probes[0].looks;
  };
  const std::string log = look("/dev/kmsg", Array{"6,1,123456789012,-;efa: 210987654321 x"});
  EXPECT_EQ(log.find("210987654321"), std::string::npos) << log;
  EXPECT_NE(log.find("123456789012"), std::string::npos) << "it is a time: " << log;
  EXPECT_EQ(look("/etc/os-release", "PRETTY_NAME=\"of 210987654321\"").find("210987654321"),
            std::string::npos);
  const std::string slurm =
      look("/etc/slurm/slurm.conf", Array{"PropagateResourceLimits=MEMLOCK,acme # acme"});
  EXPECT_EQ(slurm.find("acme"), std::string::npos) << slurm;
  EXPECT_NE(slurm.find("PropagateResourceLimits=MEMLOCK,other"), std::string::npos) << slurm;
}

class StateTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "state-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    path_ = pattern + "/state.json";
  }
  void TearDown() override {
    std::filesystem::remove_all(std::filesystem::path(path_).parent_path());
  }
  std::string path_;
};

// Nobody else's file, and this machine's own boot.
TEST_F(StateTest, APassKnowsWhatTheOneBeforeLeft) {
  State state = begin_pass(path_, true);
  EXPECT_EQ(state.sequence, 1);
  state.devices = {{0, 6, 0, 0}};
  const HeldProcess held;
  state.left = {{"verbs", {held.pid, look_at(held.pid)->start_time, "0000:06:00.0"}}};
  ASSERT_TRUE(end_pass(path_, state).ok());
  const State next = begin_pass(path_, true);
  EXPECT_EQ(next.sequence, 2);
  EXPECT_EQ(next.devices, state.devices);
  ASSERT_EQ(next.left.size(), 1U);
  EXPECT_EQ(next.left[0].process.subject, "0000:06:00.0");
}

TEST_F(StateTest, APassThatKeepsNothingWritesNothing) {
  begin_pass(path_, false);
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(StateTest, AMissingOrDamagedFileIsAnEmptyState) {
  for (const char* text : {"", "{", "[]", R"({"sequence":"x"})", R"({"devices":["rubbish"]})"}) {
    ASSERT_TRUE(write_file(path_, text, 0640).ok());
    const State state = begin_pass(path_, false);
    EXPECT_EQ(state.sequence, 1) << text;
    EXPECT_TRUE(state.devices.empty()) << text;
  }
}

TEST(State, AnotherBootForgetsDevicesAndProcesses) {
  State state;
  state.boot_id = "b";
  state.sequence = 41;
  state.devices = {{0, 6, 0, 0}};
  const HeldProcess held;
  state.left = {{"verbs", {held.pid, look_at(held.pid)->start_time, "x"}},
                {"verbs", {held.pid, 1, "x"}},  // its number went to another process
                {"verbs", {getpid(), look_at(getpid())->start_time, "x"}}};  // nothing holds it
  refresh(state, "b");
  EXPECT_EQ(state.devices.size(), 1U);
  EXPECT_EQ(state.left.size(), 1U);
  refresh(state, "c");
  EXPECT_TRUE(state.devices.empty());
  EXPECT_TRUE(state.left.empty());
  EXPECT_EQ(state.sequence, 41);
}

}  // namespace
}  // namespace efa
