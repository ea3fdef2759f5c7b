// JSON from anywhere: what it costs is bounded by its size, whatever it holds.

#include "probes/base/value.h"

#include <gtest/gtest.h>

#include <ctime>

#include "probes/base/bounds.h"

namespace efa {
namespace {

constexpr double kEnough = 5;  // seconds of CPU under sanitizers; what is not linear takes minutes

double cpu_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

std::string repeated(const std::string& text, size_t count) {
  std::string all;
  all.reserve(text.size() * count);
  for (size_t i = 0; i < count; ++i) all += text;
  return all;
}

std::string why(const std::string& text) {
  const Result<Value> value = parse_json(text, "t");
  return value ? "" : value.error().what;
}

TEST(Json, AnObjectOfManyMembersIsReadAtOnce) {
  std::string text = "{";
  for (int i = 0; i < 150'000; ++i) text += "\"" + std::to_string(i) + "\":" + "1,";
  text.back() = '}';
  const double begin = cpu_seconds();
  EXPECT_TRUE(parse_json(text, "t").ok());
  EXPECT_FALSE(parse_json("{" + repeated("\"a\":{},", 5'000'000) + "\"a\":{}}", "t").ok());
  EXPECT_LT(cpu_seconds() - begin, kEnough);
}

TEST(Json, MoreValuesThanAReportHasAreRefused) {
  EXPECT_EQ(why("[" + repeated("[],", 2'700'000) + "[]]"), "contains more than 200,000 values");
  EXPECT_EQ(why("[" + repeated("0,", 250'000) + "0]"), "contains more than 200,000 values");
  EXPECT_EQ(why("[" + repeated("0,", 199'000) + "0]"), "");
}

TEST(Json, DeepOrLargeTextIsRefused) {
  EXPECT_EQ(why(repeated("[", 1'000'000)), "is nested too deeply");
  EXPECT_EQ(why(repeated("{\"a\":", 65)), "is nested too deeply");
  EXPECT_EQ(why(repeated("[", 64) + repeated("]", 64)), "");
  EXPECT_EQ(why(std::string(size_t{33} * 1024 * 1024, ' ')), "is larger than 32 MiB");
}

TEST(Json, TheLastOfSeveralMembersOfOneNameCounts) {
  const Result<Value> value =
      parse_json(R"({"a":1,"b":{"x":1,"x":2},"a":[3],"c":true,"a":4})", "t");
  ASSERT_TRUE(value.ok());
  EXPECT_EQ(render_json(*value), R"({"b":{"x":2},"c":true,"a":4})");
}

TEST(Json, WhatIsNoJsonIsMalformed) {
  for (const char* text : {"", " ", "{", "[1", "[1,]", "{\"a\"}", "{\"a\":}", "{1:2}", "nul", "1 2",
                           "[1e999]", "\"\xff\"", "\"\\ud800\"", "'a'", "{\"a\":1}}", "[\"\n\"]"}) {
    EXPECT_EQ(why(text), "is not valid JSON") << text;
  }
}

TEST(Json, IsWrittenAsItIsRead) {
  for (const char* text : {"null", "[]", "{}", "[[],{}]", "-1", "18446744073709551615", "0.5",
                           R"("\"\\\b\f\n\r\t\u0001 ä €")", R"({"a b":[1,{"c":null}]})"}) {
    const Result<Value> value = parse_json(text, "t");
    ASSERT_TRUE(value.ok()) << text;
    EXPECT_EQ(render_json(*value), text);
  }
  EXPECT_EQ(render_json(Value("a\xff")), "\"a\xEF\xBF\xBD\"");
}

TEST(Json, IsWrittenInLinesThatPeopleCanRead) {
  const Result<Value> value = parse_json(R"({"a":[1,[],{}],"b":{"c":2}})", "t");
  ASSERT_TRUE(value.ok());
  EXPECT_EQ(render_json(*value, 1), R"({
 "a": [
  1,
  [],
  {}
 ],
 "b": {
  "c": 2
 }
})");
}

TEST(Cut, KeepsWholeCharactersAndSaysThatItCut) {
  EXPECT_EQ(cut("short", 5), "short");
  EXPECT_EQ(cut(std::string(20, 'x'), 12), "xxx... [cut]");
  EXPECT_EQ(cut("\xC3\xA4\xC3\xA4" + std::string(20, 'x'), 12), "\xC3\xA4... [cut]");
  EXPECT_EQ(cut(std::string(100, '\x80'), 12), "... [cut]");
}

TEST(Lines, AreTakenOneByOne) {
  std::string_view text = "a\n\nb";
  EXPECT_EQ(take_line(text), "a");
  EXPECT_EQ(take_line(text), "");
  EXPECT_EQ(take_line(text), "b");
  EXPECT_TRUE(text.empty());
}

}  // namespace
}  // namespace efa
