#include "probes/template/cycles.h"

#include <algorithm>
#include <map>
#include <string>

#include "probes/base/text.h"

namespace efa {
namespace {

// Depth first; what is on the way when it is met again closes a circle.
class Walk {
 public:
  explicit Walk(const std::vector<TemplateResource>& resources) {
    for (const TemplateResource& one : resources) needs_.emplace(one.id, &one.needs);
  }

  void from(const std::string& id) {
    if (!begin(id)) return;
    while (!way_.empty()) step();
  }

  std::vector<TemplateFault> take() { return std::move(faults_); }

 private:
  enum class State { kOnTheWay, kDone };
  struct Stop {
    std::string id;
    std::set<std::string>::const_iterator next;
    std::set<std::string>::const_iterator end;
  };

  bool begin(const std::string& id) {
    const auto found = needs_.find(id);
    if (found == needs_.end() || !states_.emplace(id, State::kOnTheWay).second) return false;
    way_.push_back({id, found->second->begin(), found->second->end()});
    return true;
  }

  void step() {
    Stop& stop = way_.back();
    if (stop.next == stop.end) {
      states_[stop.id] = State::kDone;
      way_.pop_back();
      return;
    }
    const std::string id = *stop.next++;
    const auto known = states_.find(id);
    if (known == states_.end()) {
      begin(id);
    } else if (known->second == State::kOnTheWay) {
      close(id);
    }
  }

  void close(const std::string& id) {
    constexpr size_t kMost = 20;  // circles that are told
    if (faults_.size() >= kMost) return;
    std::vector<std::string> names;
    const auto first =
        std::find_if(way_.begin(), way_.end(), [&](const Stop& stop) { return stop.id == id; });
    for (auto at = first; at != way_.end() && names.size() < 10; ++at) names.push_back(at->id);
    names.push_back(id);
    faults_.push_back({id, names.size() == 2
                               ? "needs itself: a circular dependency, which CloudFormation refuses"
                               : "needs itself (" + join(names, " -> ") +
                                     "): a circular dependency, which CloudFormation refuses"});
  }

  std::map<std::string, const std::set<std::string>*> needs_;
  std::map<std::string, State> states_;
  std::vector<Stop> way_;
  std::vector<TemplateFault> faults_;
};

}  // namespace

std::vector<TemplateFault> circles_in(const std::vector<TemplateResource>& resources) {
  Walk walk(resources);
  for (const TemplateResource& one : resources) walk.from(one.id);
  return walk.take();
}

}  // namespace efa
