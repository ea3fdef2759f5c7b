// Loops of templates: what they make, as AWS's documentation of Fn::ForEach has it, what cannot be
// resolved, and what would make too much. Written by hand.

#include <gtest/gtest.h>

#include <chrono>

#include "probes/template/document.h"
#include "probes/template/loops.h"
#include "tests/support/template_fleet.h"

namespace efa {
namespace {

constexpr const char* kExtended = "Transform: AWS::LanguageExtensions\n";

// As flow YAML, and thus JSON: parameters Names is [a, 10.0.2.0/24], Number is 3, others unknown.
std::string unrolled(const std::string& section, const std::string& text, LoopBudget budget = {}) {
  std::string all = kExtended;
  if (section != "Resources") all += "Resources: {}\n";
  const Result<Document> document = parse_document(all + section + ": " + text, "case.yaml");
  if (!document) return message_of(document.error());
  const LoopParameter parameter = [](const std::string& name) {
    Term names{.kind = Term::Kind::kList};
    names.items = {Term::of_text("a"), Term::of_text("10.0.2.0/24")};
    if (name == "Names") return names;
    return name == "Number" ? Term::of_text("3") : Term::unknown(name + " is no parameter");
  };
  const Value value = without_loops(document->content, parameter, budget);
  return render_json(*value.find(section));
}

struct Case {
  const char* name;
  const char* text;
  const char* wanted;
};

const Case kCases[] = {
    {"no loop", "{A: {Type: x}}", R"({"A":{"Type":"x"}})"},
    {"a list", "{'Fn::ForEach::L': [X, [a, b], {'T${X}': {Type: !Ref X}}]}",
     R"({"Ta":{"Type":"a"},"Tb":{"Type":"b"}})"},
    {"between others", "{A: 1, 'Fn::ForEach::L': [X, [a], {'T${X}': 2}], B: 3}",
     R"({"A":"1","Ta":"2","B":"3"})"},
    {"a list without items", "{'Fn::ForEach::L': [X, [], {'T${X}': 1}]}", "{}"},
    {"of a parameter, its letters and digits",
     "{'Fn::ForEach::L': [X, !Ref Names, {'T&{X}': !Ref X}]}",
     R"({"Ta":"a","T1002024":"10.0.2.0/24"})"},
    {"an item of a parameter", "{'Fn::ForEach::L': [X, [!Ref Number], {'T${X}': 1}]}",
     R"({"T3":"1"})"},
    {"in texts", "{'Fn::ForEach::L': [X, [a], {'T${X}': !Sub '${X}-${!X}-${Y}-&{X}{X}$'}]}",
     R"({"Ta":{"Fn::Sub":"a-${!X}-${Y}-a{X}$"}})"},
    {"only its own",
     "{'Fn::ForEach::L': [X, [a], {'T${X}': [!Ref Y, !GetAtt 'G${X}.Id']}], B: !Ref X}",
     R"({"Ta":[{"Ref":"Y"},{"Fn::GetAtt":["Ga","Id"]}],"B":{"Ref":"X"}})"},
    {"an item is not read again", "{'Fn::ForEach::L': [X, ['${X}'], {'T&{X}': '${X}'}]}",
     R"({"TX":"${X}"})"},
    {"nested",
     "{'Fn::ForEach::L': [X, [a, b], {'N${X}': 0, 'Fn::ForEach::M': [Y, [c, d], {'T${X}${Y}': "
     "'${Y}${X}'}]}]}",
     R"({"Na":"0","Tac":"ca","Tad":"da","Nb":"0","Tbc":"cb","Tbd":"db"})"},
    {"properties of one of a loop",
     "{'Fn::ForEach::L': [X, [a, b], {'T${X}': {P: {'Fn::ForEach::M': [Y, [k, l-m], {'${Y}': "
     "'${X}${Y}'}]}}}]}",
     R"({"Ta":{"P":{"k":"ak","l-m":"al-m"}},"Tb":{"P":{"k":"bk","l-m":"bl-m"}}})"},
    {"none of ours", "{'Fn::Transform': {Name: x}}", R"({"Fn::Transform":{"Name":"x"}})"},
};

TEST(TemplateLoops, AreWrittenOut) {
  for (const Case& one : kCases) EXPECT_EQ(unrolled("Resources", one.text), one.wanted) << one.name;
  EXPECT_EQ(unrolled("Outputs", kCases[1].text), kCases[1].wanted);
  EXPECT_EQ(unrolled("Conditions", kCases[1].text), kCases[1].wanted);
  EXPECT_NE(unrolled("Mappings", kCases[1].text), kCases[1].wanted) << "AWS lets them have none";
}

const Case kUnresolved[] = {
    {"no list", "[X, a, {'T${X}': 1}]", "Fn::ForEach::L goes through what is neither"},
    {"too few", "[X, [a]]", "Fn::ForEach::L is not used as CloudFormation describes"},
    {"a text", "x", "Fn::ForEach::L is not used as CloudFormation describes"},
    {"no identifier", "[[X], [a], {'T${X}': 1}]", "Fn::ForEach::L is not used"},
    {"no fragment", "[X, [a], T]", "Fn::ForEach::L is not used"},
    {"a function", "[X, !Split [',', 'a,b'], {'T${X}': 1}]", "goes through what is neither"},
    {"a parameter that is none", "[X, !Ref Group, {'T${X}': 1}]", "Group is no parameter"},
    {"a parameter that is no list", "[X, !Ref Number, {'T${X}': 1}]",
     "the parameter Number is not known"},
    {"an item that is none", "[X, [!GetAtt A.B], {'T${X}': 1}]", "an item of Fn::ForEach::L"},
    {"a key without item", "[X, [a], {T: 1}]", "'T' of Fn::ForEach::L does not name its item"},
    {"an item twice", "[X, [a, a], {'T${X}': 1}]", "'Ta' is there twice"},
    {"one that is there", "[X, [p], {'To${X}': 1}]", "'Top' is there twice"},
    {"no id", "[X, [a-b], {'T${X}': 1}]", "has other characters than letters and digits"},
    {"one within", "[X, [a], {'T${X}': 1, 'Fn::ForEach::M': [Y, !Ref Z, {'U${Y}': 1}]}]",
     "Z is no parameter"},
};

TEST(TemplateLoops, WhatCannotBeResolvedStaysWithTheReason) {
  for (const Case& one : kUnresolved) {
    const std::string said =
        unrolled("Resources", std::string("{Top: x, 'Fn::ForEach::L': ") + one.text + "}");
    EXPECT_TRUE(said.starts_with(R"({"Top":"x","Fn::ForEach::L":")")) << one.name << ": " << said;
    EXPECT_NE(said.find(one.wanted), std::string::npos) << one.name << ": " << said;
  }
}

// 30 loops within each other, of two items each.
std::string blow_up(const std::string& innermost) {
  std::string text = innermost;
  for (int i = 0; i < 30; ++i) {
    const std::string n = std::to_string(i);
    text = "{'Fn::ForEach::L" + n + "': [X" + n + ", [a, b], " + text + "]}";
  }
  return text;
}

TEST(TemplateLoops, WhatWouldMakeTooMuchIsNotMade) {
  std::string identifiers;
  for (int i = 0; i < 30; ++i) identifiers += "${X" + std::to_string(i) + "}";
  const std::string item = std::string(100'000, 'x');
  std::string many;
  for (int i = 0; i < 10'000; ++i) many += "${X}";
  const std::string texts[] = {
      blow_up("{}"), blow_up("{'T" + identifiers + "': 1}"),
      "{'Fn::ForEach::L': [X, [" + item + "], {'T${X}': '" + many + "'}]}"};
  for (const std::string& text : texts) {
    const auto begin = std::chrono::steady_clock::now();
    const std::string said = unrolled("Resources", text);
    EXPECT_NE(said.find("the loops of the template make too much"), std::string::npos)
        << said.substr(0, 200);
    EXPECT_LT(said.size(), 300U);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
  }
}

TEST(TemplateLoops, ANameThatWouldBeTooLongIsNotMade) {
  std::string key;
  for (int i = 0; i < 10'000; ++i) key += "${X}";
  const auto json = parse_json(R"({"Transform":"AWS::LanguageExtensions","Resources":{
    "Fn::ForEach::L":["X",[")" + std::string(100'000, 'x') +
                                   "\"],{\"" + key + "\":1}]}}",
                               "case.json");
  ASSERT_TRUE(json);
  LoopBudget budget;
  const Value value = without_loops(
      *json, [](const std::string&) { return Term(); }, budget);
  EXPECT_EQ(render_json(*value.find("Resources")),
            R"({"Fn::ForEach::L":"the loops of the template make too much"})");
}

TEST(TemplateLoops, ShareOneBudget) {
  LoopBudget budget{.values = 10};
  const std::string loop = "': [X, [a, b], {'T${X}': 1}]";
  const std::string said = unrolled("Resources",
                                    "{'Fn::ForEach::L" + loop +
                                        ", 'Fn::ForEach::M': [Y, [1, 2, 3, 4, 5, 6, 7], "
                                        "{'U${Y}': 1}], 'Fn::ForEach::N': [Z, [1], {'V${Z}': 1}]}",
                                    budget);
  EXPECT_TRUE(said.starts_with(R"({"Ta":"1","Tb":"1","Fn::ForEach::M":"the loops)")) << said;
  EXPECT_TRUE(said.ends_with(R"("Fn::ForEach::N":"the loops of the template make too much"})"))
      << said;
}

// Groups with rules to and from themselves, and one launch template for each zone.
constexpr const char* kFleet = R"(Transform: [AWS::LanguageExtensions]
Parameters:
  Zones: {Type: CommaDelimitedList, Default: "a,b"}
Mappings: {Types: {b: {Type: g6.48xlarge}}}
Conditions: {'Fn::ForEach::Is': [Z, !Ref Zones, {'Has${Z}': !Equals ['${Z}', b]}]}
Resources:
  'Fn::ForEach::Groups':
    - Zone
    - !Ref Zones
    - 'Group${Zone}': {Type: 'AWS::EC2::SecurityGroup'}
      'In${Zone}': {Type: 'AWS::EC2::SecurityGroupIngress', Properties: {IpProtocol: -1,
        GroupId: !GetAtt ['Group${Zone}', GroupId], SourceSecurityGroupId: !Ref {Fn::Sub: 'Group${Zone}'}}}
      'Out${Zone}': {Type: 'AWS::EC2::SecurityGroupEgress', Condition: OUT, Properties: {IpProtocol: -1,
        GroupId: !GetAtt [!Sub 'Group${Zone}', GroupId],
        DestinationSecurityGroupId: !Sub '${Group&{Zone}.GroupId}'}}
      'Nodes${Zone}':
        Type: AWS::EC2::LaunchTemplate
        Condition: !Sub 'Has${Zone}'
        Properties:
          LaunchTemplateData:
            NetworkInterfaces: [{InterfaceType: efa, Groups: [!Ref 'Group${Zone}']}]
            'Fn::ForEach::Each':
              - Name
              - [InstanceType]
              - '${Name}': !FindInMap [Types, !Ref Zone, Type]
)";

std::string fleet(const std::string& condition) {
  std::string text = kFleet;
  text.replace(text.find("OUT"), 3, condition);
  return text;
}

std::vector<std::string> failing(const AccountFacts& facts) {
  std::vector<std::string> codes;
  for (const Finding& finding : judged_template(facts)) {
    const bool grave = finding.check->severity == Severity::kCritical;
    if (grave && finding.result == FindingResult::kFail) codes.emplace_back(finding.check->code);
  }
  return codes;
}

TEST(TemplateLoops, WhatTheyMakeIsJudged) {
  const AccountFacts healthy = facts_of_text(fleet("'Has${Zone}'"));
  ASSERT_EQ(healthy.instances.size(), 1U);
  EXPECT_EQ(healthy.instances[0].type, "g6.48xlarge");
  EXPECT_EQ(failing(healthy), std::vector<std::string>());
  EXPECT_TRUE(is_whole(healthy, kInstancesSection)) << why_not_whole(healthy, kInstancesSection);
  const AccountFacts broken = facts_of_text(fleet("Hasa"));
  EXPECT_EQ(failing(broken), std::vector<std::string>{"account.security-group-no-egress"});
}

TEST(TemplateLoops, ByAParameterThatIsGiven) {
  EXPECT_EQ(facts_of_text(fleet("'Has${Zone}'"), {{"Zones", "b"}}).instances.size(), 1U);
  EXPECT_EQ(facts_of_text(fleet("'Has${Zone}'"), {{"Zones", "a,c"}}).instances.size(), 0U);
}

TEST(TemplateLoops, OneThatIsNotResolvedFailsNothing) {
  std::string text = fleet("'Has${Zone}'");
  text.replace(text.find(", Default"), std::string(", Default: \"a,b\"").size(), "");
  const AccountFacts facts = facts_of_text(text);
  EXPECT_FALSE(is_whole(facts, kInstancesSection));
  EXPECT_NE(why_not_whole(facts, kInstancesSection)
                .find("Fn::ForEach::Groups makes resources that are not resolved: the parameter "
                      "Zones is not known"),
            std::string::npos);
  EXPECT_EQ(failing(facts), std::vector<std::string>());
}

TEST(TemplateLoops, OfJsonAreThoseOfYaml) {
  const AccountFacts facts = facts_of_text(R"({"Transform":"AWS::LanguageExtensions","Resources":{
    "Fn::ForEach::Nodes":["Type",["p5","p4d"],{"Nodes${Type}":{"Type":"AWS::EC2::LaunchTemplate",
      "Properties":{"LaunchTemplateData":{"InstanceType":{"Fn::Sub":"${Type}.24xlarge"}}}}}]}})");
  ASSERT_EQ(facts.instances.size(), 2U);
  EXPECT_EQ(facts.instances[0].type, "p5.24xlarge");
  EXPECT_EQ(facts.instances[1].type, "p4d.24xlarge");
}

TEST(TemplateLoops, ANameThatNoLoopMakesIsAFault) {
  const AccountFacts facts =
      facts_of_text(std::string(kExtended) +
                    "Resources: {'Fn::ForEach::L': [X, [a], {'T${X}': {Type: x, "
                    "Properties: {B: !Ref Nobody}}}]}");
  ASSERT_EQ(facts.from_template->invalid.size(), 1U);
  EXPECT_EQ(facts.from_template->invalid[0].words,
            "refers to Nobody, which is no resource and no parameter");
}

}  // namespace
}  // namespace efa
