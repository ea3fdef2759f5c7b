// Each file that the probes read of a machine, once unreadable and once garbage: no alarm, no value
// made of it, and something names it. All in this process: hundreds of passes in seconds.

#include <fnmatch.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>

#include "agent/pass/conclude.h"
#include "probes/base/text.h"
#include "probes/judging/table.h"
#include "tests/support/said.h"
#include "tests/support/synthetic_node.h"

namespace efa {
namespace {

namespace fs = std::filesystem;

struct Exception {
  const char* file;  // a pattern of the kind of file: kind_of()
  const char* why;
};

// Of which garbage is a fault, with the file as it is.
constexpr Exception kTrulyFaults[] = {
    {"1d0f:efa? driver_override", "the kernel binds no driver but the one that is named there"},
};

// That no verdict rests on, where nothing else is wrong.
constexpr Exception kNeedNoName[] = {
    {"/sys/module/efa/initstate", "asked only of a driver without a version"},
    {"/sys/module/efa/refcnt", "chooses the words of a remedy"},
    {"/sys/module/nvidia/version", "/proc/driver/nvidia/version tells it too"},
    {"/proc/driver/nvidia/version", "the module's version and taint tell it too"},
    {"/sys/devices/virtual/dmi/id/board_asset_tag", "the instance's name"},
    {"1d0f:* class", "the ids tell what it is"},
    {"8086:* class", "the vendor tells that it is none of those"},
    {"10de:* device", "the class tells that it is a GPU"},
    {"8086:* device", "the vendor tells that it is none of those"},
    {"1d0f:efa? enable", "only told"},
    {"1d0f:efa? max_link_*", "no measure: judge_link.cpp"},
    {"10de:* numa_node", "drawn in the topology; what is near goes by the tree"},
    {"1d0f:* infiniband/*/node_guid", "only told"},
    {"1d0f:* infiniband/*/ports//rate", "only told"},
    {"1d0f:* infiniband/*/ports//state", "only told: the driver hard-codes it"},
    {"1d0f:* infiniband_verbs/uverbs/dev", "of device nodes, for which files stand here"},
    {"1d0f:* net/*", "of the other interfaces nothing is judged here"},
    {"/proc/meminfo", "a size of pages that is not told is the usual one"},
    {"/proc/1/limits", "nobody's jobs"},
    {"/proc/700/limits", "sshd's: pam_limits gives a login its own"},
    {"/proc/sys/kernel/hostname", "the machine's name"},
    {"/proc/sys/kernel/random/boot_id", "the boot's name"},
    {"/proc/sys/kernel/tainted", "the kernel's log shows a crash as well"},
    {"/etc/os-release", "the system's name"},
    {"/etc/modules-load.d/efa.conf", "what runs says whether it was loaded"},
};

// Of these garbage is an answer: any text is a name, and what is no line of theirs says nothing.
constexpr Exception kTakeAnyText[] = {
    {"/proc/*/comm", "a process may have any name"},
    {"/sys/module/efa/version", "a build may be named so; who compares it says where that fails"},
    {"/etc/ssh/*", "without UsePAM sshd uses none"},
    {"/etc/pam.d/*", "a stack without pam_limits"},
    {"/etc/security/*", "pam_limits passes over what is no line of its"},
};

template <size_t size>
bool is_of(const Exception (&rows)[size], const std::string& kind) {
  return std::any_of(std::begin(rows), std::end(rows),
                     [&](const Exception& row) { return fnmatch(row.file, kind.c_str(), 0) == 0; });
}

// A tree of tests/nodes with few devices, gone when this is.
class Machine {
 public:
  explicit Machine(const std::string& name)
      : directory_(made_directory()), tree_(directory_.string()) {
    constexpr size_t kFew = 4;
    Result<SyntheticNode> node =
        read_synthetic_node(std::string(TEST_NODES) + "/" + name + "/node.json");
    if (!node) std::abort();
    set_efa_count(*node, kFew);
    write_node(*node, tree_);
  }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
  ~Machine() {
    std::error_code error;
    fs::remove_all(directory_, error);
  }

  [[nodiscard]] const Tree& tree() const { return tree_; }
  [[nodiscard]] const fs::path& directory() const { return directory_; }
  [[nodiscard]] std::string text(const std::string& path) const {
    std::ifstream in(tree_.at(path), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

 private:
  static fs::path made_directory() {
    std::string pattern = testing::TempDir() + "bad-file-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) std::abort();
    return fs::canonical(pattern);
  }

  fs::path directory_;
  Tree tree_;
};

struct Told {
  std::map<std::pair<std::string, std::string>, Finding> findings;  // by code and subject
  std::string facts;
};

// What one pass says, of the probes that are no programs of their own; `read`: the files it read.
Told told_of(const fs::path& directory, std::set<std::string>* read = nullptr) {
  std::vector<ProbeRun> runs;
  for (const ProbeRow& row : probe_table()) {
    if (row.only_when_asked) continue;
    ProbeRun run;
    run.outcome.name = row.name;
    if (row.read != nullptr && !row.live_only) {
      Result<Sysroot> root = Sysroot::open(directory.string());
      if (!root) std::abort();
      const auto note = [&](const Value& look) {
        constexpr std::string_view kOfContent[] = {"read", "bytes", "part", "lines"};
        if (is_one_of(look.text("look"), kOfContent)) read->insert(look.text("path"));
      };
      if (read != nullptr) root->record_to(note);
      Said said;
      said.read(*root, row.read);
      run.outcome.status = ProbeStatus::kOk;
      EXPECT_TRUE(run.transcript.take(join(said.lines(), "\n") + "\n")) << row.name;
    }
    runs.push_back(std::move(run));
  }
  Recording recording;
  recording.live = false;
  const Result<Conclusion> conclusion = conclude(recording, runs);
  if (!conclusion) std::abort();
  Told told;
  for (const Finding& finding : conclusion->report.diagnosis.findings) {
    told.findings[{std::string(finding.check->code), finding.subject}] = finding;
  }
  for (const auto& [probe, facts] : conclusion->report.facts) told.facts += render_json(facts);
  return told;
}

std::string without_digits(std::string text) {
  std::erase_if(text, [](unsigned char c) { return std::isdigit(c) != 0; });
  return text;
}

// One of each is enough: "1d0f:efa0 numa_node", "1d0f:efa0 infiniband/rdmaps/node_guid" of what is
// behind a PCI function, else the path.
std::string kind_of(const Machine& machine, const std::string& path) {
  std::string function;
  std::string rest;
  std::string walked;
  for (const std::string& part : split(path, '/')) {
    if (part.empty()) continue;
    walked += "/" + part;
    if (PciAddress::from_text(part) && path.starts_with("/sys/devices/")) {
      function = walked;
      rest.clear();
    } else {
      rest += (rest.empty() ? "" : "/") + part;
    }
  }
  if (function.empty()) return path;
  const auto id = [&](const char* file) {
    const std::string text(trim(machine.text(function + "/" + file)));
    return text.starts_with("0x") ? text.substr(2) : text;
  };
  constexpr std::string_view kCounters = "hw_counters/";  // all are read alike
  const size_t counters = rest.find(kCounters);
  if (counters != std::string::npos) rest.resize(counters + kCounters.size());
  return id("vendor") + ":" + id("device") + " " + without_digits(rest);
}

struct File {
  std::string path;
  std::set<std::string> read_as;  // also through links, as below /sys/class
};

// By kind, of the kernel's own and of what is configured and installed.
std::map<std::string, File> files_of(const Machine& machine, const std::set<std::string>& read) {
  std::map<std::string, File> files;
  for (const std::string& name : read) {
    std::error_code error;
    const fs::path real = fs::canonical(machine.tree().at(name), error);
    if (error || !fs::is_regular_file(real)) continue;
    const std::string path = "/" + real.lexically_relative(machine.directory()).string();
    const bool wanted = path.starts_with("/sys/") || path.starts_with("/proc/") ||
                        path.starts_with("/etc/") || path.starts_with("/opt/");
    if (!wanted) continue;
    File& file = files[kind_of(machine, path)];
    if (file.path.empty()) file.path = path;
    if (file.path == path) file.read_as.insert(name);
  }
  return files;
}

bool is_alarm(const Finding& finding) {
  return finding.result == FindingResult::kFail && finding.check->severity != Severity::kInfo;
}

std::string text_of(const Finding& finding) {
  return finding.message + " " + finding.evidence.observed + " " + finding.evidence.source;
}

// "gids/0" of /sys/class/infiniband/rdmap16s27/ports/1/gids/0
std::string end_of(const std::string& path) {
  const size_t last = path.rfind('/');
  const size_t before = path.rfind('/', last - 1);
  return path.substr(before + 1);
}

const Finding* find_in(const Told& told, const std::pair<std::string, std::string>& key) {
  const auto found = told.findings.find(key);
  return found == told.findings.end() ? nullptr : &found->second;
}

std::string alarms_of(const Told& before, const Told& after) {
  std::string words;
  for (const auto& [key, finding] : after.findings) {
    const Finding* was = find_in(before, key);
    if (!is_alarm(finding) || (was != nullptr && is_alarm(*was))) continue;
    words += key.first + " " + key.second + ": " + finding.message + "\n";
  }
  return words;
}

// A "?" or nothing where a value was.
std::string lost_values_of(const Told& before, const Told& after) {
  std::string words;
  for (const auto& [key, finding] : after.findings) {
    const Finding* was = find_in(before, key);
    const bool asks = text_of(finding).find('?') != std::string::npos;
    const bool asked = was != nullptr && text_of(*was).find('?') != std::string::npos;
    const bool lost = finding.result == FindingResult::kPass && was != nullptr &&
                      finding.evidence.observed.empty() && !was->evidence.observed.empty();
    if ((asks && !asked) || lost) words += key.first + ": " + text_of(finding) + "\n";
  }
  return words;
}

bool is_named(const File& file, const Told& before, const Told& after) {
  for (const std::string& name : file.read_as) {
    const std::string unseen = R"("what":")" + name + "\"";
    const bool told = after.facts.find(unseen) != std::string::npos;
    if (told && before.facts.find(unseen) == std::string::npos) return true;
    for (const auto& [key, finding] : after.findings) {
      const Finding* was = find_in(before, key);
      const bool changed = was == nullptr || was->result != finding.result;
      const bool bad = finding.result == FindingResult::kUnknown || is_alarm(finding);
      if (changed && bad && text_of(finding).find(end_of(name)) != std::string::npos) return true;
    }
  }
  return false;
}

struct Row {
  const char* node;
  bool garbage;
};

class OneBadFile : public testing::TestWithParam<Row> {};

TEST_P(OneBadFile, IsUnknownAndNamedAndNoAlarm) {
  const auto [name, garbage] = GetParam();
  const Machine machine(name);
  std::set<std::string> read;
  const Told before = told_of(machine.directory(), &read);
  const std::map<std::string, File> files = files_of(machine, read);
  constexpr size_t kAtLeast = 50;
  EXPECT_GT(files.size(), kAtLeast) << "else this proves little";
  for (const auto& [kind, file] : files) {
    const std::string text = machine.text(file.path);
    machine.tree().remove(file.path);
    if (garbage) {
      machine.tree().file(file.path, "\x01garbage");
    } else {
      machine.tree().directory(file.path);  // gives EISDIR, for root too
    }
    const Told after = told_of(machine.directory());
    machine.tree().remove(file.path);
    machine.tree().file(file.path, text);
    const bool truly = garbage && is_of(kTrulyFaults, kind);
    EXPECT_EQ(truly ? "" : alarms_of(before, after), "") << kind;
    EXPECT_EQ(lost_values_of(before, after), "") << kind;
    const bool nameless = is_of(kNeedNoName, kind) || (garbage && is_of(kTakeAnyText, kind));
    EXPECT_TRUE(nameless || is_named(file, before, after)) << kind << ": " << file.path;
  }
}

INSTANTIATE_TEST_SUITE_P(All, OneBadFile,
                         testing::Values(Row{"p4d.24xlarge", false}, Row{"p4d.24xlarge", true},
                                         Row{"p5.48xlarge", false}, Row{"p5.48xlarge", true}),
                         [](const auto& parameter) {
                           std::string name = parameter.param.node;
                           std::erase_if(name,
                                         [](unsigned char c) { return std::isalnum(c) == 0; });
                           return name + (parameter.param.garbage ? "Garbage" : "Unreadable");
                         });

}  // namespace
}  // namespace efa
