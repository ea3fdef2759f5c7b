// What SSM says of instances and of sessions on them, in JSON.

#include "probes/account/elements.h"
#include "probes/account/parse.h"
#include "probes/base/value.h"

namespace efa {
namespace {

std::optional<std::string> word_at(const Value& value, std::string_view key,
                                   size_t longest = kLongestWord) {
  return word_of(value.text(key), longest);
}

}  // namespace

Result<Page<AccountManaged>> parse_managed(const std::string& body) {
  const std::string action = "DescribeInstanceInformation";
  const Result<Value> root = parse_json(body, action);
  if (!root) return root.error();
  const Value* list = root->find("InstanceInformationList");
  const Array* rows = list == nullptr ? nullptr : list->as<Array>();
  const std::string token = root->text("NextToken");
  if (rows == nullptr) return malformed(action, "the answer is that to something else");
  if (rows->size() > kMostItems || token.size() > kLongestToken) {
    return Error{ErrorKind::kTooLarge, action, "the answer has more than was asked for"};
  }
  Page<AccountManaged> page;
  page.next = token;
  for (const Value& row : *rows) {
    const auto id = word_at(row, "InstanceId");
    if (!id) return malformed(action, "an instance has no id");
    page.items.push_back({*id, word_at(row, "PingStatus"), word_at(row, "AgentVersion")});
  }
  return page;
}

// {"Content":"{\"inputs\":{\"cloudWatchLogGroupName\":\"sessions\",...},...}","Name":...}
Result<std::optional<std::string>> parse_session_log_group(const std::string& body) {
  constexpr size_t kLongestGroup = 512;
  const std::string action = "GetDocument";
  const Result<Value> root = parse_json(body, action);
  if (!root) return root.error();
  const Result<Value> content = parse_json(root->text("Content"), action);
  const Value* inputs = content ? content->find("inputs") : nullptr;
  if (inputs == nullptr || inputs->as<Object>() == nullptr) {
    return malformed(action, "the answer has no settings of sessions");
  }
  const std::string name = inputs->text("cloudWatchLogGroupName");
  if (name.empty()) return std::optional<std::string>();
  const auto group = word_of(name, kLongestGroup);
  if (!group) return malformed(action, "the log group of sessions has no name of one");
  return group;
}

}  // namespace efa
