// What each function of a template comes to: the value of an output. Written by hand.

#include <gtest/gtest.h>

#include "probes/template/document.h"
#include "probes/template/stack.h"

namespace efa {
namespace {

// Around each case: parameters, mappings and resources that it may name.
constexpr const char* kAround = R"(
Parameters:
  Given: {Type: String}
  Usual: {Type: Number, Default: 7}
  Open: {Type: String}
  Names: {Type: CommaDelimitedList, Default: "a, b ,c"}
  OpenNames: {Type: "List<AWS::EC2::Subnet::Id>"}
  Stored: {Type: "AWS::SSM::Parameter::Value<String>", Default: /name/of/it}
Mappings:
  Size: {small: {disk: 50, list: [x, y]}}
Conditions:
  Yes: !Equals [!Ref Given, here]
  No: !Not [!Condition Yes]
  Maybe: !Equals [!Ref Open, x]
  Both: !And [!Condition Yes, !Condition Maybe]
  Neither: !And [!Condition No, !Condition Maybe]
  Either: !Or [!Condition Maybe, !Condition Yes]
  Same: !Equals [!Ref Open, !Ref Open]
  Loop: !Not [!Condition Loop]
  Other: !Equals [!Ref Group, sg-1]
Resources:
  Group: {Type: "AWS::EC2::SecurityGroup"}
  Gone: {Type: "AWS::EC2::SecurityGroup", Condition: No}
Outputs:
  Out: {Value: )";

std::string words_of(const Term& term) {
  std::string words;
  switch (term.kind) {
    case Term::Kind::kText:
      return "'" + term.text + "'";
    case Term::Kind::kSymbol:
      return "<" + term.text + ">";
    case Term::Kind::kUnknown:
      return "? " + term.text;
    case Term::Kind::kList:
      for (const Term& item : term.items) words += (words.empty() ? "" : " ") + words_of(item);
      return "[" + words + "]";
    case Term::Kind::kMap:
      for (const auto& [name, member] : term.members) {
        words += (words.empty() ? "" : " ") + name + "=" + words_of(member);
      }
      return "{" + words + "}";
    default:
      return "-";
  }
}

std::string evaluated(const std::string& expression) {
  const Result<Document> document = parse_document(kAround + expression + "}\n", "case.yaml");
  if (!document) return message_of(document.error());
  TemplateNotes notes;
  TemplateWorld world{.child = [](const Value&, const std::string&) { return std::nullopt; },
                      .exported = [](const std::string& name) -> std::optional<Term> {
                        if (name == "net-group") return Term::of_text("sg-7");
                        return std::nullopt;
                      },
                      .notes = notes};
  TemplateStack stack(document->content, "", {{"Given", Term::of_text("here")}}, world);
  const std::optional<Term> term = stack.output("Out");
  return term ? words_of(*term) : "none";
}

struct Case {
  const char* expression;
  const char* wanted;  // 'text', <symbol>, [list], {map}, - for nothing, ? why it is unknown
};

const Case kCases[] = {
    {"!Ref Given", "'here'"},
    {"!Ref Usual", "'7'"},
    {"!Ref Open", "<Open>"},
    {"!Ref Names", "['a' 'b' 'c']"},
    {"!Ref OpenNames", "<OpenNames>"},
    {"!Ref Stored", "<Stored>"},
    {"{Ref: AWS::Region}", "<AWS::Region>"},
    {"!Ref AWS::NoValue", "-"},
    {"[a, !Ref AWS::NoValue, {b: !Ref AWS::NoValue, c: 1}]", "['a' {c='1'}]"},
    {"!Ref Group", "<Group>"},
    {"!Ref Nowhere", "? Nowhere is nowhere in the template"},
    {"!Ref Gone", "? Gone is not made: its condition does not hold"},
    {"!GetAtt Group.GroupId", "<Group.GroupId>"},
    {"!GetAtt [Group, GroupId]", "<Group.GroupId>"},
    {"{Fn::GetAtt: Group.GroupId}", "<Group.GroupId>"},
    {"!GetAtt Group", "? Fn::GetAtt is not used as CloudFormation describes"},
    {"!Sub '${Given}-x'", "'here-x'"},
    {"!Sub '${Group}'", "<Group>"},
    {"!Sub '${Group.GroupId}'", "<Group.GroupId>"},
    {"!Sub 'a${!Given}${Open}'", "<a${Given}${Open}>"},
    {"!Sub ['${x}/${Given}', {x: !Ref Usual}]", "'7/here'"},
    {"!Sub 'open ${'", "'open ${'"},
    {"!Join ['-', [a, !Ref Given]]", "'a-here'"},
    {"!Join ['', [!GetAtt Group.GroupId]]", "<Group.GroupId>"},
    {"!Join ['', ['arn:', {Ref: AWS::Partition}, ':iam']]", "<arn:${AWS::Partition}:iam>"},
    {"!Join [',', !Ref Names]", "'a,b,c'"},
    {"!Select [1, !Ref Names]", "'b'"},
    {"!Select ['1', [x, y]]", "'y'"},
    {"!Select [2, [x, y]]", "? Fn::Select is not used as CloudFormation describes"},
    {"!Select [0, {Fn::GetAZs: ''}]", "<item 0 of GetAZs>"},
    {"!Split [',', 'a,b']", "['a' 'b']"},
    {"!Split [',', !Ref Open]", "<Split of Open at ,>"},
    {"!Select [1, !Split ['-', 'p5-48xlarge']]", "'48xlarge'"},
    {"!FindInMap [Size, small, disk]", "'50'"},
    {"!FindInMap [Size, small, list]", "['x' 'y']"},
    {"!FindInMap [Size, large, disk]", "? Fn::FindInMap finds nothing in Size"},
    {"!FindInMap [Size, large, disk, {DefaultValue: 9}]", "'9'"},
    {"!FindInMap [Size, !Ref Open, disk]", "<FindInMap of Size, ${Open}, disk>"},
    {"!If [Yes, a, b]", "'a'"},
    {"!If [No, a, b]", "'b'"},
    {"!If [Maybe, a, b]", "? the condition Maybe is not known"},
    {"!If [Both, a, b]", "? the condition Both is not known"},
    {"!If [Neither, a, b]", "'b'"},
    {"!If [Either, a, b]", "'a'"},
    {"!If [Same, a, b]", "'a'"},
    {"!If [Loop, a, b]", "? the condition Loop is not known"},
    {"!If [Other, a, b]", "'b'"},
    {"!If [Nowhere, a, b]", "? the condition Nowhere is not known"},
    {"!If [Yes, !Ref AWS::NoValue, b]", "-"},
    {"!ImportValue net-group", "'sg-7'"},
    {"{Fn::ImportValue: !Sub '${Open}-group'}", "<import of ${Open}-group>"},
    {"!Base64 abc", "<Base64 of abc>"},
    {"!Cidr ['10.0.0.0/16', 4, 8]", "<Cidr of 10.0.0.0/16, 4, 8>"},
    {"{Fn::Transform: {Name: 'AWS::Include'}}", "? Fn::Transform is not resolved"},
    {"!Shout x", "? Fn::Shout is not resolved"},
    {"'{{resolve:ssm:/a}}'", "<{{resolve:ssm:/a}}>"},
    {"'x{{resolve:secretsmanager:a}}'", "<x{{resolve:secretsmanager:a}}>"},
};

TEST(TemplateTerms, EachFunctionComesToItsValueOrIsNamed) {
  for (const Case& one : kCases) EXPECT_EQ(evaluated(one.expression), one.wanted) << one.expression;
}

TEST(TemplateTerms, WhatTheTemplateMakesIsNoneOfWhatIsThere) {
  const Term group = Term::of_resource("Group", "GroupId");
  const Term other = Term::of_resource("Other", "GroupId");
  const Term parameter = Term::symbol("Open");
  EXPECT_EQ(compare(group, group), Sameness::kSame);
  EXPECT_EQ(compare(group, other), Sameness::kDifferent);
  EXPECT_EQ(compare(group, Term::of_text("sg-1")), Sameness::kDifferent);
  EXPECT_EQ(compare(group, parameter), Sameness::kUnknown);
  EXPECT_EQ(compare(parameter, Term::symbol("Else")), Sameness::kUnknown);
  EXPECT_EQ(compare(parameter, parameter), Sameness::kSame);
  EXPECT_EQ(compare(Term::unknown("x"), Term::unknown("x")), Sameness::kUnknown);
  EXPECT_EQ(compare(Term(), Term()), Sameness::kUnknown);
}

}  // namespace
}  // namespace efa
