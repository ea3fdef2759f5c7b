// What is no template, or one that nobody means well with: one line says it, in bounded time.

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "probes/template/files.h"
#include "tests/support/template_fleet.h"

namespace efa {
namespace {

namespace fs = std::filesystem;

std::string repeated(const std::string& text, size_t times) {
  std::string all;
  for (size_t i = 0; i < times; ++i) all += text;
  return all;
}

// Each alias is two of the one before.
std::string bomb() {
  std::string text = "Resources:\n  a0: &a0 [x, x]\n";
  for (int i = 1; i < 40; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    text += "  a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before + ", " + before +
            "]\n";
  }
  return text;
}

std::string many_resources(size_t count) {
  std::string text = "Resources:\n";
  for (size_t i = 0; i < count; ++i) text += "  R" + std::to_string(i) + ": {Type: T}\n";
  return text;
}

struct Refusal {
  const char* name;
  std::string text;
  const char* words;
};

const Refusal kRefusals[] = {
    {"empty", "", "is empty"},
    {"blank", " \n\t\n", "is empty"},
    {"a comment", "# nothing\n", "is empty"},
    {"a text", "hello", "is no map"},
    {"a list", "- a\n- b\n", "is no map"},
    {"no resources", "AWSTemplateFormatVersion: 2010-09-09\n", "it has no Resources"},
    {"resources are a list", "Resources: [a]", "it has no Resources"},
    {"parameters are a list", "Resources: {}\nParameters: [a]", "Parameters is no map"},
    {"ParallelCluster", "Region: eu-west-1\nHeadNode: {InstanceType: t3.micro}\n",
     "is a configuration of ParallelCluster"},
    {"a state of Terraform", R"({"version":4,"terraform_version":"1.9.0"})",
     "is a state of Terraform"},
    {"aliases", bomb(), "has an alias, which CloudFormation does not take (line 3)"},
    {"a merge key", "Resources: {a: {<<: {Type: x}}}", "has a merge key"},
    {"a key twice", "Resources:\n  a: {Type: x}\n  a: {Type: y}\n",
     "has the key 'a' twice (line 3)"},
    {"a key that is a list", "Resources: {[a]: b}", "has a key that is no text"},
    {"deep YAML", "Resources: " + repeated("[", 600) + repeated("]", 600), "is nested too deeply"},
    {"deep JSON", "{\"Resources\": " + repeated("[", 600) + repeated("]", 600) + "}",
     "is nested too deeply"},
    {"deep block",
     "Resources:\n" +
         [] {
           std::string text;
           for (size_t i = 1; i < 700; ++i) text += std::string(i, ' ') + "a:\n";
           return text;
         }(),
     "is nested too deeply"},
    {"half JSON", "{\"Resources\": {", "is not valid JSON"},
    {"half YAML", "Resources: {a: [", "is not valid YAML"},
    {"tabs", "Resources:\n\ta: b\n", "is not valid YAML"},
    {"bytes", std::string("\x00\xff\xfe\x01", 4), "Stack.yaml"},
    {"many values",
     "Resources: {a: {Type: x, Properties: {b: [" + repeated("1,", 200'001) + "1]}}}",
     "contains more than 200,000 values"},
    {"many resources", many_resources(5'001), "Resources has more than 5,000 entries"},
};

TEST(TemplateHostile, WhatIsNoTemplateIsRefusedInALine) {
  for (const Refusal& one : kRefusals) {
    const AccountFacts facts = facts_of_text(one.text);
    ASSERT_EQ(facts.sections.size(), 1U) << one.name;
    EXPECT_EQ(facts.sections[0].status, SectionStatus::kFailed) << one.name;
    EXPECT_NE(facts.sections[0].words.find(one.words), std::string::npos)
        << one.name << ": " << facts.sections[0].words;
    EXPECT_EQ(facts.sections[0].words.find('\n'), std::string::npos) << one.name;
    EXPECT_TRUE(facts.instances.empty());
    EXPECT_EQ(exit_of(judged_template(facts)), 3) << one.name;
  }
}

std::string all_words(const AccountFacts& facts) {
  std::string words;
  for (const AccountTemplateFault& fault : facts.from_template->invalid) {
    words += fault.resource + " " + fault.words + "\n";
  }
  for (const std::string& note : facts.from_template->notes) words += note + "\n";
  for (const AccountSection& section : facts.sections) words += section.words + "\n";
  return words;
}

std::string chain_of_conditions(size_t count) {
  std::string text = "Conditions:\n  C0: !Equals [a, a]\n";
  for (size_t i = 1; i < count; ++i) {
    text += "  C" + std::to_string(count - i) + ": !Not [!Condition C" +
            std::to_string(count - i - 1) + "]\n";
  }
  return text + "Resources: {a: {Type: x, Condition: C" + std::to_string(count - 1) + "}}\n";
}

std::string stack_of(const std::string& file) {
  return "Resources: {Child: {Type: 'AWS::CloudFormation::Stack', Properties: {TemplateURL: '" +
         file + "'}}}\n";
}

struct Bad {
  const char* name;
  std::string text;
  const char* words;  // in a fault, a note or a section
};

const Bad kBad[] = {
    {"two that need each other",
     "Resources: {A: {Type: x, Properties: {b: !Ref B}}, B: {Type: x, DependsOn: A}}",
     "A needs itself (A -> B -> A)"},
    {"one that needs itself", "Resources: {A: {Type: x, DependsOn: [A]}}", "A needs itself: "},
    {"a name that is none", "Resources: {A: {Type: x, Properties: {b: !Sub '${Nobody.Arn}'}}}",
     "A refers to Nobody, which is no resource and no parameter"},
    {"a name that is not made",
     "Conditions: {No: !Equals [a, b]}\nResources: {B: {Type: x, Condition: No}, A: {Type: x, "
     "Properties: {b: !Ref B}}}",
     "A refers to B, whose condition No does not hold"},
    {"no type", "Resources: {A: {Properties: {}}}", "has no Type"},
    {"a resource that is a text", "Resources: {A: x}", "has no Type"},
    {"a condition that is none", "Resources: {A: {Type: x, Condition: Nope}}",
     "names the condition Nope, which is nowhere"},
    {"both lists of groups",
     "Resources: {A: {Type: 'AWS::EC2::LaunchTemplate', Properties: {LaunchTemplateData: "
     "{SecurityGroupIds: [sg-1], NetworkInterfaces: [{InterfaceType: efa, Groups: [sg-1]}]}}}}",
     "A has security groups of its own beside network interfaces"},
    {"an unknown tag",
     "Resources: {A: {Type: 'AWS::EC2::LaunchTemplate', Properties: {LaunchTemplateData: !Magic "
     "x}}}",
     "Fn::Magic is not resolved"},
    {"a loop without its transform",
     "Resources: {'Fn::ForEach::Each': [X, [a], {'A${X}': {Type: x}}]}",
     "Fn::ForEach::Each makes resources that are not resolved: it needs the transform "
     "AWS::LanguageExtensions"},
    {"a child that is not here", stack_of("https://s3/x.json"),
     "the template of the nested stack Child is not here"},
    {"a child that is its own parent", stack_of("self"), "is nested more than 5 deep"},
    {"a child that is none", stack_of("text"), "is no map"},
    {"a long chain of conditions", chain_of_conditions(4'900), ""},
    {"a parameter that is none", "Resources: {A: {Type: x}}", "no template has the parameter Nope"},
};

TEST(TemplateHostile, WhatIsWrongInATemplateIsNamed) {
  for (const Bad& one : kBad) {
    const auto begin = std::chrono::steady_clock::now();
    const AccountFacts facts =
        facts_of_text(one.text, {{"Nope", "x"}}, {{"self", stack_of("self")}, {"text", "x"}});
    const std::vector<Finding> findings = judged_template(facts);
    ASSERT_TRUE(facts.from_template) << one.name << facts.sections[0].words;
    EXPECT_NE(all_words(facts).find(one.words), std::string::npos)
        << one.name << ": " << all_words(facts);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20)) << one.name;
  }
}

TEST(TemplateHostile, APlanOfAnotherFormatIsNotPassed) {
  const AccountFacts facts = facts_of_text(R"({"format_version":"2.0","resource_changes":[]})");
  EXPECT_NE(all_words(facts).find("'2.0' of the plan is not 1.x"), std::string::npos);
  EXPECT_EQ(exit_of(judged_template(facts)), 3);
}

// Each level says its parameter a hundred times.
TEST(TemplateHostile, TextsThatGrowFromStackToStackAreBounded) {
  std::string parts = "!Ref P";
  for (int i = 0; i < 100; ++i) parts += ", !Ref P";
  const std::string level =
      "Parameters: {P: {Type: String, Default: xxxxxxxxxx}}\nResources: {C: {Type: "
      "'AWS::CloudFormation::Stack', Properties: {TemplateURL: next, Parameters: {P: !Join ['', [" +
      parts + "]]}}}}\n";
  const AccountFacts facts = facts_of_text(level, {}, {{"next", level}});
  EXPECT_TRUE(facts.from_template);
}

class TemplateFolder : public testing::Test {
 protected:
  void SetUp() override {
    std::string made = (fs::temp_directory_path() / "efa-doctor-template-XXXXXX").string();
    ASSERT_NE(mkdtemp(made.data()), nullptr);
    folder_ = made;
    fs::create_directories(folder_ / "out/below");
    write("secret.json", R"({"Resources":{}})");
    write("out/Stack.json", R"({"Resources":{}})");
    write("out/below/Child.json", R"({"Resources":{}})");
    fs::create_symlink("../secret.json", folder_ / "out/link.json");
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
  }
  [[nodiscard]] std::string at(const std::string& name) const { return (folder_ / name).string(); }

  fs::path folder_;
};

TEST_F(TemplateFolder, NothingOutsideOfItIsRead) {
  const std::string parent = at("out/Stack.json");
  EXPECT_TRUE(read_template_beside(parent, "below/Child.json"));
  EXPECT_TRUE(read_template_beside(parent, "below/../Stack.json"));
  for (const std::string& name : {std::string("../secret.json"), at("secret.json"),
                                  std::string("link.json"), std::string("/etc/passwd")}) {
    const auto read = read_template_beside(parent, name);
    ASSERT_FALSE(read) << name;
    EXPECT_EQ(read.error().what, "lies outside of the folder of its template") << name;
  }
  EXPECT_FALSE(read_template_beside(parent, "none.json"));
  EXPECT_FALSE(read_template_beside(parent, "below"));
}

TEST_F(TemplateFolder, OfCdkNamesTheTemplatesOfItsStacks) {
  write("out/manifest.json", R"({"artifacts":{
    "Net":{"type":"aws:cloudformation:stack","properties":{"templateFile":"Net.json"}},
    "Tree":{"type":"cdk:tree","properties":{"file":"tree.json"}},
    "Nodes":{"type":"aws:cloudformation:stack","properties":{"templateFile":"Nodes.json"}}}})");
  write("out/Net.json", R"({"Resources":{
    "Group":{"Type":"AWS::EC2::SecurityGroup"},
    "In":{"Type":"AWS::EC2::SecurityGroupIngress","Properties":{"GroupId":{"Ref":"Group"},
      "IpProtocol":"-1","SourceSecurityGroupId":{"Ref":"Group"}}},
    "Out":{"Type":"AWS::EC2::SecurityGroupEgress","Properties":{"GroupId":{"Ref":"Group"},
      "IpProtocol":"-1","DestinationSecurityGroupId":{"Ref":"Group"}}}},
    "Outputs":{"G":{"Value":{"Fn::GetAtt":["Group","GroupId"]},"Export":{"Name":"Net:Group"}}}})");
  write("out/Nodes.json", R"({"Resources":{"T":{"Type":"AWS::EC2::LaunchTemplate","Properties":{
    "LaunchTemplateData":{"InstanceType":"g6.48xlarge","NetworkInterfaces":[{"InterfaceType":"efa",
      "Groups":[{"Fn::ImportValue":"Net:Group"}]}]}}}}})");
  const auto passes = [](const AccountFacts& facts) {
    for (const Finding& finding : judged_template(facts)) {
      if (finding.check->code == "account.security-group-no-egress") {
        return finding.result == FindingResult::kPass;
      }
    }
    return false;
  };
  EXPECT_TRUE(passes(facts_of_files({{at("out")}})));
  EXPECT_TRUE(passes(facts_of_files({{at("out/Nodes.json"), at("out/Net.json")}})));
  EXPECT_FALSE(passes(facts_of_files({{at("out/Nodes.json")}})));
}

TEST_F(TemplateFolder, OfCdkLeadsNowhereElse) {
  for (const char* file : {"../secret.json", "link.json", "none.json", ""}) {
    write("out/manifest.json", std::string(R"({"artifacts":{"S":{"type":"aws:cloudformation:stack",
      "properties":{"templateFile":")") +
                                   file + "\"}}}}");
    EXPECT_FALSE(read_named_templates({at("out")})) << file;
  }
  for (const char* text : {"{", "{}", R"({"artifacts":[]})", R"({"artifacts":{}})"}) {
    write("out/manifest.json", text);
    EXPECT_FALSE(read_named_templates({at("out")})) << text;
  }
  write("out/manifest.json",
        R"({"artifacts":{"A":{"type":"cdk:cloud-assembly","properties":{"directoryName":"."}}}})");
  EXPECT_FALSE(read_named_templates({at("out")}));
}

TEST_F(TemplateFolder, AFileThatIsTooLongIsRefused) {
  write("out/long.yaml", "Resources: {}\n#" + std::string(5 << 20, 'x'));
  const auto read = read_named_templates({at("out/long.yaml")});
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, ErrorKind::kTooLarge);
  EXPECT_FALSE(read_named_templates({at("out/none.yaml")}));
  EXPECT_FALSE(read_named_templates({}));
}

}  // namespace
}  // namespace efa
