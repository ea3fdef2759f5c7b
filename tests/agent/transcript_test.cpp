// The output of a probe is never trusted.

#include "agent/run/transcript.h"

#include <gtest/gtest.h>

namespace efa {
namespace {

TEST(Transcript, KeepsFactsOfAProbeThatHung) {
  Transcript transcript;
  EXPECT_TRUE(transcript.take("{\"set\":\"release\",\"value\":\"6.1\"}\n{\"add\":\"efa\","));
  EXPECT_TRUE(transcript.take("\"value\":{\"n\":1}}\n{\"doing\":\"open\",\"subject\":\"x\"}\n"));
  EXPECT_FALSE(transcript.done());
  EXPECT_EQ(transcript.step(), "open");
  EXPECT_EQ(transcript.subject(), "x");
  EXPECT_EQ(render_json(transcript.facts()), R"({"release":"6.1","efa":[{"n":1}]})");
}

TEST(Transcript, CutsOffWhatIsNoProtocol) {
  for (const char* text : {"rubbish\n", "[1]\n", "{\"a\":\"\xff\"}\n", "\n"}) {
    Transcript transcript;
    EXPECT_FALSE(transcript.take(text)) << text;
    EXPECT_EQ(transcript.broken(), "line 1 is no JSON object");
  }
}

TEST(Transcript, CutsOffLongLinesAndEndlessOutput) {
  Transcript line;
  EXPECT_FALSE(line.take(std::string(Transcript::kMaxLine + 1, 'x')));
  Transcript output;
  const std::string doing = "{\"doing\":\"" + std::string(1000, 'x') + "\"}\n";
  size_t taken = 0;
  while (output.take(doing) && taken < 2 * Transcript::kMaxOutput) taken += doing.size();
  EXPECT_LE(taken, Transcript::kMaxOutput);
  EXPECT_EQ(output.broken(), "output is larger than 8 MiB");
}

}  // namespace
}  // namespace efa
