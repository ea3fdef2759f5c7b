// Templates of CDK and by hand against what is to be said of them (tests/account/templates/
// expected.json, whose read_me explains its words). Codes that no check has yet are passed over.

#include <gtest/gtest.h>

#include <algorithm>

#include "probes/account/fleet.h"
#include "probes/base/files.h"
#include "probes/base/text.h"
#include "tests/support/template_fleet.h"

namespace efa {
namespace {

std::vector<std::string> texts(const Value& row, const char* key) {
  std::vector<std::string> all;
  const Value* list = row.find(key);
  if (list == nullptr) return all;
  for (const Value& one : *list->as<Array>()) all.push_back(*one.as<std::string>());
  return all;
}

std::set<FindingResult> results_of(const std::vector<Finding>& findings, const std::string& code) {
  std::set<FindingResult> results;
  for (const Finding& finding : findings) {
    if (finding.check->code == code) results.insert(finding.result);
  }
  return results;
}

struct Rule {
  const char* key;
  FindingResult some;            // at least one finding has it
  std::set<FindingResult> none;  // no finding has these
};

const Rule kRules[] = {
    {"fail", FindingResult::kFail, {}},
    {"info", FindingResult::kFail, {}},
    {"unknown", FindingResult::kUnknown, {FindingResult::kFail, FindingResult::kPass}},
    {"not_applicable", FindingResult::kNotApplicable, {FindingResult::kFail}},
    {"pass", FindingResult::kPass, {FindingResult::kFail, FindingResult::kUnknown}},
};

void expect_codes(const Value& row, const std::vector<Finding>& findings) {
  const std::set<std::string> known = codes_of_templates();
  for (const Rule& rule : kRules) {
    for (const std::string& code : texts(row, rule.key)) {
      if (!known.contains(code)) continue;
      const std::set<FindingResult> results = results_of(findings, code);
      EXPECT_TRUE(results.contains(rule.some)) << rule.key << " " << code;
      for (const FindingResult other : rule.none) {
        EXPECT_FALSE(results.contains(other)) << rule.key << " " << code;
      }
    }
  }
  for (const std::string& code : texts(row, "not_pass")) {
    EXPECT_FALSE(results_of(findings, code).contains(FindingResult::kPass)) << code;
  }
}

// No code fails that is not named.
void expect_no_other(const Value& row, const std::vector<Finding>& findings) {
  std::vector<std::string> named{"account.template-invalid"};
  for (const char* key : {"fail", "info", "not_pass"}) {
    const std::vector<std::string> codes = texts(row, key);
    named.insert(named.end(), codes.begin(), codes.end());
  }
  for (const Finding& finding : findings) {
    if (finding.result != FindingResult::kFail) continue;
    if (finding.check->severity == Severity::kInfo || is_one_of(finding.check->code, named))
      continue;
    ADD_FAILURE() << finding.check->code << " " << finding.subject << ": " << finding.message;
  }
}

TemplateFiles files_of(const Value& row) {
  TemplateFiles files{{TEST_TEMPLATES "/" + row.text("file")}};
  for (const std::string& name : texts(row, "without")) files.without.insert(name);
  if (const Value* parameters = row.find("parameters")) {
    for (const auto& [name, value] : *parameters->as<Object>()) {
      files.parameters[name] = *value.as<std::string>();
    }
  }
  return files;
}

TEST(TemplateExpected, IsSaidOfEveryTemplate) {
  const Result<std::string> text = read_file(TEST_TEMPLATES "/expected.json", 1 << 20);
  ASSERT_TRUE(text);
  const Result<Value> expected = parse_json(*text, "expected.json");
  ASSERT_TRUE(expected);
  for (const Value& row : *expected->find("cases")->as<Array>()) {
    SCOPED_TRACE(row.text("file") + ": " + row.text("about"));
    const AccountFacts facts = facts_of_files(files_of(row));
    const std::vector<Finding> findings = judged_template(facts);
    expect_codes(row, findings);
    expect_no_other(row, findings);
    size_t most = 0;
    for (const AccountInstance& one : facts.instances) {
      most = std::max(most, efa_interfaces(one).size());
    }
    EXPECT_EQ(static_cast<int64_t>(most), *row.find("efa")->as<int64_t>());
    const Array& exits = *row.find("exit")->as<Array>();
    EXPECT_NE(std::find(exits.begin(), exits.end(), Value(exit_of(findings))), exits.end())
        << "exit " << exit_of(findings);
  }
}

}  // namespace
}  // namespace efa
