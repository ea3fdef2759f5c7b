#include "agent/config/config.h"

#include <fmt/core.h>

#include <algorithm>

#include "agent/config/expect.h"
#include "probes/base/files.h"
#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
// its own assertions fail on "[[["; what follows them reports that as an error
#define TOML_ASSERT(expression) static_cast<void>(0)
#define TOML_MAX_NESTED_VALUES 16
#include <toml++/toml.h>

#include "agent/config/s3_settings.h"
#include "agent/config/toml_bounds.h"
#include "probes/base/bounds.h"
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

// Codes have a dot in them: with and without quotes around a code its words are the same.
Result<Done> take_weights(const toml::table& table, const std::string& prefix, WeightWords& words,
                          const std::string& path) {
  for (const auto& [key, node] : table) {
    const std::string code = prefix + std::string(key.str());
    if (const toml::table* inner = node.as_table()) {
      const Result<Done> taken = take_weights(*inner, code + ".", words, path);
      if (!taken) return taken.error();
      continue;
    }
    const std::string word = node.value_exact<std::string>().value_or("");
    const Result<Weights> weight = parse_weights({{code, word}});
    if (!weight) {
      return error_at(path, key.source(), fmt::format("checks.{}: {}", code, weight.error().what));
    }
    words[code] = word;
  }
  return Done{};
}

bool is_table_of_settings(const std::string& name) {
  for (const Setting& setting : settings()) {
    if (std::string(setting.key).starts_with(name + ".")) return true;
  }
  return false;
}

Result<Done> take_table(const toml::table& table, const std::string& prefix, Config& config,
                        const std::string& path) {
  for (const auto& [key, node] : table) {
    const std::string name = prefix + std::string(key.str());
    const Setting* setting = find_setting(name);
    Result<Done> taken = Done{};
    if (setting != nullptr) {
      const std::string why = take(*setting, node, config);
      if (!why.empty()) taken = error_at(path, node.source(), fmt::format("{} {}", name, why));
    } else if (node.is_table() && name == kTableOfChecks) {
      taken = take_weights(*node.as_table(), "", config.pass.checks, path);
    } else if (node.is_table() && is_table_of_settings(name)) {
      taken = take_table(*node.as_table(), name + ".", config, path);
    } else {
      taken = error_at(path, key.source(), "unknown key '" + name + "'");
    }
    if (!taken) return taken;
  }
  return Done{};
}

// A relative one would depend on where the program is started.
Result<Done> check_paths(Config& config) {
  for (const Setting& setting : settings()) {
    if (setting.path == Path::kNone) continue;
    const std::string& value = (*std::get_if<Text>(&setting.field))(config);
    const bool needed = setting.path == Path::kNeeded;
    if (value.starts_with('/') || (value.empty() && !needed)) continue;
    return Error{ErrorKind::kMalformed, setting.key, "must be an absolute path"};
  }
  return Done{};
}

Result<Done> check_metadata(Config& config) {
  if (config.metadata.endpoint.empty()) return Done{};
  const Result<Url> server = parse_server(config.metadata.endpoint, "metadata.endpoint");
  if (!server) return server.error();
  config.metadata.endpoint = server->origin();  // without the '/' at its end
  return Done{};
}

}  // namespace

Result<Config> parse_config(const std::string& toml, const std::string& path) {
  if (const auto line = refused_line(toml)) {
    return Error{ErrorKind::kMalformed, path + ":" + std::to_string(line->number),
                 std::string(line->why)};
  }
  const toml::parse_result parsed = toml::parse(toml, path);
  if (!parsed) {
    return error_at(path, parsed.error().source(), std::string(parsed.error().description()));
  }
  Config config;
  const Result<Done> taken = take_table(parsed.table(), "", config, path);
  if (!taken) return taken.error();
  const Result<ExpectSetting> expect = parse_expect(config.pass.expect);
  if (!expect) {
    return error_at(path, parsed.table()["expect"].node()->source(), message_of(expect.error()));
  }
  for (const Result<Done>& right :
       {check_paths(config), check_metadata(config), check_s3(config.s3)}) {
    if (!right) return Error{ErrorKind::kMalformed, path, message_of(right.error())};
  }
  if (config.pass.device_deadline_ms >= config.pass.deadline_ms) {
    config.pass.device_deadline_ms = config.pass.deadline_ms / 2;
  }
  return config;
}

Result<std::string> read_config_text(const std::string& path, bool required) {
  constexpr size_t kMaxConfig = size_t{1} * 1024 * 1024;
  Result<std::string> text = read_file(path, kMaxConfig);
  if (text || required || text.error().kind != ErrorKind::kNotFound) return text;
  return std::string();
}

Result<Config> read_config(const std::string& path, bool required) {
  const Result<std::string> text = read_config_text(path, required);
  return text ? parse_config(*text, path) : Result<Config>(text.error());
}

}  // namespace efa
