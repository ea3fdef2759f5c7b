// The known ways in which EFA fails: each is made on a machine and found there, as the only cause,
// by the checks that it names, or it is said why not. What one node cannot show: beyond_node_test.
// `node-tests --gtest_filter=Modes.*` prints them: mode, check, scenario, found.

#include "probes/judging/modes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <set>

#include "probes/judging/table.h"
#include "tests/modes/mode_case.h"
#include "tests/modes/of_node.h"

namespace efa {
namespace {

constexpr int kModes = 90;

using Key = std::pair<std::string, std::string>;  // mode, check

std::map<Key, std::function<Value()>> all_machines() {
  std::map<Key, std::function<Value()>> machines;
  for (const auto& cases : {modes_of_attachment(), modes_of_driver(), modes_of_devices(),
                            modes_of_gpus(), modes_of_jobs()}) {
    for (const ModeCase& row : cases) {
      EXPECT_TRUE(machines.emplace(Key{row.mode, row.check}, row.look).second)
          << row.mode << " " << row.check << " twice";
    }
  }
  return machines;
}

constexpr const char* kGroup = "sg-0123456789abcdef0";  // of the healthy node's interfaces

// It names what it saw and what that can mean: which of these, a node does not show.
constexpr const char* kNeverFails = "jobs.efa-quiet";

// What of it is said to be unknown.
const char* unknown_words_of(std::string_view check) {
  if (check == kNeverFails) return "goes by TCP";
  return check == "cloud.not-seen-from-here" ? "of its peers" : kGroup;
}

// What only AWS's API tells is told to be unknown, and of which security group.
bool is_unknown(const Value& report, std::string_view check, const char* words) {
  const Value* findings = report.find("findings");
  const Array none;
  const Array& all = findings == nullptr ? none : *findings->as<Array>();
  return std::any_of(all.begin(), all.end(), [check, words](const Value& finding) {
    return finding.text("code") == check && finding.text("result") == "unknown" &&
           finding.text("message").find(words) != std::string::npos;
  });
}

bool is_found(const Said& said, std::string_view check) {
  return std::any_of(said.faults.begin(), said.faults.end(),
                     [check](const Fault& fault) { return std::get<0>(fault) == check; });
}

// Nothing but the check is blamed.
bool is_blamed_alone(const Said& said, std::string_view check) {
  return std::all_of(said.causes.begin(), said.causes.end(),
                     [check](const std::string& cause) { return cause == check; });
}

void look_for(const Mode& mode, const Sighting& sighting, const std::function<Value()>& look) {
  const Value report = look();
  const Said said = said_of(report);
  const bool asks = sighting.check == kNeverFails;
  const bool found = mode.sight == ModeSight::kFound && !asks
                         ? is_found(said, sighting.check)
                         : is_unknown(report, sighting.check, unknown_words_of(sighting.check));
  EXPECT_TRUE(found && is_blamed_alone(said, sighting.check))
      << mode.id << " " << sighting.check << ", said: " << said.verdict << "\n"
      << said.words;
  std::printf("%s, %s, %s: %s\n", std::string(mode.id).c_str(), std::string(sighting.check).c_str(),
              std::string(sighting.scenario).c_str(),
              found ? mode_sight_text(mode.sight) : "missed");
}

TEST(Modes, AllAreThereInTheirOrder) {
  int number = 0;
  for (const Mode& mode : all_modes()) {
    ++number;
    EXPECT_EQ(mode.id, (number < 10 ? "F0" : "F") + std::to_string(number));
    EXPECT_NE(mode.title, "") << mode.id;
  }
  EXPECT_EQ(number, kModes);
}

TEST(Modes, OneThatIsNotFoundSaysWhy) {
  for (const Mode& mode : all_modes()) {
    const bool found = mode.sight == ModeSight::kFound;
    EXPECT_EQ(mode.why.empty(), found) << mode.id;
    const auto seen_by = mode.sightings();
    EXPECT_TRUE(!found || std::any_of(seen_by.begin(), seen_by.end(), is_of_node)) << mode.id;
  }
}

TEST(Modes, EachHasAMachineForEachCheckThatSeesIt) {
  std::set<Key> named;
  for (const Mode& mode : all_modes()) {
    for (const Sighting& sighting : mode.sightings()) {
      EXPECT_NE(find_check(sighting.check), nullptr) << mode.id << " " << sighting.check;
      EXPECT_NE(sighting.scenario, "") << mode.id << " " << sighting.check;
      if (is_of_node(sighting)) named.emplace(mode.id, sighting.check);
    }
  }
  std::set<Key> made;
  for (const auto& [key, look] : all_machines()) made.insert(key);
  EXPECT_EQ(made, named);
}

// So that what is found on a machine is what was made on it.
TEST(Modes, AnUnchangedMachineSaysNothing) {
  const std::pair<const char*, std::function<Value()>> machines[] = {
      {"live", live_machine([](Scene& /*as it is*/) {})},
      {kP4d, machine(kP4d, as_it_is)},
      {kP5, machine(kP5, as_it_is)},
  };
  for (const auto& [name, look] : machines) {
    const Said said = said_of(look());
    EXPECT_EQ(said.verdict, "healthy") << name;
    EXPECT_EQ(said.faults, std::set<Fault>()) << name << "\n" << said.words;
    EXPECT_EQ(said.causes, std::set<std::string>()) << name;
  }
}

TEST(Modes, EachIsFoundOnItsMachineAndBlamedAlone) {
  const auto machines = all_machines();
  for (const Mode& mode : all_modes()) {
    if (mode.sightings().empty()) {
      std::printf("%s, -, -: %s, %s\n", std::string(mode.id).c_str(), mode_sight_text(mode.sight),
                  std::string(mode.why).c_str());
    }
    for (const Sighting& sighting : mode.sightings()) {
      const auto machine = machines.find({std::string(mode.id), std::string(sighting.check)});
      if (machine != machines.end()) look_for(mode, sighting, machine->second);
    }
  }
}

}  // namespace
}  // namespace efa
