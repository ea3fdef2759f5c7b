#include "probes/kernel/unblock.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <string_view>

#include "probes/base/text.h"
#include "probes/kernel/modprobe_line.h"

namespace efa {
namespace {

void add(std::string word, std::vector<std::string>& words) {
  if (!is_one_of(word, words)) words.push_back(std::move(word));
}

// A name, which can be a shell's pattern, as sed takes it: "ib_*" -> "ib_\*"
std::string for_sed(std::string_view name) {
  constexpr std::string_view kSpecial = "*?.[]^";
  std::string escaped;
  for (const char c : name) {
    if (kSpecial.find(c) != std::string_view::npos) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string one_of(const std::vector<std::string>& words) {
  return words.size() == 1 ? words.front() : fmt::format("({})", join(words, "|"));
}

// "/etc/modprobe.d/x.conf: blacklist efa"
struct Place {
  std::string file;
  ModprobeLine line;
};

std::optional<Place> place_of(const std::string& where) {
  const size_t colon = where.find(": ");
  if (colon == std::string::npos || where.ends_with(kGoesOn)) return std::nullopt;
  const std::string file = where.substr(0, colon);
  const auto line = parse_modprobe_line(std::string_view(where).substr(colon + 2));
  const bool for_a_shell = line && is_made_of(line->name, "_-:*?.[]^!") &&
                           file.ends_with(".conf") && is_made_of(file, "/._-");
  return for_a_shell ? std::optional(Place{file, *line}) : std::nullopt;
}

}  // namespace

std::vector<std::string> all_that_keeps_out(const KernelFacts& facts) {
  if (!facts.blacklisted_by) return {};
  std::vector<std::string> all = {*facts.blacklisted_by};
  all.insert(all.end(), facts.also_kept_out_by.begin(), facts.also_kept_out_by.end());
  return all;
}

std::string words_of_what_keeps_out(const std::vector<std::string>& all) {
  constexpr size_t kTold = 3;
  if (all.size() <= kTold) return join(all, "; ");
  return fmt::format("{}; and by {} more", join({all.begin(), all.begin() + kTold}, "; "),
                     all.size() - kTold);
}

std::string unblock_command(const std::vector<std::string>& all) {
  std::vector<std::string> files;
  std::map<std::string, std::vector<std::string>> names;  // by keyword
  for (const std::string& where : all) {
    // holds back udev alone
    if (where.starts_with("/proc/cmdline: modprobe.blacklist=")) continue;
    const auto place = place_of(where);
    if (!place) return "";
    add(place->file, files);
    add(for_sed(place->line.name), names[place->line.keyword]);
  }
  if (files.empty()) return all.empty() ? "" : "sudo modprobe efa";
  std::vector<std::string> lines;
  for (const auto& [keyword, of] : names) lines.push_back(keyword + "[[:space:]]+" + one_of(of));
  return fmt::format(
      "sudo sed -i -E 's/^[[:space:]]*{}([[:space:]]|$)/# &/' {} && sudo modprobe efa",
      one_of(lines), join(files, " "));
}

}  // namespace efa
