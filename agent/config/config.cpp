#include "agent/config/config.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <optional>

#include "agent/config/expect.h"
#include "probes/base/files.h"
#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
// its own assertions fail on "[[["; what follows them reports that as an error
#define TOML_ASSERT(expression) static_cast<void>(0)
#define TOML_MAX_NESTED_VALUES 16
#include <toml++/toml.h>

#include "agent/config/near_miss.h"
#include "agent/config/s3_settings.h"
#include "agent/config/toml_bounds.h"
#include "probes/base/bounds.h"
#include "probes/base/text.h"
#include "probes/base/url.h"
#include "probes/protocol/pci_address.h"

namespace efa {
namespace {

constexpr const char* kTableOfChecks = "checks";

Error error_at(const std::string& path, const toml::source_region& source,
               const std::string& what) {
  return {ErrorKind::kMalformed, path + ":" + std::to_string(source.begin.line), what};
}

const Setting* find_setting(const std::string& key) {
  for (const Setting& setting : settings()) {
    if (key == setting.key) return &setting;
  }
  return nullptr;
}

bool holds_control_characters(const std::string& text) {
  return std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 127; });
}

using Text = std::string& (*)(Config&);
using Flag = bool& (*)(Config&);
using Number = int64_t& (*)(Config&);
using Addresses = std::vector<std::string>& (*)(Config&);

// Why the value is not taken; "" when it is.
std::string take_text(const Setting& setting, const toml::node& node, std::string& text) {
  const auto value = node.value_exact<std::string>();
  const auto number = node.value_exact<int64_t>();
  if (!value && !(setting.number_too && number)) {
    return setting.number_too ? "must be a string or a whole number" : "must be a string";
  }
  if (value && holds_control_characters(*value)) return "contains control characters";
  text = value ? *value : std::to_string(*number);
  return "";
}

std::string take_addresses(const toml::node& node, std::vector<std::string>& addresses) {
  constexpr const char* kWanted = "must be a list of PCI addresses, as [\"0000:10:1b.0\"]";
  const toml::array* array = node.as_array();
  if (array == nullptr || array->size() > kMaxDevices) return kWanted;
  for (const toml::node& element : *array) {
    const auto text = element.value_exact<std::string>();
    const auto address = text ? PciAddress::from_text(*text) : std::nullopt;
    if (!address) return kWanted;
    addresses.push_back(address->to_text());
  }
  return "";
}

std::string take_number(const Setting& setting, const toml::node& node, int64_t& number) {
  const auto value = node.value_exact<int64_t>();
  if (!value) return "must be a whole number";
  if (*value < setting.least || *value > setting.most) {
    return fmt::format("must be from {} to {}", setting.least, setting.most);
  }
  number = *value;
  return "";
}

std::string take_flag(const toml::node& node, bool& flag) {
  const auto value = node.value_exact<bool>();
  if (!value) return "must be true or false";
  flag = *value;
  return "";
}

std::string take(const Setting& setting, const toml::node& node, Config& config) {
  if (const auto* field = std::get_if<Text>(&setting.field)) {
    return take_text(setting, node, (*field)(config));
  }
  if (const auto* field = std::get_if<Addresses>(&setting.field)) {
    return take_addresses(node, (*field)(config));
  }
  if (const auto* field = std::get_if<Flag>(&setting.field)) {
    return take_flag(node, (*field)(config));
  }
  if (const auto* field = std::get_if<Number>(&setting.field)) {
    return take_number(setting, node, (*field)(config));
  }
  const auto* limit = std::get_if<int64_t CounterLimits::*>(&setting.field);
  return limit == nullptr ? "is a table" : take_number(setting, node, config.counters.**limit);
}

using SomeErrors = std::vector<std::pair<toml::source_index, Error>>;  // by line

// Where what is wrong is noted.
struct Taker {
  std::string path;
  Config config;
  SomeErrors errors;
  std::vector<std::string> unknown;  // settings whose values are not known, as they are wrong
  std::map<std::string, toml::source_region> set;  // where each setting is

  void note(const toml::source_region& source, const std::string& what) {
    errors.emplace_back(source.begin.line, error_at(path, source, what));
  }

  // TOML takes a.b and "a.b" for two keys, we for one.
  void note_set(const std::string& key, const toml::source_region& source) {
    const auto [before, is_new] = set.emplace(key, source);
    if (is_new) return;
    const auto& [first, second] = std::minmax(before->second.begin.line, source.begin.line);
    errors.emplace_back(second, Error{ErrorKind::kMalformed, fmt::format("{}:{}", path, second),
                                      fmt::format("{} is set in line {} too", key, first)});
  }
};

// Of settings, or of the tables that they are in.
std::vector<std::string_view> all_keys(bool of_tables) {
  std::vector<std::string_view> keys;
  for (const Setting& setting : settings()) {
    const std::string_view key = setting.key;
    const size_t dot = key.find('.');
    if (!of_tables || dot != key.npos) keys.push_back(of_tables ? key.substr(0, dot) : key);
  }
  return keys;
}

bool is_code(const std::string& code) {
  return parse_weights({{code, "off"}}).ok();
}

// A setting of the whole node that was written below [checks].
std::string meant_above(const std::string& code, const std::string& why) {
  const bool answered = is_code(code) || why.ends_with('?');
  return answered ? "" : near_miss(code, all_keys(/*of_tables=*/false));
}

void take_weight(const std::string& code, const toml::node& node, Taker& taker) {
  const std::string word = node.value_exact<std::string>().value_or("");
  const Result<Weights> weight = parse_weights({{code, word}});
  const std::string_view judge = judge_without_weights(code);
  if (!weight) {
    const std::string& why = weight.error().what;
    taker.note(node.source(), fmt::format("checks.{}: {}{}", code, why, meant_above(code, why)));
  } else if (!judge.empty()) {
    taker.note(node.source(),
               fmt::format("checks.{}: has no effect: {} alone judges it, and takes no weights",
                           code, judge));
  } else {
    taker.config.pass.checks[code] = word;
  }
}

// Codes have a dot in them: with and without quotes around a code its words are the same.
void take_weights(const toml::table& table, const std::string& prefix, Taker& taker) {
  for (const auto& [key, node] : table) {
    const std::string code = prefix + std::string(key.str());
    const toml::table* inner = node.as_table();
    if (inner != nullptr && !is_code(code)) {
      take_weights(*inner, code + ".", taker);
      continue;
    }
    taker.note_set(fmt::format("{}.{}", kTableOfChecks, code), node.source());
    take_weight(code, node, taker);
  }
}

// "checks.CODE" is one of them.
bool is_table_of_settings(const std::string& name) {
  for (const Setting& setting : settings()) {
    if (std::string(setting.key).starts_with(name + ".")) return true;
  }
  return false;
}

void take_table(const toml::table& table, const std::string& prefix, Taker& taker) {
  for (const auto& [key, node] : table) {
    const std::string name = prefix + std::string(key.str());
    const Setting* setting = find_setting(name);
    if (setting != nullptr) {
      taker.note_set(name, node.source());
      const std::string why = take(*setting, node, taker.config);
      if (why.empty()) continue;
      taker.note(node.source(), fmt::format("{} {}", name, why));
      taker.unknown.push_back(name);
    } else if (node.is_table() && name == kTableOfChecks) {
      take_weights(*node.as_table(), "", taker);
    } else if (node.is_table() && is_table_of_settings(name)) {
      take_table(*node.as_table(), name + ".", taker);
    } else if (is_table_of_settings(name)) {
      taker.note(key.source(), fmt::format("{0} must be a table, as [{0}]", name));
    } else {
      taker.note(key.source(),
                 fmt::format("unknown key '{}'{}", name,
                             near_miss(name, all_keys(/*of_tables=*/node.is_table()))));
    }
  }
}

// A relative one would depend on where the program is started.
std::vector<Error> check_paths(Config& config) {
  std::vector<Error> errors;
  for (const Setting& setting : settings()) {
    if (setting.path == Path::kNone) continue;
    const std::string& value = (*std::get_if<Text>(&setting.field))(config);
    const bool needed = setting.path == Path::kNeeded;
    if (value.starts_with('/') || (value.empty() && !needed)) continue;
    errors.push_back({ErrorKind::kMalformed, setting.key, "must be an absolute path"});
  }
  return errors;
}

Result<Done> check_metadata(Config& config) {
  if (config.metadata.endpoint.empty()) return Done{};
  const Result<Url> server = parse_server(config.metadata.endpoint, "metadata.endpoint");
  if (!server) return server.error();
  config.metadata.endpoint = server->origin();  // without the '/' at its end
  return Done{};
}

Result<Done> check_expect(const Config& config) {
  const Result<ExpectSetting> expect = parse_expect(config.pass.expect);
  return expect ? Result<Done>(Done{}) : Result<Done>(expect.error());
}

// The default gives way to a short deadline_ms, what was set does not.
Result<Done> check_device_deadline(Taker& taker) {
  PassConfig& pass = taker.config.pass;
  if (pass.device_deadline_ms < pass.deadline_ms) return Done{};
  const int64_t set = pass.device_deadline_ms;
  pass.device_deadline_ms = pass.deadline_ms / 2;
  if (!taker.set.contains("device_deadline_ms")) return Done{};
  return malformed("device_deadline_ms",
                   fmt::format("{} is not less than deadline_ms = {}", set, pass.deadline_ms));
}

// What only the values show.
std::vector<Error> errors_of_values(Taker& taker) {
  Config& config = taker.config;
  std::vector<Error> errors = check_paths(config);
  for (const Result<Done>& right :
       {check_expect(config), check_metadata(config), check_device_deadline(taker)}) {
    if (!right) errors.push_back(right.error());
  }
  for (Error& error : check_s3(config.s3)) errors.push_back(std::move(error));
  return errors;
}

// Whether it is said of that setting, or because of what it is: "only with s3.sse = ...". What is
// no TOML has a key without its table.
bool depends_on(const Error& error, const std::string& key) {
  const std::string what = " " + error.what;
  return error.where == key || what.find(" " + key + " = ") != what.npos ||
         what.find("." + key + " = ") != what.npos;
}

// At the line of the setting that is at fault.
void note_values(const std::vector<Error>& errors, Taker& taker) {
  for (const Error& error : errors) {
    const bool depends =
        std::any_of(taker.unknown.begin(), taker.unknown.end(),
                    [&](const std::string& key) { return depends_on(error, key); });
    if (depends) continue;
    taker.unknown.push_back(error.where);
    const auto where = taker.set.find(error.where);
    if (where != taker.set.end()) {
      taker.note(where->second, message_of(error));
    } else {
      taker.errors.emplace_back(0, Error{ErrorKind::kMalformed, taker.path, message_of(error)});
    }
  }
}

std::vector<Error> in_order_of_lines(SomeErrors errors) {
  std::stable_sort(errors.begin(), errors.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Error> sorted;
  for (auto& [line, error] : errors) sorted.push_back(std::move(error));
  return sorted;
}

// What toml++ makes of a file: a table, or the first error.
struct Parsed {
  std::optional<toml::table> table;
  toml::source_index line = 0;
  Error error;
};

Parsed parse_table(const std::string& toml, const std::string& path) {
  if (const auto refused = refused_line(toml)) {
    const auto line = static_cast<toml::source_index>(refused->number);
    return {std::nullopt,
            line,
            {ErrorKind::kMalformed, path + ":" + std::to_string(line), std::string(refused->why)}};
  }
  toml::parse_result parsed = toml::parse(toml, path);
  if (parsed) return {std::move(parsed).table(), 0, {}};
  const toml::parse_error& error = parsed.error();
  return {std::nullopt, error.source().begin.line,
          error_at(path, error.source(), std::string(error.description()))};
}

constexpr size_t kMaxSyntaxErrors = 20;

// Makes a line with an error empty, so that what is wrong after it is told too, and gives its key.
// Not where lines after it may be of its value or its table: what is said of them would be wrong.
std::optional<std::string> make_empty(std::string& toml, toml::source_index line) {
  size_t begin = 0;
  for (toml::source_index i = 1; i < line && begin != std::string::npos; ++i) {
    begin = toml.find('\n', begin);
    if (begin != std::string::npos) ++begin;
  }
  if (begin >= toml.size()) return std::nullopt;
  const std::string setting = toml.substr(begin, toml.find('\n', begin) - begin);
  const bool alone = setting.find_first_of("[{") == std::string::npos &&
                     setting.find("\"\"\"") == std::string::npos &&
                     setting.find("'''") == std::string::npos;
  const std::string before = toml.substr(0, begin);
  if (!alone || trim(setting).empty() || !toml::parse(before)) return std::nullopt;
  toml.erase(begin, setting.size());
  return std::string(trim(setting.substr(0, setting.find('='))));
}

Result<Config> first_error_of(ReadConfig read) {
  if (read.errors.empty()) return std::move(read.config);
  return std::move(read.errors.front());
}

}  // namespace

ReadConfig parse_whole_config(const std::string& toml, const std::string& path,
                              const MoreErrors& more) {
  Taker taker{path, {}, {}, {}, {}};
  std::string rest = toml;
  Parsed parsed = parse_table(rest, path);
  while (!parsed.table) {
    taker.errors.emplace_back(parsed.line, parsed.error);
    const bool enough = taker.errors.size() == kMaxSyntaxErrors;
    const auto key = enough ? std::nullopt : make_empty(rest, parsed.line);
    if (!key) return {{}, in_order_of_lines(std::move(taker.errors))};
    taker.unknown.push_back(*key);
    parsed = parse_table(rest, path);
  }
  take_table(*parsed.table, "", taker);
  note_values(errors_of_values(taker), taker);
  if (more) note_values(more(taker.config), taker);
  return {std::move(taker.config), in_order_of_lines(std::move(taker.errors))};
}

Result<Config> parse_config(const std::string& toml, const std::string& path,
                            const MoreErrors& more) {
  return first_error_of(parse_whole_config(toml, path, more));
}

Result<std::string> read_config_text(const std::string& path, bool required) {
  constexpr size_t kMaxConfig = size_t{1} * 1024 * 1024;
  Result<std::string> text = read_file(path, kMaxConfig);
  if (text || required || text.error().kind != ErrorKind::kNotFound) return text;
  return std::string();
}

ReadConfig read_whole_config(const std::string& path, bool required, const MoreErrors& more) {
  const Result<std::string> text = read_config_text(path, required);
  return text ? parse_whole_config(*text, path, more) : ReadConfig{{}, {text.error()}};
}

Result<Config> read_config(const std::string& path, bool required) {
  return first_error_of(read_whole_config(path, required));
}

}  // namespace efa
