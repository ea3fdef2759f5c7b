// A recording without the names of its machine, its users and their jobs.

#include <gtest/gtest.h>

#include <map>

#include "agent/pass/recording.h"
#include "probes/base/describe.h"
#include "probes/base/text.h"
#include "probes/limits/doors.h"
#include "probes/limits/parse.h"
#include "probes/limits/runtime_mounts.h"
#include "probes/rdma/parse.h"
#include "tests/support/recorded.h"

namespace efa {
namespace {

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

// What a file, link or directory that probe-limits saw becomes.
Value redacted_of_limits(const std::string& look, const std::string& path, Value is) {
  Value value;
  value.set("look", look);
  value.set("path", path);
  value.set("is", std::move(is));
  Recording recording = recording_of("", render_json(value) + "\n");
  recording.probes[0].name = "limits";
  redact(recording);
  return parse_json(recording.probes[0].looks, "looks").value_or(Value());
}

TEST(Redact, UsersAndGroupsInLinesAboutLimitsAreReplaced) {
  const std::string id(64, 'a');
  const std::string mount = "36 35 98:0 /var/lib/docker/containers/" + id +
                            "/hosts /etc/hosts ro,noatime - nfs files:/of/heidi rw";
  struct Row {
    const char* path;
    std::string line;
    const char* secret;
    const char* kept;
  };
  const Row rows[] = {
      {"/etc/security/limits.conf", "heidi hard memlock 64", "heidi", " hard memlock 64"},
      {"/etc/security/limits.conf", "@team - memlock unlimited", "team", "\"@name-"},
      {"/etc/security/limits.conf", "%team - memlock 64", "team", "\"%name-"},
      {"/etc/security/limits.conf", "* soft memlock 64 # of heidi", "heidi", "* soft memlock 64"},
      {"/etc/security/limits.d/90-heidi.conf", "* soft memlock 64", "heidi", "* soft memlock 64"},
      {"/home/heidi/limits", "team hard memlock 64", "team", " hard memlock 64"},
      {"/etc/ssh/sshd_config", "Match User heidi", "heidi", "Match "},
      {"/etc/ssh/sshd_config", "Include heidi.conf", "heidi", "Include /etc/ssh/name-"},
      {"/etc/ssh/sshd_config", "Include sshd_config.d/h*i.conf", "h*i",
       "Include /etc/ssh/sshd_config.d/*.conf"},
      {"/etc/pam.d/sshd", "session required pam_exec.so /bin/heidi", "heidi", "session "},
      {"/etc/pam.d/sshd", "session optional pam_limits.so conf=/etc/heidi.conf", "heidi",
       "pam_limits.so conf=/etc/name-"},
      {"/etc/pam.d/sshd", "@include heidi", "heidi", "session include name-"},
      {"/proc/self/mountinfo", mount, "heidi", "/hosts /etc/hosts ro"},
  };
  for (const Row& row : rows) {
    const std::string look = render_json(redacted_of_limits("lines", row.path, Array{row.line}));
    EXPECT_EQ(look.find(row.secret), std::string::npos) << look;
    EXPECT_NE(look.find(row.kept), std::string::npos) << look;
  }
}

TEST(Redact, AMountShowsTheSameContainerAsBefore) {
  constexpr const char* kPodman =
      "755 612 0:92 / / rw - overlay overlay rw,lowerdir=/home/heidi/.local/share/containers/"
      "storage/overlay/l/A";
  const char* lines[] = {
      kPodman,
      "755 7 259:1 /heidi/io.containerd.snapshotter.v1.native/snapshots/5 / rw - xfs /dev/heidi rw",
      "755 7 259:1 /home/heidi/.local/share/enroot/x/.lock /.lock ro - ext4 /dev/heidi rw",
      "755 7 0:60 / /dev/.lxd-mounts rw - tmpfs heidi rw",
      "755 7 0:64 /proc/cpuinfo /proc/cpuinfo rw - fuse.lxcfs lxcfs rw,user_id=0",
      "22 1 259:1 / / rw - xfs /dev/mapper/heidi rw",
      "22 1 0:24 / / rw - nfs4 heidi:/images rw",
      "755 7 7:3 / / ro - squashfs /dev/loop3 ro",
      "22 1 0:30 / / rw - overlay heidi rw,lowerdir=/run/heidi",
      "22 1 0:30 / / rw - fuse.heidi heidi rw",
      "24 22 0:5 / /dev rw - devtmpfs heidi rw",
      "24 22 0:5 / /dev rw",
  };
  for (const char* line : lines) {
    const Value look = redacted_of_limits("lines", "/proc/self/mountinfo", Array{line});
    const auto* kept = look.find("is")->as<Array>()->front().as<std::string>();
    EXPECT_EQ(kept->find("heidi"), std::string::npos) << *kept;
    const auto was = parse_mount(line);
    const auto is = parse_mount(*kept);
    ASSERT_TRUE(was && is) << *kept;
    EXPECT_EQ(container_of_mount(*is), container_of_mount(*was)) << *kept;
    EXPECT_EQ(is_root_of_machine(*is), is_root_of_machine(*was)) << *kept;
    EXPECT_EQ(is_dev_of_kernel(*is), is_dev_of_kernel(*was)) << *kept;
  }
}

TEST(Redact, WhatMarksAContainerStays) {
  const std::pair<const char*, const char*> rows[] = {{"status", "/.dockerenv"},
                                                      {"status", "/.singularity.d"},
                                                      {"status", "/run/.containerenv"},
                                                      {"status", "/sys/fs/cgroup/cgroup.type"},
                                                      {"read", "/run/host/container-manager"},
                                                      {"read", "/run/systemd/container"},
                                                      {"read", "/proc/self/uid_map"},
                                                      {"link", "/proc/self/ns/pid"},
                                                      {"lines", "/proc/1/environ"}};
  for (const auto& [verb, path] : rows) {
    EXPECT_EQ(redacted_of_limits(verb, path, "").text("path"), path);
  }
  const auto said = [](const char* verb, const char* path, const Value& is) {
    return *redacted_of_limits(verb, path, is).find("is");
  };
  const Value map = "         0    1000000 1000000000";
  EXPECT_EQ(said("read", "/proc/self/uid_map", map), map);
  EXPECT_EQ(said("link", "/proc/self/ns/pid", "pid:[4026531836]"), Value("pid:[4026531836]"));
  EXPECT_EQ(said("lines", "/proc/1/environ", Array{"container=lxc"}),
            Value(Array{"container=lxc"}));
}

TEST(Redact, WhatIsNoNameInLimitsConfStays) {
  for (const char* line : {"* - memlock unlimited", "root hard memlock 64", "@root - memlock 64",
                           "1000: - memlock unlimited", ":1001 hard memlock 64",
                           "@100:200 - memlock -1", "% - memlock 64", "%:100 - memlock 64"}) {
    const Value look = redacted_of_limits("lines", "/etc/security/limits.conf", Array{line});
    EXPECT_EQ(*look.find("is"), Value(Array{line})) << render_json(look);
  }
}

TEST(Redact, AMatchBlockOfSshdIsNoPartOfTheRest) {
  const std::pair<const char*, const char*> rows[] = {
      {"Match User heidi", "(not"}, {"match ALL", "all"}, {"Match Group \"team a\"", "(not"}};
  for (const auto& [line, argument] : rows) {
    const Value look = redacted_of_limits("lines", "/etc/ssh/sshd_config", Array{line});
    const auto* kept = look.find("is")->as<Array>()->front().as<std::string>();
    const auto parsed = parse_sshd_line(*kept);
    ASSERT_TRUE(parsed) << *kept;
    EXPECT_EQ(parsed->keyword, "match");
    EXPECT_EQ(parsed->arguments[0], argument);
  }
}

TEST(Redact, OfDockersConfigurationOnlyTheLimitIsKept) {
  const std::string json = R"({"registry-mirrors":["https://acme"],)"
                           R"("default-ulimits":{"memlock":{"Soft":-1,"Hard":-1}}})";
  const Value look = redacted_of_limits("read", "/etc/docker/daemon.json", json);
  EXPECT_EQ(look.text("is").find("acme"), std::string::npos) << look.text("is");
  const auto memory = parse_docker_memlock(look.text("is"));
  EXPECT_TRUE(memory && memory->unlimited) << look.text("is");
}

TEST(Redact, AHostThatIsCalledLikeAWordOfOursLeavesTheWord) {
  for (const auto& [host, fact] : std::map<std::string, std::string>{
           {"denied", R"({"set":"metadata_status","value":"denied"})"},
           {"slow", R"({"add":"asked","value":{"subject":"0000:00:06.0","status":"slow"}})"},
           {"other", R"({"set":"messages","value":[{"kind":"other"}]})"}}) {
    Recording recording =
        recording_of(R"({"set":"hostname","value":")" + host + "\"}\n" + fact + "\n", "");
    redact(recording);
    EXPECT_NE(recording.probes[0].said.find(fact), std::string::npos) << recording.probes[0].said;
  }
}

// By the order of their names such files are read, and the last one holds.
TEST(Redact, FilesKeepTheirOrderTheirNumberAndTheirEnding) {
  const Array names = {"10-zoe.conf",    "90-alice.conf", "90-bob.conf", "99zoe.conf",
                       "alice-bob.conf", "alice.conf",    "bob.conf",    "zoe.d"};
  const char* const begins[] = {"10-name-", "90-name-", "90-name-", "99name-",
                                "name-",    "name-",    "name-",    "name-"};
  const Value look = redacted_of_limits("list", "/etc/modprobe.d", names);
  const Array& kept = *look.find("is")->as<Array>();
  ASSERT_EQ(kept.size(), names.size());
  std::string before;
  for (size_t i = 0; i < kept.size(); ++i) {
    const std::string& name = *kept[i].as<std::string>();
    EXPECT_LT(before, name);
    EXPECT_TRUE(name.starts_with(begins[i])) << name;
    EXPECT_TRUE(name.ends_with(i + 1 == kept.size() ? ".d" : ".conf")) << name;
    before = name;
  }
  EXPECT_EQ(render_json(look).find("alice"), std::string::npos) << render_json(look);
  EXPECT_EQ(look.text("path"), "/etc/modprobe.d");
}

TEST(Redact, AUserAndAFileOfOneNameHaveOnePseudonym) {
  const Value look = redacted_of_limits("lines", "/etc/security/limits.d/90-bob.conf",
                                        Array{"bob hard memlock 64"});
  const std::string line = *look.find("is")->as<Array>()->front().as<std::string>();
  const std::string pseudonym = line.substr(0, line.find(' '));
  EXPECT_EQ(look.text("path"), "/etc/security/limits.d/90-" + pseudonym + ".conf");
}

TEST(Redact, FactsAboutLimitsNameNobody) {
  struct Row {
    const char* probe;
    const char* line;
    const char* secret;
    const char* kept;
  };
  const Row rows[] = {
      {"limits",
       R"({"set":"pam_limits","value":[{"source":"/etc/security/limits.d/90-acme.conf",)"
       R"("domain":"@physics","type":"-","value":"64"}]})",
       "physics", R"("domain":"@name-)"},
      {"limits",
       R"({"set":"pam_limits","value":[{"source":"/etc/security/limits.d/90-acme.conf"}]})", "acme",
       "/etc/security/limits.d/90-name-"},
      {"limits",
       R"({"set":"configured","value":["/etc/security/limits.conf: acme hard memlock 64"]})",
       "acme", " hard memlock 64"},
      {"limits", R"({"set":"units","value":[{"name":"acme-slurmd.service"}]})", "acme",
       "-slurmd.service"},
      {"limits", R"({"set":"units","value":[{"last_drop_in":"50-acme.conf"}]})", "acme",
       R"("50-name-)"},
      {"limits", R"({"set":"cgroup","value":"/system.slice/acme_slurmstepd.scope/job_7/step_0"})",
       "acme", "_slurmstepd.scope/job_"},
      {"limits", R"({"set":"cgroup","value":"/system.slice/slurmstepd.scope/job_7/step_0"})",
       "job_7/", "/slurmstepd.scope/job_"},
      {"log", R"({"set":"kills","value":[{"usec":1,"job":"job_7"}]})", "job_7\"", R"("job":"job_)"},
      {"kernel",
       R"({"set":"blacklisted_by","value":"/etc/modprobe.d/90-acme.conf: blacklist efa"})", "acme",
       ".conf: blacklist efa"},
      {"cloud", R"({"set":"dmi_asset_tag","value":"rack of acme"})", "acme", "not kept"},
      {"topology", R"({"set":"xml","value":"<info name=\"DMIProductSerial\" value=\"acme\"/>"})",
       "acme", "DMIProductSerial"},
      {"topology", R"({"set":"xml","value":"<info name=\"CPUModel\" value=\"Xeon\"/>"})", "acme",
       "Xeon"},
  };
  for (const Row& row : rows) {
    const std::string said = redacted_said(row.probe, row.line);
    EXPECT_EQ(said.find(row.secret), std::string::npos) << said;
    EXPECT_NE(said.find(row.kept), std::string::npos) << said;
  }
}

TEST(Redact, TheServicesThroughWhichJobsComeKeepTheirNames) {
  for (const DoorRow& row : doors()) {
    for (const char* unit : row.units) {
      if (unit == nullptr) continue;
      const Value look = redacted_of_limits("link", std::string("/etc/systemd/system/") + unit,
                                            std::string("/usr/lib/systemd/system/") + unit);
      EXPECT_EQ(look.text("path"), std::string("/etc/systemd/system/") + unit);
      EXPECT_EQ(look.text("is"), std::string("/usr/lib/systemd/system/") + unit);
    }
  }
  const Value look = redacted_of_limits(
      "list", "/etc/systemd/system",
      Array{"acme-.service.d", "multi-user.target.wants", "service.d", "user@1000.service"});
  const Array& kept = *look.find("is")->as<Array>();
  EXPECT_TRUE(kept[0].as<std::string>()->ends_with("-.service.d")) << *kept[0].as<std::string>();
  EXPECT_EQ(Value(Array(kept.begin() + 1, kept.end())),
            Value(Array{"multi-user.target.wants", "service.d", "user@1000.service"}));
}

TEST(Redact, AHostIsFoundInCapitalsAndBesideWhatJoinsWords) {
  for (const char* text : {"TRAINER-7", "Trainer-7.LAB.example", "trainer-7_slurmstepd.scope",
                           "x-trainer-7-y", "my_role+x_1"}) {
    const std::string after = lower_case(redacted(text));
    EXPECT_EQ(after.find("trainer"), std::string::npos) << after;
    EXPECT_EQ(after.find("my_role"), std::string::npos) << after;
  }
}

TEST(Redact, FilesOfPackagesThatProbesReadKeepTheirPlaces) {
  for (const char* path :
       {"/opt/slurm/etc/slurm.conf", "/var/spool/slurmd/conf-cache/slurm.conf",
        "/var/lib/dpkg/status", "/var/log/fabricmanager.log", "/vmlinuz", "/ch/environment",
        "/efi/EFI/Linux", "/boot/efi/EFI/systemd", "/run/slurm/conf/slurm.conf",
        "/etc/default/grub.d", "/boot/loader/entries", "/usr/local/lib/systemd/system.conf.d",
        "/sys/fs/cgroup/systemd/system.slice/nvidia-fabricmanager.service/cgroup.procs",
        "/etc/udev/rules.d/60-rdma-persistent-naming.rules"}) {
    EXPECT_EQ(redacted_of_limits("read", path, "x").text("path"), path);
  }
}

}  // namespace
}  // namespace efa
