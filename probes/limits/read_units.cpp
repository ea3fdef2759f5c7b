// Looks at the unit files of the services through which jobs come, and at the manager's defaults,
// in the order in which systemd applies them. Interface: systemd.unit(5), systemd-system.conf(5).

#include <algorithm>
#include <map>
#include <set>

#include "probes/base/text.h"
#include "probes/limits/continued.h"
#include "probes/limits/doors.h"
#include "probes/limits/parse.h"
#include "probes/limits/read.h"

namespace efa {
namespace {

// The first that has a file of that name has its say; systemd-analyze unit-paths lists them.
constexpr const char* kUnitDirectories[] = {
    "/etc/systemd/system.control",   "/run/systemd/system.control",  "/run/systemd/transient",
    "/run/systemd/generator.early",  "/etc/systemd/system",          "/etc/systemd/system.attached",
    "/run/systemd/system",           "/run/systemd/system.attached", "/run/systemd/generator",
    "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",      "/lib/systemd/system",
    "/run/systemd/generator.late"};
constexpr const char* kManagerDirectories[] = {
    "/etc/systemd", "/run/systemd", "/usr/local/lib/systemd", "/usr/lib/systemd", "/lib/systemd"};
constexpr size_t kMaxDropIns = 64;   // of one unit; more are not looked at, and that is said
constexpr size_t kMaxWants = 64;     // directories of links that enable units
constexpr size_t kMaxAliases = 256;  // units of a directory of which one may be a link to another
// Where systemctl makes links of other names; packages' own are rare.
constexpr std::string_view kAliasDirectories[] = {"/etc/systemd/system", "/run/systemd/system"};
constexpr int kNotThere = 2;  // ENOENT
constexpr int kTooMany = 7;   // E2BIG

// File names and where they are; the first one that was put in stays.
using Files = std::map<std::string, std::string>;

// A unit or drop-in that is a link to /dev/null hides those of its name in later directories.
bool hides(const Look& look, const std::string& path) {
  return look.root.link(path).value_or("").ends_with("/dev/null");
}

class UnitReader {
 public:
  UnitReader(const Look& look, LimitsFacts& facts) : look_(look) {
    for (const char* directory : kUnitDirectories) {
      auto names = look_.root.list(directory);
      if (!names) {
        if (names.error().os_error != kNotThere) {
          facts.unseen.push_back(unseen_of(directory, names.error()));
        }
        continue;
      }
      names_[directory] = {names->begin(), names->end()};
      for (const std::string& name : *names) {
        const bool links =
            name.ends_with(".wants") || name.ends_with(".requires") || name.ends_with(".upholds");
        if (links && wants_.size() < kMaxWants)
          wants_.push_back(std::string(directory) + "/" + name);
      }
      const bool of_administrator =
          std::find(std::begin(kAliasDirectories), std::end(kAliasDirectories),
                    std::string_view(directory)) != std::end(kAliasDirectories);
      if (of_administrator) take_aliases(directory, *names);
    }
  }

  std::optional<UnitOnDisk> read(const std::string& name) const {
    const std::string path = find(name);
    if (path.empty()) return std::nullopt;
    UnitOnDisk unit;
    unit.name = name;
    const std::string target = look_.root.link(path).value_or("");
    const bool other_name = base_name(target).ends_with(".service") && base_name(target) != name;
    const std::vector<std::string> lines = lines_of(path, unit);
    const auto first = lines.empty() ? look_.root.read_bytes(path, 1) : Result<std::string>("[");
    if (hides(look_, path) || (first && first->empty())) {
      unit.state = "masked";
      return unit;
    }
    take(lines, path, unit);
    std::vector<std::string> all_names = {name};
    if (other_name) all_names.push_back(base_name(target));
    const auto aliases = aliases_.find(all_names.back());
    if (aliases != aliases_.end()) {
      for (const std::string& alias : aliases->second) {
        if (alias != name) all_names.push_back(alias);
      }
    }
    unit.state = state_of(all_names, lines);
    for (const auto& [file, place] : drop_ins_of(all_names, unit)) {
      take(lines_of(place, unit), place, unit);
      unit.last_drop_in = file;
    }
    return unit;
  }

 private:
  // "/etc/systemd/system/sshd.service" is a link to ".../ssh.service"
  void take_aliases(const std::string& directory, const std::vector<std::string>& names) {
    size_t looked_at = 0;
    for (const std::string& name : names) {
      if (!name.ends_with(".service") || ++looked_at > kMaxAliases) continue;
      const std::string target = base_name(look_.root.link(directory + "/" + name).value_or(""));
      if (target.ends_with(".service") && target != name) aliases_[target].insert(name);
    }
  }

  [[nodiscard]] std::string find(const std::string& name) const {
    for (const char* directory : kUnitDirectories) {
      const auto names = names_.find(directory);
      if (names != names_.end() && names->second.contains(name)) {
        return std::string(directory) + "/" + name;
      }
    }
    return "";
  }

  std::vector<std::string> lines_of(const std::string& path, UnitOnDisk& unit) const {
    const auto keep = [](const std::string& line) {
      const std::string_view text = trim(line);
      return text.starts_with('[') || text.starts_with("LimitMEMLOCK");
    };
    auto lines =
        look_.root.read_lines(path, keep_whole(systemd_lines(), keep), Sysroot::kSmallFile);
    if (lines) return *lines;
    if (!hides(look_, path)) {
      unit.unseen.push_back(unseen_of(path, lines.error()));
    }
    return {};
  }

  static void take(const std::vector<std::string>& lines, const std::string& path,
                   UnitOnDisk& unit) {
    for (const std::string& value : parse_settings(lines, "[Service]", "LimitMEMLOCK")) {
      unit.memlock.push_back({path, value});
    }
  }

  // Of a name the first directory's link counts; one to /dev/null hides the later ones.
  [[nodiscard]] bool is_wanted(const std::string& unit) const {
    std::set<std::string> seen;  // "multi-user.target.wants"
    for (const std::string& wants : wants_) {
      const std::string path = wants + "/" + unit;
      const bool linked = look_.root.link(path).ok();
      if (linked && seen.insert(base_name(wants)).second && !hides(look_, path)) return true;
    }
    return false;
  }

  [[nodiscard]] std::string state_of(const std::vector<std::string>& names,
                                     const std::vector<std::string>& lines) const {
    for (const std::string& name : names) {
      const std::string socket = name.substr(0, name.size() - 8) + ".socket";  // ".service"
      if (is_wanted(name) || is_wanted(socket)) return "enabled";
    }
    const bool installable = std::any_of(lines.begin(), lines.end(), [](const std::string& line) {
      return trim(line) == "[Install]";
    });
    return installable ? "disabled" : "static";
  }

  // By name, wherever they are; of one name the more specific, and then the first directory's.
  Files drop_ins_of(const std::vector<std::string>& units, UnitOnDisk& unit) const {
    Files files;
    for (const std::string& name : drop_in_names(units)) {
      for (const char* directory : kUnitDirectories) {
        const auto names = names_.find(directory);
        if (names == names_.end() || !names->second.contains(name)) continue;
        const std::string place = std::string(directory) + "/" + name;
        const auto found = look_.root.list(place);
        if (!found) {
          unit.unseen.push_back(unseen_of(place, found.error()));
          continue;
        }
        for (const std::string& file : *found) {
          if (!file.ends_with(".conf")) continue;
          files.try_emplace(file, place + "/" + file);
          if (files.size() <= kMaxDropIns) continue;
          unit.unseen.push_back({place, "too many drop-ins", kTooMany});
          return files;
        }
      }
    }
    return files;
  }

  const Look& look_;
  std::map<std::string, std::set<std::string>> names_;
  std::vector<std::string> wants_;
  std::map<std::string, std::set<std::string>> aliases_;  // of a unit, its other names
};

std::vector<std::string> default_lines(const Look& look, const std::string& path,
                                       LimitsFacts& facts) {
  const auto keep = [](const std::string& line) {
    const std::string_view text = trim(line);
    return text.starts_with('[') || text.starts_with("DefaultLimitMEMLOCK");
  };
  auto lines = look.root.read_lines(path, keep_whole(systemd_lines(), keep), Sysroot::kSmallFile);
  if (lines) return *lines;
  const bool fine = lines.error().os_error == kNotThere || hides(look, path);
  if (!fine) facts.unseen.push_back(unseen_of(path, lines.error()));
  return {};
}

}  // namespace

void read_units(const Look& look, LimitsFacts& facts) {
  const UnitReader units(look, facts);
  std::set<std::string> names;
  for (const DoorRow& row : doors()) {
    for (const char* unit : row.units) {
      if (unit != nullptr && row.door != Door::kNone) names.insert(unit);
    }
  }
  for (const ServiceLimits& service : facts.services) {
    const DoorRow* row = find_door(service.name);
    if (service.unit && row != nullptr && row->door != Door::kNone) names.insert(*service.unit);
  }
  for (const std::string& name : names) {
    auto unit = units.read(name);
    if (unit) facts.units.push_back(std::move(*unit));
  }
}

void read_manager(const Look& look, LimitsFacts& facts) {
  Files drop_ins;
  std::string main;
  for (const char* directory : kManagerDirectories) {
    const std::string path = std::string(directory) + "/system.conf";
    if (main.empty() && look.root.exists(path)) main = path;
    const std::string place = path + ".d";
    for (const std::string& file : look.root.list(place).value_or({})) {
      if (file.ends_with(".conf") && drop_ins.size() < kMaxDropIns) {
        drop_ins.try_emplace(file, place + "/" + file);
      }
    }
  }
  std::vector<std::string> paths;
  if (!main.empty()) paths.push_back(main);
  for (const auto& [file, path] : drop_ins) paths.push_back(path);
  for (const std::string& path : paths) {
    const auto lines = default_lines(look, path, facts);
    for (const std::string& value : parse_settings(lines, "[Manager]", "DefaultLimitMEMLOCK")) {
      facts.manager.push_back({path, value});
      if (!value.empty()) facts.configured.push_back(path + ": DefaultLimitMEMLOCK=" + value);
    }
  }
}

}  // namespace efa
