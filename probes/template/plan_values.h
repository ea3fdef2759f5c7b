// The values of one resource of a plan: planned ones, else what the configuration refers to. Pure.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "probes/base/value.h"
#include "probes/template/term.h"

namespace efa {

// The managed resources that are there after the plan.
class PlanIndex {
 public:
  explicit PlanIndex(const Value& plan);

  struct Planned {
    std::string address;  // "module.eks.aws_security_group.node[0]"
    std::string module;   // "module.eks", "" for the root
    std::string type;
    std::string name;
    std::string index;  // as JSON; "" when it is the only one
    const Value* after;
    const Value* after_unknown;  // may be null
    const Value* expressions;    // of its configuration; null when that is not there
    bool is_created;             // it is not there yet
  };
  [[nodiscard]] const std::vector<Planned>& all() const { return all_; }
  // Those of that type and name in a module.
  [[nodiscard]] std::vector<const Planned*> named(const std::string& module,
                                                  const std::string& type_and_name) const;
  // Of the resource that has that id ("sg-12"); "" for none.
  [[nodiscard]] std::string address_of(const std::string& id) const;

 private:
  std::vector<Planned> all_;
  std::map<std::string, std::string> by_id_;
  std::multimap<std::string, size_t> by_name_;
};

// One level of values: a resource, or a block in it.
class PlanValues {
 public:
  PlanValues(const PlanIndex& index, const PlanIndex::Planned& planned)
      : PlanValues(index, planned, planned.after, planned.after_unknown, planned.expressions) {}

  // Of an attribute; nothing when it is not set.
  [[nodiscard]] Term at(const char* name) const;
  // The same of one that is a list.
  [[nodiscard]] Term list(const char* name) const;
  [[nodiscard]] std::vector<PlanValues> blocks(const char* name) const;
  // It is written in the configuration, but not known before it is applied.
  [[nodiscard]] bool is_open(const char* name) const;

 private:
  PlanValues(const PlanIndex& index, const PlanIndex::Planned& planned, const Value* after,
             const Value* unknown, const Value* expressions)
      : index_(index),
        planned_(planned),
        after_(after),
        unknown_(unknown),
        expressions_(expressions) {}

  [[nodiscard]] Term referred(const char* name, bool as_list) const;
  [[nodiscard]] Term resource_of(const std::string& reference, bool by_index) const;

  const PlanIndex& index_;
  const PlanIndex::Planned& planned_;
  const Value* after_;
  const Value* unknown_;
  const Value* expressions_;
};

}  // namespace efa
