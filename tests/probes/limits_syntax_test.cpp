// How sshd, PAM and systemd write what gives limits: quotes, equal signs, lines that go on.

#include <gtest/gtest.h>

#include "probes/base/text.h"
#include "probes/limits/continued.h"
#include "probes/limits/parse.h"

namespace efa {
namespace {

struct Row {
  const char* input;
  const char* wanted;
};

TEST(LimitsSyntax, AWordInBracketsOfAPamLineMayHaveSpaces) {
  EXPECT_EQ(parse_pam_line("session [success=1 default=ignore]pam_limits.so")->module,
            "pam_limits.so");
  EXPECT_EQ(parse_pam_line("session required pam_limits.so [conf=/etc/a b] debug")->conf,
            "/etc/a b");
  EXPECT_EQ(parse_pam_line("SESSION\tRequired\tpam_limits.so")->module, "pam_limits.so");
}

TEST(LimitsSyntax, PamIgnoresWordsAfterALimit) {
  EXPECT_EQ(parse_pam_limit("* - memlock 64 KiB", "f")->value, "64");
}

TEST(LimitsSyntax, ALineOfSshdIsTakenApartAsSshdDoes) {
  const auto text_of = [](const char* line) {
    const auto parsed = parse_sshd_line(line);
    return parsed ? parsed->keyword + ":" + join(parsed->arguments, "|") : "none";
  };
  const Row rows[] = {
      {"UsePAM yes", "usepam:yes"},
      {"  usepam\t=  Yes  # x", "usepam:Yes"},
      {"UsePAM=yes\r", "usepam:yes"},
      {"USEPAM \"yes\"", "usepam:yes"},
      {"\"UsePAM\" 'yes'", "usepam:yes"},
      {"UsePAM ==yes", "usepam:=yes"},
      {"Include \"a b.conf\" c\\ d.conf\te.conf", "include:a b.conf|c d.conf|e.conf"},
      {"UsePAM \"yes", "none"},
      {"UsePAM\"yes\"", "none"},
      {"UsePAM", "none"},
      {"UsePAM # yes", "none"},
      {"#UsePAM yes", "none"},
      {"\"", "none"},
      {"", "none"},
  };
  for (const auto& row : rows) EXPECT_EQ(text_of(row.input), row.wanted) << row.input;
}

std::string joined(const JoinLines& join_lines, const std::string& text) {
  std::vector<std::string> whole;
  for (const std::string& line : split(text + "\n", '\n')) {
    const auto one = join_lines(line);
    if (one && !one->empty()) whole.push_back(*one);
  }
  return join(whole, "|");
}

TEST(LimitsSyntax, ABackslashContinuesALineOfSystemd) {
  const Row rows[] = {
      {"a=\\\n  b\nc", "a= b|c"},
      {"a=1\\\n# no\n; no \\\n2", "a=1 2"},
      {"a=\\\n\nb=1", "a= |b=1"},
      {"a=\\\\\nb=1", "a=\\\\|b=1"},
      {"# a \\\nb=1", "b=1"},
      {"a=\\\r\nb\r", "a= b"},
      {"\xEF\xBB\xBF[a]\nb=\\", "[a]|b= "},
  };
  for (const auto& row : rows) EXPECT_EQ(joined(systemd_lines(), row.input), row.wanted);
}

TEST(LimitsSyntax, ABackslashContinuesALineOfPam) {
  const Row rows[] = {
      {"session \\\nrequired \\ \n\n# no\n x.so\ny", "session  required  x.so|y"},
      {"session \\ # no\nrequired", "session \\|required"},
      {"# a \\\nb", "b"},
  };
  for (const auto& row : rows) EXPECT_EQ(joined(pam_lines(), row.input), row.wanted);
}

}  // namespace
}  // namespace efa
