#include "agent/account/take_facts.h"

#include "probes/base/describe.h"

namespace efa {
namespace {

constexpr size_t kMostElements = 100'000;  // of one list

// A member of what is described: the one of that name takes the value.
class Member {
 public:
  Member(const std::string& name, const Value& value, std::string& bad)
      : name_(name), value_(value), bad_(bad) {}

  template <class T>
  void operator()(const char* key, T& member) {
    if (name_ != key) return;
    if constexpr (IsVector<T>::value) {
      append(member);
    } else {
      put(member);
    }
  }

 private:
  template <class T>
  void put(T& member) {
    Result<T> value = from_value<T>(value_, name_);
    if (!value) {
      bad_ = message_of(value.error());
      return;
    }
    member = std::move(*value);
  }

  template <class T>
  void append(std::vector<T>& list) {
    if (list.size() >= kMostElements) {
      bad_ = name_ + ": more than " + std::to_string(kMostElements);
      return;
    }
    T element;
    put(element);
    if (bad_.empty()) list.push_back(std::move(element));
  }

  const std::string& name_;
  const Value& value_;
  std::string& bad_;
};

}  // namespace

void FactsTaker::take(const std::string& name, const Value& fact) {
  if (!broken_.empty()) return;
  Member member(name, fact, broken_);
  describe(member, facts_);
}

}  // namespace efa
