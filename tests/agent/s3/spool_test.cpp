// What waits for S3: bounded, in order of need, never torn.

#include "agent/deliver/s3/spool.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "probes/base/file_lock.h"

namespace efa {
namespace {

ReportId id(int number) {
  char time[32];
  std::snprintf(time, sizeof time, "2026-11-23T22:%02d:%02dZ", number / 60, number % 60);
  return {time, "9f86d081", number};
}

class SpoolTest : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = testing::TempDir() + "efa-spool-" + std::to_string(getpid());
    std::filesystem::remove_all(directory_);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  [[nodiscard]] Spool spool(size_t count, uint64_t bytes = 1'000'000) const {
    return {directory_, {count, bytes}};
  }
  static std::vector<int64_t> numbers(const Spool& spool) {
    std::vector<int64_t> found;
    for (const SpoolEntry& entry : spool.list()) found.push_back(entry.id.sequence);
    return found;
  }
  // As a pass does it.
  static Result<Done> put(const Spool& spool, int number, const char* verdict,
                          const std::string& report = "{}") {
    const Result<Done> kept = spool.put(id(number), verdict, report);
    const Result<Done> trimmed = spool.trim();
    return kept ? trimmed : kept;
  }
  std::string directory_;
};

using Numbers = std::vector<int64_t>;

TEST_F(SpoolTest, ListsVerdictChangesFirstAndTheNewestOfEachFirst) {
  const Spool spool = this->spool(100);
  const char* verdicts[] = {"healthy", "healthy", "unhealthy", "unhealthy", "healthy", "healthy"};
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(put(spool, i, verdicts[i], "{}"));
  EXPECT_EQ(numbers(spool), (Numbers{4, 2, 0, 5, 3, 1}));
}

TEST_F(SpoolTest, GivesBackTheBytes) {
  const Spool spool = this->spool(100);
  const std::string report = "{\"a\":1}\n";
  ASSERT_TRUE(put(spool, 1, "healthy", report));
  const std::vector<SpoolEntry> entries = spool.list();
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].bytes, report.size());
  EXPECT_EQ(*spool.read(entries[0]), report);
  EXPECT_TRUE(spool.remove(entries[0]));
  EXPECT_TRUE(spool.remove(entries[0])) << "gone already is gone";
  EXPECT_TRUE(spool.list().empty());
}

TEST_F(SpoolTest, DropsTheOldestSupersededBeyondTheCount) {
  const Spool spool = this->spool(4);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(put(spool, i, i < 3 ? "healthy" : "degraded", "{}"));
  EXPECT_EQ(numbers(spool), (Numbers{3, 0, 9, 8}));
  EXPECT_EQ(spool.state().dropped, 6);
}

TEST_F(SpoolTest, DropsTheOldestSupersededBeyondTheBytes) {
  const Spool spool = this->spool(100, 350);
  const std::string report(100, 'x');
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(put(spool, i, "healthy", report));
  EXPECT_EQ(numbers(spool), (Numbers{0, 5, 4}));
}

TEST_F(SpoolTest, NeverDropsTheFirstReportOfAVerdict) {
  const Spool spool = this->spool(3);
  const char* verdicts[] = {"healthy", "degraded", "healthy"};
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(put(spool, i, verdicts[i], "{}"));
  const Result<Done> refused = put(spool, 3, "healthy", "{}");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kTooLarge);
  EXPECT_EQ(numbers(spool), (Numbers{2, 1, 0}));
  EXPECT_EQ(spool.state().refused, 1);
}

TEST_F(SpoolTest, RefusesAReportThatNeverFits) {
  const Spool spool = this->spool(100, 50);
  ASSERT_TRUE(put(spool, 1, "healthy", "{}"));
  EXPECT_FALSE(put(spool, 2, "healthy", std::string(100, 'x')));
  EXPECT_EQ(numbers(spool), (Numbers{1}));
}

TEST_F(SpoolTest, KeepsTheMarkOfAChangeWhenTheReportBeforeIsDelivered) {
  const Spool spool = this->spool(100);
  ASSERT_TRUE(put(spool, 1, "healthy", "{}"));
  ASSERT_TRUE(spool.remove(spool.list().front()));
  ASSERT_TRUE(put(spool, 2, "healthy", "{}"));
  EXPECT_FALSE(spool.list().front().verdict_change);
  ASSERT_TRUE(put(spool, 3, "unhealthy", "{}"));
  EXPECT_TRUE(spool.list().front().verdict_change);
}

TEST_F(SpoolTest, SweepsWhatAKilledProcessLeft) {
  const Spool spool = this->spool(100);
  ASSERT_TRUE(put(spool, 1, "healthy", "{}"));
  const std::string torn = directory_ + "/." + to_text(id(2)) + ".json.efa-doctor-0123456789abcdef";
  const std::string torn_state = directory_ + "/.state.efa-doctor-0123456789abcdef";
  std::ofstream(torn) << "{\"half";
  std::ofstream(torn_state) << "{";
  std::ofstream(directory_ + "/note.txt") << "of someone";
  EXPECT_EQ(numbers(spool), (Numbers{1}));
  std::filesystem::remove(directory_ + "/state");  // what is not counted is listed
  ASSERT_TRUE(put(spool, 3, "healthy", "{}"));
  EXPECT_FALSE(std::filesystem::exists(torn));
  EXPECT_FALSE(std::filesystem::exists(torn_state));
  EXPECT_TRUE(std::filesystem::exists(directory_ + "/note.txt"));
}

TEST_F(SpoolTest, APutDoesNotLookAtWhatWaits) {
  const Spool spool = this->spool(10);
  ASSERT_TRUE(put(spool, 1, "healthy"));
  for (int i = 2; i < 600; ++i) {
    std::ofstream(directory_ + "/" + to_text(id(i)) + ".json") << "{}";
  }
  std::ofstream(directory_ + "/state") << R"({"verdict":"healthy","held":700,"held_bytes":1})";
  ASSERT_TRUE(spool.put(id(600), "healthy", "{}"));
  EXPECT_EQ(spool.count(), 600);
  ASSERT_TRUE(spool.trim());
  EXPECT_EQ(spool.count(), 400) << "some hundred a pass";
  EXPECT_EQ(spool.state().dropped, 200);
  for (int pass = 0; pass < 3; ++pass) EXPECT_TRUE(spool.trim());
  EXPECT_EQ(spool.count(), 10);
}

TEST_F(SpoolTest, AFullOneIsNotListedByEveryPass) {
  const Spool spool = this->spool(300);
  for (int i = 0; i < 301; ++i) ASSERT_TRUE(put(spool, i, "healthy"));
  EXPECT_EQ(spool.count(), 297) << "room for the next passes";
  EXPECT_EQ(spool.state().held, 297);
}

TEST_F(SpoolTest, WhatOthersRemovedIsSeenInTheEnd) {
  const Spool spool = this->spool(1'000);
  for (int i = 0; i < 90; ++i) ASSERT_TRUE(put(spool, i, "healthy"));
  for (const SpoolEntry& entry : spool.list()) ASSERT_TRUE(spool.remove(entry));
  for (int i = 90; i < 205; ++i) ASSERT_TRUE(put(spool, i, "healthy"));
  EXPECT_LE(spool.state().held, 115);
}

TEST_F(SpoolTest, AStateThatNobodyCountedIsCountedAnew) {
  const Spool spool = this->spool(2);
  ASSERT_TRUE(put(spool, 1, "healthy"));
  for (const char* state :
       {"", "{", "[]", R"({"held":-5})", R"({"held_bytes":9223372036854775807})"}) {
    std::ofstream(directory_ + "/state") << state;
    ASSERT_TRUE(put(spool, 2, "healthy")) << state;
    EXPECT_EQ(spool.state().held, 2) << state;
  }
}

TEST_F(SpoolTest, AReportBeyondWhatItReadsIsNotTaken) {
  const Spool spool = this->spool(10, 100'000'000);
  const Result<Done> kept = spool.put(id(1), "healthy", std::string(17 << 20, 'x'));
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error().kind, ErrorKind::kTooLarge);
  EXPECT_EQ(spool.count(), 0);
}

TEST_F(SpoolTest, DamagedFilesAreSetAsideAndBounded) {
  const Spool spool = this->spool(1'000);
  for (int i = 0; i < 105; ++i) ASSERT_TRUE(put(spool, i, "healthy", "{"));
  for (const SpoolEntry& entry : spool.list()) ASSERT_TRUE(spool.set_aside_as_damaged(entry));
  EXPECT_EQ(spool.count(), 0);
  EXPECT_EQ(spool.damaged(), 100);
}

TEST_F(SpoolTest, WithoutADirectoryIsEmpty) {
  EXPECT_TRUE(spool(1).list().empty());
  EXPECT_EQ(spool(1).state().verdict, "");
}

TEST_F(SpoolTest, TheLockIsOneProcessAtATime) {
  std::filesystem::create_directories(directory_);
  const std::string path = directory_ + "/lock";
  {
    const Result<FileLock> first = FileLock::try_for(path);
    ASSERT_TRUE(first);
    const Result<FileLock> second = FileLock::try_for(path);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, ErrorKind::kTimedOut);
  }
  EXPECT_TRUE(FileLock::try_for(path));
  EXPECT_FALSE(FileLock::try_for(directory_ + "/no/lock"));
}

}  // namespace
}  // namespace efa
