#include "probes/template/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <exception>
#include <set>
#include <sstream>
#include <utility>
#include <vector>

namespace efa {
namespace {

constexpr size_t kMaxDepth = 64;        // as of JSON
constexpr size_t kMaxValues = 200'000;  // CloudFormation takes 1 MB

// Leaves the parser, which has no other way out.
struct Refused : std::exception {
  explicit Refused(std::string text) : words(std::move(text)) {}
  std::string words;
};

[[noreturn]] void refuse(const YAML::Mark& mark, const std::string& words) {
  throw Refused(words + " (line " + std::to_string(mark.line + 1) + ")");
}

// The function that a tag stands for; "" for a tag of YAML itself.
std::string function_of(const std::string& tag) {
  if (tag.size() < 2 || tag.front() != '!' || tag[1] == '!') return "";
  const std::string name = tag.substr(1);
  return name == "Ref" || name == "Condition" ? name : "Fn::" + name;
}

Value argument_of(const std::string& function, const std::string& text) {
  const size_t dot = text.find('.');
  if (function != "Fn::GetAtt" || dot == std::string::npos) return text;
  return Array{text.substr(0, dot), text.substr(dot + 1)};
}

class Builder final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& /*mark*/) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override { put(mark, Value()); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    refuse(mark, "has an alias, which CloudFormation does not take");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t /*anchor*/,
                const std::string& text) override {
    const std::string function = function_of(tag);
    if (function.empty()) return put(mark, text);
    put(mark, Object{{function, argument_of(function, text)}});
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t /*anchor*/,
                       YAML::EmitterStyle::value /*style*/) override {
    open(mark, tag, Array{});
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t /*anchor*/,
                  YAML::EmitterStyle::value /*style*/) override {
    open(mark, tag, Object{});
  }
  void OnMapEnd() override { close(); }

  Value take() { return std::move(root_); }

 private:
  struct Level {
    Value value;
    std::string function;  // of which it is the argument
    bool has_key = false;  // of a map: the next value is a member's
    std::set<std::string> keys = {};
  };

  void count(const YAML::Mark& mark) {
    if (++values_ > kMaxValues) refuse(mark, "contains more than 200,000 values");
  }

  void open(const YAML::Mark& mark, const std::string& tag, Value value) {
    count(mark);
    if (levels_.size() >= kMaxDepth) refuse(mark, "is nested too deeply");
    levels_.push_back({std::move(value), function_of(tag)});
    mark_ = mark;
  }

  void close() {
    Level level = std::move(levels_.back());
    levels_.pop_back();
    if (level.function.empty()) return put(mark_, std::move(level.value));
    put(mark_, Object{{level.function, std::move(level.value)}});
  }

  void put(const YAML::Mark& mark, Value value) {
    count(mark);
    if (levels_.empty()) {
      root_ = std::move(value);
      return;
    }
    Level& level = levels_.back();
    if (auto* array = level.value.as<Array>()) {
      array->push_back(std::move(value));
      return;
    }
    Object& object = *level.value.as<Object>();
    if (level.has_key) {
      object.back().second = std::move(value);
    } else {
      add_key(mark, object, level.keys, value);
    }
    level.has_key = !level.has_key;
  }

  static void add_key(const YAML::Mark& mark, Object& object, std::set<std::string>& keys,
                      const Value& value) {
    const auto* key = value.as<std::string>();
    if (key == nullptr) refuse(mark, "has a key that is no text");
    if (*key == "<<") refuse(mark, "has a merge key, which CloudFormation does not take");
    if (!keys.insert(*key).second) refuse(mark, "has the key '" + *key + "' twice");
    object.emplace_back(*key, Value());
  }

  Value root_;
  std::vector<Level> levels_;
  YAML::Mark mark_;
  size_t values_ = 0;
};

}  // namespace

Result<Value> parse_yaml(const std::string& text, const std::string& where) {
  Builder builder;
  try {
    std::istringstream input(text);
    YAML::Parser parser(input);
    if (!parser.HandleNextDocument(builder)) return malformed(where, "is empty");
  } catch (const Refused& refused) {
    return malformed(where, refused.words);
  } catch (const YAML::Exception& error) {
    return malformed(where, "is not valid YAML: " + error.msg + " (line " +
                                std::to_string(error.mark.line + 1) + ")");
  } catch (const std::exception& error) {
    return malformed(where, std::string("is not valid YAML: ") + error.what());
  }
  return builder.take();
}

}  // namespace efa
