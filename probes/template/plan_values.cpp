#include "probes/template/plan_values.h"

#include <algorithm>

#include "probes/base/text.h"
#include "probes/template/functions.h"

namespace efa {
namespace {

const Value* member(const Value* value, std::string_view name) {
  return value == nullptr ? nullptr : value->find(name);
}

// What has an id already is the resource of that id.
Term known_value(const Value& value, const PlanIndex& index) {
  if (value.is_null()) return {};
  if (const auto* list = value.as<Array>()) {
    Term term{.kind = Term::Kind::kList};
    for (const Value& one : *list) {
      if (!one.is_null()) term.items.push_back(known_value(one, index));
    }
    return term;
  }
  if (value.as<Object>() != nullptr) return Term::unknown("a value is a block");
  const std::string text = scalar_text(value);
  const std::string address = index.address_of(text);
  return address.empty() ? Term::of_text(text) : Term::of_resource(address, "");
}

// "eks", "nodes" of "module.eks.module.nodes["a.b"]".
std::vector<std::string> modules_in(const std::string& address) {
  std::string plain;
  bool in_index = false;
  for (const char c : address) {
    if (c == '[') in_index = true;
    if (!in_index) plain += c;
    if (c == ']') in_index = false;
  }
  std::vector<std::string> names;
  for (const std::string& part : split(plain, '.')) {
    if (!part.empty() && part != "module") names.push_back(part);
  }
  return names;
}

std::string joined_modules(const std::string& address) {
  return join(modules_in(address), ".");
}

using Written = std::map<std::string, const Value*>;

// The expressions of all resources, by "module.module type.name".
void add_written(const Value* module, const std::string& path, Written& written) {
  const Value* resources = member(module, "resources");
  if (const auto* list = resources == nullptr ? nullptr : resources->as<Array>()) {
    for (const Value& one : *list) {
      if (one.text("mode") == "data") continue;
      written[path + " " + one.text("type") + "." + one.text("name")] = one.find("expressions");
    }
  }
  const Value* calls = member(module, "module_calls");
  if (const auto* members = calls == nullptr ? nullptr : calls->as<Object>()) {
    for (const auto& [name, call] : *members) {
      add_written(call.find("module"), path.empty() ? name : path + "." + name, written);
    }
  }
}

// "aws_security_group.efa" of "aws_security_group.efa[0].id"; "" for what is no resource of AWS.
std::string resource_in(const std::string& reference) {
  if (!reference.starts_with("aws_")) return "";
  const size_t first = reference.find('.');
  if (first == std::string::npos) return "";
  return reference.substr(0, reference.find_first_of(".[", first + 1));
}

// It stands for something else in each instance of the resource.
bool is_of_instance(const std::string& reference) {
  return reference.starts_with("each.") || reference.starts_with("count.") ||
         reference.starts_with("self.");
}

bool is_created(const Value& change) {
  const Value* before = change.find("before");
  return before == nullptr || before->is_null();
}

}  // namespace

PlanIndex::PlanIndex(const Value& plan) {
  Written written;
  add_written(member(plan.find("configuration"), "root_module"), "", written);
  const Value* changes = plan.find("resource_changes");
  const auto* list = changes == nullptr ? nullptr : changes->as<Array>();
  if (list == nullptr) return;
  for (const Value& one : *list) {
    const Value* after = member(one.find("change"), "after");
    if (one.text("mode") != "managed" || after == nullptr || after->as<Object>() == nullptr) {
      continue;
    }
    const Value* index = one.find("index");
    Planned planned{one.text("address"),
                    one.text("module_address"),
                    one.text("type"),
                    one.text("name"),
                    index == nullptr ? "" : render_json(*index),
                    after,
                    member(one.find("change"), "after_unknown"),
                    nullptr,
                    is_created(*one.find("change"))};
    const auto expressions =
        written.find(joined_modules(planned.module) + " " + planned.type + "." + planned.name);
    if (expressions != written.end()) planned.expressions = expressions->second;
    if (const std::string id = after->text("id"); !id.empty()) by_id_.emplace(id, planned.address);
    by_name_.emplace(planned.module + " " + planned.type + "." + planned.name, all_.size());
    all_.push_back(std::move(planned));
  }
}

std::string PlanIndex::address_of(const std::string& id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? "" : found->second;
}

std::vector<const PlanIndex::Planned*> PlanIndex::named(const std::string& module,
                                                        const std::string& type_and_name) const {
  std::vector<const Planned*> found;
  const auto [begin, end] = by_name_.equal_range(module + " " + type_and_name);
  for (auto at = begin; at != end; ++at) found.push_back(&all_[at->second]);
  return found;
}

Term PlanValues::resource_of(const std::string& name, bool by_index) const {
  const std::vector<const PlanIndex::Planned*> found = index_.named(planned_.module, name);
  if (found.size() == 1) return Term::of_resource(found.front()->address, "");
  if (found.empty()) return Term::symbol(planned_.module + " " + name);
  for (const PlanIndex::Planned* one : found) {
    if (by_index && one->index == planned_.index) return Term::of_resource(one->address, "");
  }
  return Term::unknown("which of " + name + " is meant is not in the plan");
}

Term PlanValues::referred(const char* name, bool as_list) const {
  const Value* expression = member(expressions_, name);
  if (expression == nullptr) return {};  // the provider sets it
  const Value* references = member(expression, "references");
  const auto* list = references == nullptr ? nullptr : references->as<Array>();
  std::set<std::string> resources;
  std::set<std::string> others;
  bool by_index = false;
  bool each = false;
  if (list != nullptr) {
    for (const Value& one : *list) {
      const std::string reference = scalar_text(one);
      const std::string resource = resource_in(reference);
      by_index = by_index || reference == "count.index" || reference == "each.key";
      each = each || is_of_instance(reference);
      if (!resource.empty()) resources.insert(resource);
      if (resource.empty() && !is_of_instance(reference)) others.insert(reference);
    }
  }
  const std::string where = planned_.address + ": " + name;
  if (others.empty() && !resources.empty()) {
    Term all{.kind = Term::Kind::kList};
    for (const std::string& one : resources) all.items.push_back(resource_of(one, by_index));
    if (as_list) return all;
    if (all.items.size() == 1) return all.items.front();
    return Term::unknown(where + " is not known before it is applied");
  }
  if (each || !resources.empty() || others.empty()) {
    return Term::unknown(where + " is not known before it is applied");
  }
  return Term::symbol(planned_.module + (planned_.module.empty() ? "" : " ") +
                      join({others.begin(), others.end()}, ", "));
}

bool PlanValues::is_open(const char* name) const {
  const Value* open = member(unknown_, name);
  const bool* whole = open == nullptr ? nullptr : open->as<bool>();
  return whole != nullptr && *whole && member(expressions_, name) != nullptr;
}

Term PlanValues::at(const char* name) const {
  const Value* open = member(unknown_, name);
  if (open != nullptr && open->as<bool>() != nullptr && *open->as<bool>()) {
    return referred(name, false);
  }
  const Value* value = member(after_, name);
  return value == nullptr ? Term{} : known_value(*value, index_);
}

Term PlanValues::list(const char* name) const {
  const Value* open = member(unknown_, name);
  const auto* parts = open == nullptr ? nullptr : open->as<Array>();
  const bool some =
      parts != nullptr && std::any_of(parts->begin(), parts->end(), [](const Value& v) {
        return v.as<bool>() != nullptr && *v.as<bool>();
      });
  const bool whole = open != nullptr && open->as<bool>() != nullptr && *open->as<bool>();
  return some || whole ? referred(name, true) : at(name);
}

std::vector<PlanValues> PlanValues::blocks(const char* name) const {
  std::vector<PlanValues> all;
  const Value* after = member(after_, name);
  const auto* list = after == nullptr ? nullptr : after->as<Array>();
  if (list == nullptr) return all;
  const Value* unknown = member(unknown_, name);
  const Value* written = member(expressions_, name);
  const auto part = [](const Value* value, size_t i) -> const Value* {
    const auto* parts = value == nullptr ? nullptr : value->as<Array>();
    return parts == nullptr || i >= parts->size() ? nullptr : &(*parts)[i];
  };
  for (size_t i = 0; i < list->size(); ++i) {
    // the blocks of a "dynamic" are one expression, or none
    const Value* expression = part(written, i);
    all.push_back({index_, planned_, &(*list)[i], part(unknown, i), expression});
  }
  return all;
}

}  // namespace efa
