// The shared floor of probes and agent: JSON values, text, addresses, the sysroot.

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "probes/base/describe.h"
#include "probes/base/process.h"
#include "probes/base/text.h"
#include "probes/base/value.h"
#include "probes/pci/facts.h"
#include "probes/protocol/pci_address.h"
#include "probes/protocol/sysroot.h"
#include "probes/rdma/parse.h"

namespace efa {
namespace {

class SysrootTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "sysroot-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  void write(const std::string& path, const std::string& text) const {
    const std::filesystem::path file = directory_ + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  [[nodiscard]] Sysroot open() const {
    Result<Sysroot> root = Sysroot::open(directory_);
    EXPECT_TRUE(root.ok());
    return std::move(*root);
  }
  std::string directory_;
};

TEST(PciAddress, ReadsWhatItWrites) {
  for (const char* text : {"0000:00:06.0", "0000:4f:00.7", "10000:e1:1f.0"}) {
    const auto address = PciAddress::from_text(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->to_text(), text);
  }
}

TEST(PciAddress, RefusesWhatIsNone) {
  for (const char* text : {"", "0000:00:06", "0000:00:06.8", "0000:00:20.0", "0000-00:06.0",
                           "zzzz:00:06.0", "0000:00:06.0 ", "0000000000:00:06.0", "00:06.0"}) {
    EXPECT_FALSE(PciAddress::from_text(text)) << text;
  }
}

TEST(Value, RefusesHostileJson) {
  EXPECT_FALSE(parse_json(std::string(100'000, '['), "t").ok());
  EXPECT_FALSE(parse_json("{\"a\":\"\xff\"}", "t").ok());
  EXPECT_FALSE(parse_json("{\"a\":1", "t").ok());
  EXPECT_FALSE(parse_json("", "t").ok());
}

TEST(Value, KeepsOrderAndLargeNumbers) {
  const std::string text = R"({"z":18446744073709551615,"a":[-1,true,null,"x"]})";
  const Result<Value> value = parse_json(text, "t");
  ASSERT_TRUE(value.ok());
  EXPECT_EQ(render_json(*value), text);
}

TEST(Describe, AbsentStaysAbsent) {
  const PciLink link{"Unknown", std::nullopt};
  EXPECT_EQ(render_json(to_value(link)), R"({"speed":"Unknown"})");
}

TEST(Describe, NamesTheMemberOfTheWrongType) {
  const Result<Value> value = parse_json(R"({"efa":[{"link":{"width":"x"}}]})", "t");
  const Result<PciFacts> facts = from_value<PciFacts>(*value, "pci");
  ASSERT_FALSE(facts.ok());
  EXPECT_EQ(message_of(facts.error()), "pci: wrong type at 'efa.link.width'");
}

TEST(Text, SplitsWithoutLosingParts) {
  EXPECT_EQ(split("a,,b,", ','), (std::vector<std::string>{"a", "", "b", ""}));
  EXPECT_EQ(words("  a\tb \n"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(parse_number<int>("12x"), std::nullopt);
  EXPECT_EQ(parse_number<uint32_t>("0xefa1", 16), 0xefa1U);
  EXPECT_EQ(parse_number<uint64_t>("99999999999999999999999"), std::nullopt);
}

TEST(Text, MakesAnyBytesUtf8) {
  EXPECT_EQ(make_utf8("a\xffz\xc3\xa4"), "a?z\xc3\xa4");
  EXPECT_FALSE(is_utf8("\xed\xa0\x80"));  // a surrogate
  EXPECT_EQ(from_hex(to_hex("\xff\x01")), "\xff\x01");
}

TEST(Gid, HoldsTheMacOfTheInterface) {
  // both read on one c5n.18xlarge
  EXPECT_EQ(parse_gid_mac("fe80:0000:0000:0000:048f:94ff:fe25:3613"), "06:8f:94:25:36:13");
  EXPECT_EQ(parse_gid_mac("fe80:0000:0000:0000:048f:9400:fe25:3613"), std::nullopt);
  EXPECT_EQ(parse_gid_mac("0000:0000:0000:0000:0000:0000:0000:0000"), std::nullopt);
  EXPECT_EQ(parse_gid_mac("fe80::1"), std::nullopt);
}

TEST_F(SysrootTest, LooksAgainWhenSomethingIsRenamedMeanwhile) {
  write("/devices/a/b/file", "7");
  std::filesystem::create_directories(directory_ + "/class");
  std::filesystem::create_symlink("../devices/a/b", directory_ + "/class/b");
  const Sysroot root = open();
  std::atomic<bool> done = false;
  std::thread renamer([&] {
    for (int i = 0; !done; ++i) {
      std::error_code ignored;
      std::filesystem::create_directory(directory_ + "/x" + std::to_string(i % 2), ignored);
      std::filesystem::rename(directory_ + "/x" + std::to_string(i % 2), directory_ + "/y",
                              ignored);
    }
  });
  for (int i = 0; i < 20'000; ++i) ASSERT_EQ(root.read("/class/b/file").value_or("none"), "7");
  done = true;
  renamer.join();
}

TEST_F(SysrootTest, ReadsItsOwnFilesOnly) {
  write("/sys/a", "text\n\n");
  std::filesystem::create_symlink("/etc/passwd", directory_ + "/out");
  std::filesystem::create_symlink("../../../../../../etc/passwd", directory_ + "/up");
  const Sysroot root = open();
  EXPECT_EQ(root.read("/sys/a").value_or(""), "text");
  EXPECT_EQ(root.read("/out").error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(root.read("/up").error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(root.read("/absent").error().kind, ErrorKind::kNotFound);
}

TEST_F(SysrootTest, SurvivesLoopsHugeFilesAndFifos) {
  std::filesystem::create_symlink("loop", directory_ + "/loop");
  ASSERT_EQ(mkfifo((directory_ + "/fifo").c_str(), 0600), 0);
  write("/huge", "");
  std::filesystem::resize_file(directory_ + "/huge", uintmax_t{1} << 30U);
  const Sysroot root = open();
  EXPECT_EQ(root.read("/loop").error().kind, ErrorKind::kMalformed);
  EXPECT_EQ(root.read("/fifo").error().kind, ErrorKind::kMalformed);
  EXPECT_EQ(root.read("/huge").error().kind, ErrorKind::kTooLarge);
  EXPECT_EQ(root.read_bytes("/huge", 4).value_or("").size(), 4U);
}

TEST_F(SysrootTest, NeverOpensADeviceOfAnotherMachine) {
  write("/dev/infiniband/uverbs0", "");
  const Sysroot root = open();
  EXPECT_FALSE(root.live());
  EXPECT_EQ(root.open_device("/dev/infiniband/uverbs0").error().kind, ErrorKind::kDenied);
}

// The pod of efa-doctor's DaemonSet has the node's root there.
TEST_F(SysrootTest, InAContainerTheNodesFilesAreItsAndProcAndSysAreTheKernels) {
  write("/etc/os-release", "PRETTY_NAME=Bottlerocket\n");
  write("/proc/uptime", "of the mount\n");
  std::filesystem::create_directories(directory_ + "/dev");
  std::filesystem::create_symlink("/../../etc/os-release", directory_ + "/etc/link");
  std::filesystem::create_symlink("/dev/null", directory_ + "/dev/uverbs0");
  const Result<Sysroot> root = Sysroot::open("/", directory_);
  ASSERT_TRUE(root.ok());
  EXPECT_TRUE(root->live());
  EXPECT_TRUE(root->from_container());
  EXPECT_EQ(root->text("/etc/os-release"), "PRETTY_NAME=Bottlerocket");
  EXPECT_EQ(root->text("/etc/link"), "PRETTY_NAME=Bottlerocket") << "no link leads out of it";
  EXPECT_FALSE(root->exists("/etc/passwd"));
  EXPECT_NE(root->text("/proc/uptime"), "of the mount");
  EXPECT_TRUE(root->exists("/sys/kernel"));
  EXPECT_EQ(root->open_device("/dev/uverbs0").error().os_error, ENOENT)
      << "a node of the container";
  EXPECT_FALSE(Sysroot::open("/", directory_ + "/missing").ok());
}

TEST_F(SysrootTest, ARecordingSaysThatItIsFromAContainer) {
  std::string looks;
  Result<Sysroot> root = Sysroot::open("/", directory_);
  ASSERT_TRUE(root.ok());
  root->record_to([&looks](const Value& look) { looks += render_json(look) + "\n"; });
  const Result<Sysroot> again = Sysroot::replay(looks);
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(again->from_container());
  EXPECT_FALSE(Sysroot::open("/")->from_container());
}

TEST_F(SysrootTest, ARecordingShowsTheSame) {
  write("/sys/bytes", std::string("\xff\xff\x00\x01", 4));
  write("/sys/lines", "keep 1\ndrop secret\nkeep 2\n");
  std::filesystem::create_symlink("../x/y", directory_ + "/sys/link");
  const auto show = [](const Sysroot& root) {
    const auto keep = [](const std::string& line) { return line.starts_with("keep"); };
    std::string all = root.read_bytes("/sys/bytes", 64).value_or("?");
    all += join(root.read_lines("/sys/lines", keep, 1000).value_or({}), "|");
    all += root.link("/sys/link").value_or("?") + join(root.list("/sys").value_or({}), "|");
    all += std::to_string(root.read("/none").error().os_error);
    return all + std::to_string(root.status("/sys").value_or({}).mode);
  };
  Sysroot root = open();
  std::string looks;
  root.record_to([&](const Value& look) { looks += render_json(look) + "\n"; });
  const std::string seen = show(root);
  const Result<Sysroot> again = Sysroot::replay(looks);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(show(*again), seen);
  EXPECT_EQ(looks.find("secret"), std::string::npos);
}

}  // namespace
}  // namespace efa
