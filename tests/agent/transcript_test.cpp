// The output of a probe is never trusted.

#include "agent/run/transcript.h"

#include <gtest/gtest.h>

#include "probes/base/bounds.h"

namespace efa {
namespace {

std::string fact(const std::string& verb, const std::string& name, const std::string& value) {
  return "{\"" + verb + "\":\"" + name + "\",\"value\":" + value + "}\n";
}

std::string repeated(const std::string& text, size_t count) {
  std::string all;
  for (size_t i = 0; i < count; ++i) all += text;
  return all;
}

TEST(Transcript, KeepsFactsOfAProbeThatHung) {
  Transcript transcript;
  EXPECT_TRUE(transcript.take("{\"set\":\"release\",\"value\":\"6.1\"}\n{\"add\":\"efa\","));
  EXPECT_TRUE(transcript.take("\"value\":{\"n\":1}}\n{\"doing\":\"open\",\"subject\":\"x\"}\n"));
  EXPECT_FALSE(transcript.done());
  EXPECT_EQ(transcript.step(), "open");
  EXPECT_EQ(transcript.subject(), "x");
  EXPECT_EQ(render_json(transcript.facts()), R"({"release":"6.1","efa":[{"n":1}]})");
}

TEST(Transcript, TakesALineByteByByte) {
  Transcript transcript;
  for (const char c : fact("set", "a", "1") + fact("add", "b", "2")) {
    ASSERT_TRUE(transcript.take({&c, 1}));
  }
  EXPECT_EQ(render_json(transcript.facts()), R"({"a":1,"b":[2]})");
}

TEST(Transcript, CutsOffWhatIsNoProtocol) {
  for (const char* text : {"rubbish\n", "[1]\n", "{\"a\":\"\xff\"}\n", "\n"}) {
    Transcript transcript;
    EXPECT_FALSE(transcript.take(text)) << text;
    EXPECT_TRUE(transcript.broken().starts_with("line 1 is not a JSON object")) << text;
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

TEST(Transcript, BoundsTheValuesOfAProbe) {
  Transcript transcript;
  EXPECT_FALSE(transcript.take(fact("set", "a", "[" + repeated("[],", 40'000) + "[]]")));
  EXPECT_EQ(transcript.broken(), "its facts are more than 30000 values");
  Transcript many;
  EXPECT_FALSE(many.take(repeated(fact("add", "a", "[]"), 20'000)));
  EXPECT_EQ(many.broken(), "its facts are more than 30000 values");
  Transcript names;
  std::string facts;
  for (int i = 0; i < 300; ++i) facts += fact("set", std::to_string(i), "1");
  EXPECT_FALSE(names.take(facts));
  EXPECT_EQ(names.broken(), "it has more than 256 facts");
}

TEST(Transcript, BoundsTheBytesOfFacts) {
  Transcript transcript;
  const std::string text = "\"" + std::string(500'000, 'x') + "\"";
  EXPECT_FALSE(transcript.take(repeated(fact("add", "a", text), 5)));
  EXPECT_EQ(transcript.broken(), "its facts are more than 2 MiB");
  Transcript of_site(kSiteAllowance);
  EXPECT_FALSE(of_site.take(repeated(fact("add", "a", text), 2)));
  EXPECT_EQ(of_site.broken(), "its facts are more than 512 KiB");
}

TEST(Transcript, BoundsWhatAllProbesOfAPassSay) {
  const Allowances allowances;
  const std::string finding = R"({"finding":{"code":"site.x","result":"fail"}})"
                              "\n";
  std::vector<Transcript> sites;
  size_t findings = 0;
  for (int i = 0; i < 20; ++i) {
    sites.push_back(allowances.transcript_for("site:" + std::to_string(i)));
    sites.back().take(repeated(finding, 2'000));
    findings += sites.back().findings().size();
  }
  EXPECT_LE(findings * 4, kSiteAllowanceOfAll.values);
  EXPECT_EQ(sites.back().broken(), "the probes of this pass printed too much in all");
  Transcript own = allowances.transcript_for("pci");
  EXPECT_TRUE(own.take(fact("set", "functions", "7"))) << "a site's probe takes nothing from ours";
}

TEST(Transcript, CutsLongTexts) {
  Transcript transcript;
  const std::string text = "\"" + std::string(100'000, 'x') + "\"";
  ASSERT_TRUE(transcript.take(fact("set", "a", "{\"b\":[" + text + "]}") + "{\"doing\":" + text +
                              ",\"subject\":" + text + "}\n"));
  const std::string& kept =
      *transcript.facts().find("a")->find("b")->as<Array>()->front().as<std::string>();
  EXPECT_EQ(kept.size(), kMaxFact);
  EXPECT_TRUE(kept.ends_with("[cut]"));
  EXPECT_EQ(transcript.step().size(), kMaxWords);
  EXPECT_EQ(transcript.subject().size(), kMaxSubject);
}

TEST(Transcript, ProcessesThatWereLeftAreBounded) {
  Transcript transcript;
  EXPECT_FALSE(transcript.take(repeated(R"({"left":{"pid":1,"start_time":2}})"
                                        "\n",
                                        300)));
  EXPECT_EQ(transcript.left().size(), Transcript::kMaxLeft);
}

TEST(Transcript, OfASitesProbeOnlyTheRunnerTellsWhatIsLeft) {
  const std::string left = R"({"left":{"pid":7,"start_time":2}})"
                           "\n";
  Transcript transcript = Allowances().transcript_for("site:x");
  EXPECT_TRUE(transcript.take(left + "{\"half"));
  EXPECT_TRUE(transcript.left().empty());
  EXPECT_EQ(transcript.said(), "");
  transcript.note_left({7, 2, "probe"});
  transcript.note_left_behind({"sleep", "password=hush"});
  EXPECT_EQ(transcript.left().size(), 1);
  EXPECT_EQ(transcript.said(), R"({"left":{"pid":7,"start_time":2,"subject":"probe"}})"
                               "\n"
                               R"x({"finding":{"left_behind":["sleep","password=(hidden)"]}})x"
                               "\n");
  Transcript again = Allowances().transcript_for("site:x");
  EXPECT_TRUE(again.take_recorded(transcript.said()));
  EXPECT_EQ(again.left().size(), 1) << "a replay knows it too";
  EXPECT_EQ(again.findings().size(), 1);
}

TEST(Transcript, LooksOfASitesProbeAreNotKept) {
  Transcript transcript = Allowances().transcript_for("site:x");
  EXPECT_TRUE(transcript.take(R"({"look":{"path":"/x","is":"password=hush"}})"
                              "\n"));
  EXPECT_EQ(transcript.looks(), "");
}

TEST(Transcript, CredentialsOfASitesProbeAreNotKept) {
  Transcript transcript = Allowances().transcript_for("site:x");
  EXPECT_TRUE(transcript.take(fact("set", "password", "\"hush\"") +
                              fact("add", "password", "{\"v\":\"hush\"}") +
                              "{\"doing\":\"password=hush\"}\n"));
  for (const std::string& text :
       {transcript.said(), render_json(transcript.facts()), transcript.step()}) {
    EXPECT_EQ(text.find("hush"), std::string::npos) << text;
    EXPECT_NE(text.find("(hidden)"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace efa
