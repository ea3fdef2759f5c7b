// What passes leave on local disk when they are not alone.

#include "agent/deliver/local.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "agent/deliver/files.h"
#include "probes/protocol/value.h"

namespace efa {
namespace {

class Local : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "local-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    config_.state_directory = directory_ + "/state";
    config_.run_directory = directory_ + "/run";
    config_.metrics_directory = directory_ + "/metrics";
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  void deliver(int64_t sequence, int64_t newest_begun) const {
    Report report;
    report.run.sequence = sequence;
    report.run.started_at_ms = 1'764'115'200'000 + sequence;  // all within a second
    deliver_local(config_, report, newest_begun);
  }
  static int64_t sequence_in(const std::string& path, const char* of = nullptr) {
    const Result<std::string> text = read_own_file(path, size_t{1} << 24U);
    const Result<Value> value = text ? parse_json(*text, path) : text.error();
    const Value* run = !value ? nullptr : of == nullptr ? &*value : value->find(of);
    const Value* number = run == nullptr ? nullptr : run->find("sequence");
    return number == nullptr || number->as<int64_t>() == nullptr ? -1 : *number->as<int64_t>();
  }
  [[nodiscard]] int64_t reported() const { return sequence_in(report_path(config_), "run"); }
  [[nodiscard]] int64_t told() const { return sequence_in(health_path(config_)); }

  std::string directory_;
  Config config_;
};

TEST_F(Local, AnOlderPassThatEndsLaterReplacesNothingButIsKept) {
  deliver(7, 8);
  deliver(8, 8);
  deliver(6, 8);
  EXPECT_EQ(reported(), 8);
  EXPECT_EQ(told(), 8);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(config_.state_directory + "/reports"),
                          std::filesystem::directory_iterator()),
            3);
}

TEST_F(Local, AfterAStateThatWasLostTheNumbersBeginAnew) {
  deliver(500, 500);
  deliver(1, 1);
  EXPECT_EQ(reported(), 1);
  EXPECT_EQ(told(), 1);
}

TEST_F(Local, PassesAtOnceEachKeepTheirOwnReportInTheRing) {
  constexpr int64_t kPasses = 40;
  std::vector<std::thread> passes;
  for (int64_t i = 1; i <= kPasses; ++i) passes.emplace_back([=, this] { deliver(i, kPasses); });
  for (std::thread& pass : passes) pass.join();
  int count = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(config_.state_directory + "/reports")) {
    const std::string name = entry.path().filename();
    EXPECT_EQ(sequence_in(entry.path(), "run"), std::stoll(name.substr(name.size() - 11, 6)));
    ++count;
  }
  EXPECT_EQ(count, kPasses);
  EXPECT_EQ(reported(), kPasses);
  EXPECT_EQ(told(), kPasses);
}

}  // namespace
}  // namespace efa
