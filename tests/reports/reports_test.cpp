// What efa-doctor answers to each public report, beside what is right.
// `node-tests --gtest_filter=Reports.*` prints them, and how many are right.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <set>

#include "tests/reports/public_report.h"

namespace efa {
namespace {

constexpr int kNumbers[] = {1,  3,  4,  5,  7,  9,  10, 11, 12, 13, 14,
                            16, 18, 19, 20, 22, 24, 26, 28, 30, 32, 33};

std::string answer_text(Answer answer) {
  constexpr const char* kTexts[] = {"right", "partly", "missed", "false alarm"};
  return kTexts[static_cast<size_t>(answer)];
}

std::set<Fault> right_faults(const PublicReport& report) {
  std::set<Fault> faults;
  for (const Told& told : report.told) faults.emplace(told.code, told.severity, told.actor);
  return faults;
}

bool has_words(const PublicReport& report, const Said& said) {
  const auto is_in = [](const std::string& text) {
    return [&text](const char* word) { return text.find(word) != std::string::npos; };
  };
  return std::all_of(report.says.begin(), report.says.end(), is_in(said.words)) &&
         std::none_of(report.never.begin(), report.never.end(), is_in(said.advice));
}

Answer answer_of(const PublicReport& report, const Said& said) {
  std::set<std::string> right_causes;
  bool found_any = false;
  for (const Fault& fault : right_faults(report)) {
    if (std::get<1>(fault) != "info") right_causes.insert(std::get<0>(fault));
    found_any = found_any || said.faults.contains(fault);
  }
  const bool blames = !std::includes(right_causes.begin(), right_causes.end(), said.causes.begin(),
                                     said.causes.end());
  if (blames) return Answer::kFalseAlarm;
  const bool all = said.verdict == report.verdict && said.faults == right_faults(report) &&
                   said.causes == right_causes && has_words(report, said);
  if (all) return Answer::kRight;
  return found_any ? Answer::kPartly : Answer::kMissed;
}

std::string words_of(const Said& said) {
  std::string words = said.verdict;
  for (const auto& [code, severity, actor] : said.faults) {
    words += ", " + code + " (" + severity + ", " + actor + ")";
  }
  return words + "\n" + said.words;
}

TEST(Reports, AllOfThemAreThere) {
  std::vector<int> numbers;
  for (const PublicReport& report : public_reports()) {
    numbers.push_back(report.number);
    EXPECT_EQ(report.answer == Answer::kRight, std::string(report.why).empty()) << report.number;
  }
  EXPECT_EQ(numbers, std::vector<int>(std::begin(kNumbers), std::end(kNumbers)));
}

TEST(Reports, EachGetsTheAnswerThatIsStated) {
  std::map<Answer, int> counts;
  for (const PublicReport& report : public_reports()) {
    const Said said = said_of(report.look());
    const Answer answer = answer_of(report, said);
    ++counts[answer];
    EXPECT_EQ(answer_text(answer), answer_text(report.answer))
        << report.number << " " << report.line << "\nright: " << report.verdict
        << "\nsaid: " << words_of(said);
    std::printf("%2d %s, %s: %s%s%s\n", report.number, report.source, report.line,
                answer_text(answer).c_str(), *report.why == '\0' ? "" : ": ", report.why);
  }
  std::printf("%d right, %d partly, %d missed, %d false alarms\n", counts[Answer::kRight],
              counts[Answer::kPartly], counts[Answer::kMissed], counts[Answer::kFalseAlarm]);
  EXPECT_EQ(counts[Answer::kFalseAlarm], 0);
}

}  // namespace
}  // namespace efa
