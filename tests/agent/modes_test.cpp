// The known ways in which EFA fails: each is found by a check that a test makes fail, or it is said
// why not. `unit-tests --gtest_filter=Modes.*` prints them: mode, check, scenario, found.

#include "probes/judging/modes.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <set>

#include "probes/judging/table.h"
#include "tests/support/check_case.h"

namespace efa {
namespace {

constexpr int kModes = 90;

const CheckCase* failing_case(const CheckCases& cases, std::string_view code) {
  for (const CheckCase& row : cases) {
    if (row.code == code && row.wanted == kFail) return &row;
  }
  return nullptr;
}

// What is said when the node is changed as the case says.
bool is_found(const CheckCase& row) {
  Scene scene = healthy_scene();
  row.change(scene);
  return result_of(scene, row.code, row.subject) == kFail;
}

TEST(Modes, AllAreThereInTheirOrder) {
  int number = 0;
  for (const Mode& mode : all_modes()) {
    ++number;
    EXPECT_EQ(mode.id, (number < 10 ? "F0" : "F") + std::to_string(number));
    EXPECT_NE(mode.title, "") << mode.id;
  }
  EXPECT_EQ(number, kModes);
}

TEST(Modes, OneThatIsNotFoundSaysWhy) {
  for (const Mode& mode : all_modes()) {
    const bool found = mode.sight == ModeSight::kFound;
    EXPECT_EQ(mode.why.empty(), found) << mode.id;
    EXPECT_TRUE(!found || mode.checks.begin() != mode.checks.end()) << mode.id;
    for (const std::string_view code : mode.checks) EXPECT_NE(find_check(code), nullptr) << code;
  }
}

TEST(Modes, EachIsFoundByTheChecksThatItNames) {
  const CheckCases cases = all_cases();
  for (const Mode& mode : all_modes()) {
    if (mode.sight != ModeSight::kFound) {
      std::printf("%s - %s: %s\n", std::string(mode.id).c_str(), mode_sight_text(mode.sight),
                  std::string(mode.why).c_str());
      continue;
    }
    for (const std::string_view code : mode.checks) {
      const CheckCase* row = failing_case(cases, code);
      ASSERT_NE(row, nullptr) << mode.id << " " << code;
      const bool found = is_found(*row);
      EXPECT_TRUE(found) << mode.id << " " << code;
      std::printf("%s %s %s %s\n", std::string(mode.id).c_str(), row->code, name_of(*row).c_str(),
                  found ? "found" : "missed");
    }
  }
}

}  // namespace
}  // namespace efa
