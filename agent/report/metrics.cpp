#include "agent/report/metrics.h"

#include "probes/base/text.h"

namespace efa {
namespace {

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : make_utf8(text)) {
    if (c == '\\' || c == '"' || c == '\n') out += '\\';
    out += c == '\n' ? 'n' : c;
  }
  return out;
}

}  // namespace

void Metrics::family(const std::string& name, const std::string& type, const std::string& help) {
  text_ += "# HELP " + name + " " + help + "\n# TYPE " + name + " " + type + "\n";
  name_ = name;
}

void Metrics::sample(const std::map<std::string, std::string>& labels, const std::string& value) {
  std::string list;
  for (const auto& [label, text] : labels) {
    list += (list.empty() ? "" : ",") + label + "=\"" + escaped(text) + "\"";
  }
  text_ += name_ + (list.empty() ? "" : "{" + list + "}") + " " + value + "\n";
}

}  // namespace efa
