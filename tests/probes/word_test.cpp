// The words of enums: they are in reports and recordings, and are read as they are written.

#include "probes/base/word.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "agent/report/format.h"
#include "agent/report/trigger.h"
#include "probes/base/describe.h"
#include "probes/base/text.h"
#include "probes/judging/node.h"
#include "probes/judging/words.h"

namespace efa {
namespace {

enum class Way { kOpen, kClosed };

struct Door {
  Way way = Way::kOpen;
  std::optional<Way> before;
};

template <class Io>
void describe(Io& io, Door& door) {
  io("way", door.way);
  io("before", door.before);
}

struct House {
  std::vector<Door> doors;
};

template <class Io>
void describe(Io& io, House& house) {
  io("doors", house.doors);
}

}  // namespace

template <>
struct Words<Way> {
  static constexpr EnumWord<Way> kTable[] = {{Way::kOpen, "open"}, {Way::kClosed, "closed"}};
};

namespace {

std::string why_not(const std::string& json) {
  const Result<House> house = from_value<House>(*parse_json(json, "house"), "house");
  return house ? "" : message_of(house.error());
}

TEST(Word, IsWrittenAsItsTableHasIt) {
  EXPECT_EQ(render_json(to_value(House{{{Way::kClosed, {}}, {Way::kOpen, Way::kClosed}}})),
            R"({"doors":[{"way":"closed"},{"way":"open","before":"closed"}]})");
}

TEST(Word, IsReadAsItIsWritten) {
  const std::string json = R"({"doors":[{"way":"closed"},{"way":"open","before":"closed"}]})";
  const Result<House> house = from_value<House>(*parse_json(json, "house"), "house");
  ASSERT_TRUE(house.ok());
  EXPECT_EQ(house->doors.at(0).way, Way::kClosed);
  EXPECT_FALSE(house->doors.at(0).before);
  EXPECT_EQ(house->doors.at(1).before, Way::kClosed);
  EXPECT_EQ(render_json(to_value(*house)), json);
}

TEST(Word, AnotherIsAnErrorThatNamesTheMember) {
  for (const char* other : {R"("opem")", R"("")", R"("Open")", "0", "null"}) {
    EXPECT_NE(why_not(fmt::format(R"({{"doors":[{{"way":{}}}]}})", other)).find("'doors.way'"),
              std::string::npos)
        << other;
  }
  EXPECT_NE(why_not(R"({"doors":[{"before":"ajar"}]})").find("'doors.before'"), std::string::npos);
  EXPECT_EQ(why_not(R"({"doors":[{}]})"), "");
}

// All of them in their order, the last of which is that.
template <class E>
std::string all_of(E last) {
  const std::vector<std::string> words = words_of_enum<E>();
  EXPECT_EQ(words.size(), static_cast<size_t>(last) + 1);
  for (const std::string& word : words) EXPECT_EQ(word_of(*from_word<E>(word)), word);
  EXPECT_FALSE(from_word<E>("rubbish"));
  return join(words, " ");
}

// A word is API: never changed.
TEST(Word, OfReportsAndRecordingsStay) {
  EXPECT_EQ(all_of(Verdict::kNotApplicable), "healthy degraded unhealthy unknown not_applicable");
  EXPECT_EQ(all_of(FindingResult::kNotApplicable), "pass fail unknown not_applicable");
  EXPECT_EQ(all_of(Severity::kInfo), "critical warning info");
  EXPECT_EQ(all_of(Actor::kAwsSupport),
            "node_operator image_owner account_owner job_owner aws_support");
  EXPECT_EQ(all_of(Rung::kData), "none expected attached pci driver rdma node verbs fabric data");
  EXPECT_EQ(all_of(ProbeStatus::kNotApplicable),
            "ok timed_out crashed unavailable denied failed still_hanging not_applicable");
  EXPECT_EQ(all_of(Trigger::kRetry), "once boot interval event request recovery starting retry");
  EXPECT_EQ(all_of(OutputFormat::kLines), "text json prometheus health reason markdown svg lines");
  EXPECT_EQ(all_of(AskedStatus::kSkipped), "ok hung slow crashed skipped");
  EXPECT_EQ(all_of(MetadataStatus::kMalformed),
            "ok not-asked absent slow denied throttled failing malformed");
  EXPECT_EQ(all_of(DataStep::kAddress),
            "ibv_open_device efadv_query_device ibv_alloc_pd ibv_create_cq ibv_reg_mr "
            "efadv_create_qp_ex ibv_modify_qp ibv_create_ah");
  EXPECT_EQ(all_of(LogKind::kPeerMemory),
            "other device-registered device-unregistered irq-set-up probe-ended probe-failed "
            "enable-failed out-of-memory module-refused module-key-unknown module-unsigned "
            "load-failed bar-unavailable region-busy reset-failed device-not-ready msix-failed "
            "irq-failed version-too-low dma-failed register-timeout admin-timeout interrupt-lost "
            "admin-queue-closed command-failed out-of-step peer-memory");
}

}  // namespace
}  // namespace efa
