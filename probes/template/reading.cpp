#include "probes/template/reading.h"

#include <algorithm>
#include <memory>
#include <set>

#include "probes/base/printable.h"
#include "probes/base/text.h"
#include "probes/base/times.h"
#include "probes/judging/instance_types.h"
#include "probes/template/cycles.h"
#include "probes/template/groups.h"
#include "probes/template/launches.h"
#include "probes/template/nodes.h"
#include "probes/template/plan.h"
#include "probes/template/roles.h"

namespace efa {
namespace {

constexpr const char* kElsewhere = "a template does not say it";

std::string shortened(const std::set<std::string>& reasons) {
  constexpr size_t kMost = 3;
  std::vector<std::string> few(
      reasons.begin(),
      std::next(reasons.begin(), static_cast<std::ptrdiff_t>(std::min(kMost, reasons.size()))));
  if (reasons.size() > kMost) few.push_back(std::to_string(reasons.size() - kMost) + " more");
  return printable(join(few, "; "));
}

class Reading {
 public:
  Reading(const TemplateQuestion& question, const ReadBeside& read_beside)
      : question_(question), read_beside_(read_beside) {
    world_.child = [this](const Value& resource, const std::string& id) {
      return read_child(resource, id);
    };
    world_.exported = [this](const std::string& name) { return find_exported(name); };
  }

  AccountFacts take();

 private:
  void make_stacks();
  std::optional<Value> read_child(const Value& resource, const std::string& id);
  std::optional<Term> find_exported(const std::string& name);
  void add_planned(std::vector<TemplateResource>& resources);
  void put_places(const std::vector<TemplateResource>& resources);
  void put_types();
  void put_groups(const TemplateGroups& groups);
  void put_sections();
  void add_section(const char* name, const std::set<std::string>& reasons);

  const TemplateQuestion& question_;
  const ReadBeside& read_beside_;
  TemplateNotes notes_;
  TemplateWorld world_{.child = {}, .exported = {}, .notes = notes_};
  std::vector<std::unique_ptr<TemplateStack>> stacks_;
  std::map<std::string, std::string> files_;  // of stacks, by the prefix of their resources
  AccountFacts facts_;
};

void Reading::make_stacks() {
  TemplateStack::Parameters given;
  for (const auto& [name, value] : question_.parameters) given[name] = Term::of_text(value);
  for (const NamedTemplate& one : question_.templates) {
    const std::string prefix = question_.templates.size() == 1 ? "" : one.name + "/";
    if (one.is_plan) continue;
    files_[prefix] = one.file;
    stacks_.push_back(std::make_unique<TemplateStack>(one.content, prefix, given, world_));
  }
  for (const auto& parameter : question_.parameters) {
    const std::string& name = parameter.first;
    const bool known = name.starts_with("AWS::") ||
                       std::any_of(stacks_.begin(), stacks_.end(),
                                   [&](const auto& stack) { return stack->has_parameter(name); });
    if (!known) notes_.note("no template has the parameter " + name);
  }
}

// CDK says in the metadata which file it is, who packs templates later in the URL.
std::optional<Value> Reading::read_child(const Value& resource, const std::string& id) {
  const Value* metadata = resource.find("Metadata");
  const Value* properties = resource.find("Properties");
  std::string name = metadata == nullptr ? "" : metadata->text("aws:asset:path");
  if (name.empty() && properties != nullptr) name = properties->text("TemplateURL");
  if (name.empty() || name.find("://") != std::string::npos) {
    notes_.missing.push_back("the template of the nested stack " + id + " is not here");
    return std::nullopt;
  }
  const size_t slash = id.rfind('/');
  const std::string parent = slash == std::string::npos ? "" : id.substr(0, slash + 1);
  Result<NamedTemplate> read = read_beside_(files_[parent], name);
  if (!read) {
    notes_.missing.push_back("the nested stack " + id + ": " + message_of(read.error()));
    return std::nullopt;
  }
  files_[id + "/"] = read->file;
  return std::move(read->content);
}

void Reading::add_planned(std::vector<TemplateResource>& resources) {
  for (const NamedTemplate& one : question_.templates) {
    if (!one.is_plan) continue;
    Result<std::vector<TemplateResource>> planned = resources_of_plan(one.content, notes_);
    if (!planned) {
      notes_.missing.push_back(one.file + ": " + message_of(planned.error()));
      continue;
    }
    for (TemplateResource& resource : *planned) resources.push_back(std::move(resource));
  }
}

std::optional<Term> Reading::find_exported(const std::string& name) {
  for (const auto& stack : stacks_) {
    if (std::optional<Term> value = stack->exported(name)) return value;
  }
  return std::nullopt;
}

void Reading::put_places(const std::vector<TemplateResource>& resources) {
  for (const TemplateResource& one : resources) {
    const Term& own = one.properties;
    if (one.type == "AWS::EC2::PlacementGroup") {
      AccountPlacementGroup group{.name = one.id};
      if (one.may_miss.empty()) group.strategy = own.at("Strategy").known_text();
      group.state = "available";
      facts_.placement_groups.push_back(std::move(group));
    } else if (one.type == "AWS::EC2::CapacityReservation") {
      AccountReservation reservation{.id = one.id};
      const Term end = own.at("EndDate");
      if (end.is_text()) reservation.ends_ms = parse_iso_time_ms(end.text);
      if (end.is_nothing() || reservation.ends_ms) reservation.state = "active";
      facts_.reservations.push_back(std::move(reservation));
    }
  }
}

void Reading::put_types() {
  std::set<std::string> unknown;
  std::set<std::string> done;
  for (const AccountInstance& instance : facts_.instances) {
    if (!instance.type || !done.insert(*instance.type).second) continue;
    const InstanceTypes row = built_in_row(*instance.type);
    if (row.empty() || !row.begin()->second.efa) {
      unknown.insert(*instance.type + " is not among the types that efa-doctor knows");
      continue;
    }
    const InstanceType& known = row.begin()->second;
    facts_.types.push_back(
        {.name = *instance.type, .efa = known.efa, .most_efa = known.max_efa_interfaces});
  }
  add_section(kTypesSection, unknown);
}

void Reading::put_groups(const TemplateGroups& groups) {
  facts_.groups = groups.groups();
  std::set<std::string> reasons;
  for (const AccountInstance& instance : facts_.instances) {
    for (const AccountInterface& interface : instance.interfaces) {
      const bool efa = interface.type == "efa" || interface.type == "efa-only";
      if (!efa || !interface.groups) continue;
      for (const std::string& group : *interface.groups) {
        const std::string why = groups.why_incomplete(group);
        if (!why.empty()) reasons.insert(why);
      }
    }
  }
  add_section(kRulesSection, reasons);
}

void Reading::add_section(const char* name, const std::set<std::string>& reasons) {
  AccountSection section;
  section.name = name;
  section.status = reasons.empty() ? SectionStatus::kOk : SectionStatus::kPartial;
  section.words = shortened(reasons);
  facts_.sections.push_back(std::move(section));
}

void Reading::put_sections() {
  add_section(kInstancesSection, {notes_.missing.begin(), notes_.missing.end()});
  add_section(kPlacementGroupsSection, {"the template does not make it"});
  add_section(kReservationsSection, {"the template does not make it"});
  add_section(kVolumesSection, {});
  add_section(kProfilesSection, {"the template does not make it"});
  add_section(kRightsSection, {"not all policies of the role were read"});
  for (const char* name : {kManagedSection, kSessionsSection}) {
    AccountSection section;
    section.name = name;
    section.words = kElsewhere;
    facts_.sections.push_back(std::move(section));
  }
}

AccountFacts Reading::take() {
  make_stacks();
  std::vector<TemplateResource> resources;
  for (const auto& stack : stacks_) {
    for (TemplateResource& one : stack->resources()) resources.push_back(std::move(one));
  }
  add_planned(resources);
  for (TemplateFault& circle : circles_in(resources)) notes_.faults.push_back(std::move(circle));
  TemplateGroups groups(resources);
  TemplateNodes nodes(resources, groups);
  TemplateRoles roles(resources);
  for (const TemplateLaunch& launch : launches_of(resources, notes_)) {
    if (!launch.may_miss.empty()) {
      notes_.missing.push_back(launch.id + ": the condition " + launch.may_miss + " is not known");
    }
    const Term interfaces = launch.data.at("NetworkInterfaces");
    if (interfaces.is_unknown()) notes_.missing.push_back(launch.id + ": " + interfaces.text);
    nodes.add(launch, roles.profile_of(launch));
  }
  if (nodes.left_out())
    notes_.missing.emplace_back("it launches more kinds of nodes than are read");
  if (!notes_.faults.empty()) groups.refuse();
  nodes.put_into(facts_);
  roles.put_into(facts_);
  put_places(resources);
  put_types();
  put_groups(groups);
  put_sections();
  facts_.asked_ms = question_.asked_ms;
  facts_.source = kTemplateSource;
  facts_.from_template.emplace();
  facts_.from_template->notes = notes_.notes;
  for (const TemplateFault& fault : notes_.faults) {
    facts_.from_template->invalid.push_back({fault.resource, fault.words});
  }
  return std::move(facts_);
}

}  // namespace

AccountFacts facts_of(const TemplateQuestion& question, const ReadBeside& read_beside) {
  return Reading(question, read_beside).take();
}

AccountFacts unread_templates(const std::string& why) {
  AccountFacts facts;
  facts.source = kTemplateSource;
  facts.sections.push_back({kInstancesSection, SectionStatus::kFailed, "", printable(why)});
  return facts;
}

}  // namespace efa
