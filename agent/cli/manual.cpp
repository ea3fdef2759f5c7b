#include "agent/cli/manual.h"

#include "agent/cli/command_line.h"
#include "agent/cli/manual_notes.h"
#include "agent/config/config.h"
#include "agent/config/version.h"
#include "probes/base/text.h"
#include "probes/base/value.h"
#include "probes/judging/table.h"

namespace efa {
namespace {

// Text as roff wants it: a hyphen that can be pasted, no request by accident.
std::string roff(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\') {
      escaped += "\\e";
    } else if (c == '-') {
      escaped += "\\-";
    } else {
      escaped += c;
    }
  }
  const bool request = escaped.starts_with(".") || escaped.starts_with("'");
  return request ? "\\&" + escaped : escaped;
}

std::string header(const std::string& title, const char* section) {
  return ".TH " + title + " " + section + " \"\" \"efa\\-doctor " + kVersion + "\"\n";
}

std::string item(const std::string& term, const std::string& text) {
  return ".TP\n" + term + "\n" + roff(text) + "\n";
}

std::string bold(const std::string& text) {
  return "\\fB" + roff(text) + "\\fR";
}

std::string options_of(const CommandText& command) {
  std::string text;
  for (const OptionText& option : command.options) {
    const std::string value = option.value.empty() ? "" : " \\fI" + roff(option.value) + "\\fR";
    text += item(bold(option.name) + value, option.help);
  }
  return text;
}

std::string notes_of(const std::string& name) {
  std::string text;
  for (const Note& note : kNotes) {
    if (note.of == name) text += ".PP\n" + roff(note.text) + "\n";
  }
  return text;
}

std::string commands_of(const std::vector<CommandText>& commands) {
  std::string text =
      ".SH OPTIONS\n" + options_of(commands.front()) + notes_of("") + ".SH COMMANDS\n";
  for (size_t i = 1; i < commands.size(); ++i) {
    text += ".SS " + roff(commands[i].name) + "\n" + roff(commands[i].help) + ".\n" +
            options_of(commands[i]) + ".PP\nAlso: " + roff(join(commands[i].also, ", ")) + ".\n" +
            notes_of(commands[i].name);
  }
  return text;
}

std::string checks_list() {
  std::string text = ".SH CHECKS\n.B efa\\-doctor explain\n.I CODE\ntells more of each.\n";
  for (const Check* check : all_checks()) {
    text += item(bold(std::string(check->code)), std::string(check->title));
  }
  return text;
}

std::string in_quotes(const std::string& text) {
  return render_json(Value(text), 0);  // a basic string of TOML for texts without control letters
}

std::string default_of(const Setting& setting) {
  Config defaults;
  if (const auto* text = std::get_if<std::string& (*)(Config&)>(&setting.field)) {
    return in_quotes((*text)(defaults));
  }
  if (const auto* flag = std::get_if<bool& (*)(Config&)>(&setting.field)) {
    return (*flag)(defaults) ? "true" : "false";
  }
  if (const auto* number = std::get_if<int64_t& (*)(Config&)>(&setting.field)) {
    return std::to_string((*number)(defaults));
  }
  if (std::get_if<std::vector<std::string>& (*)(Config&)>(&setting.field) != nullptr) return "[]";
  return std::to_string(defaults.counters.**std::get_if<int64_t CounterLimits::*>(&setting.field));
}

std::string range_of(const Setting& setting) {
  if (setting.most == 0) return "";
  return " From " + std::to_string(setting.least) + " to " + std::to_string(setting.most) + ".";
}

std::string table_of(const Setting& setting) {
  const std::string key = setting.key;
  const size_t dot = key.find('.');
  return dot == std::string::npos ? "" : key.substr(0, dot);
}

std::string key_in_table(const Setting& setting) {
  const std::string key = setting.key;
  return key.substr(key.find('.') + 1);  // npos + 1 is 0
}

constexpr const char* kExitStatus =
    ".SH EXIT STATUS\n"
    ".TP\n0\nhealthy, or no EFA expected\n"
    ".TP\n1\ndegraded\n"
    ".TP\n2\nunhealthy\n"
    ".TP\n3\nunknown: it could not be determined\n"
    ".TP\n64\nwrong command line or configuration\n"
    ".TP\n70\ninternal error\n";

struct Example {
  const char* command;
  const char* what;
};

constexpr Example kExamples[] = {
    {"efa-doctor --once", "looks at this node; as root it sees all"},
    {"efa-doctor --once --no-deliver --format json --output report.json",
     "the whole report, and nothing is kept"},
    {"efa-doctor --once --expect 32", "fewer than 32 EFA devices are critical"},
    {"efa-doctor status --max-age 900", "the newest verdict, for a script: its exit code is it"},
    {"efa-doctor explain driver", "the checks whose codes begin so"},
    {"efa-doctor explain driver.not-bound", "what that means, and what mends it"},
    {"efa-doctor record node.tar.zst --redact", "what a report of a fault needs, without names"},
    {"efa-doctor --once --replay node.tar.zst", "the report on such a recording, on any machine"},
    {"efa-doctor topology --format svg --output node.svg", "a drawing of GPUs and EFA devices"},
    {"efa-doctor account --filter tag:Fleet=train", "what AWS provides for a fleet"},
    {"efa-doctor pair server", "prints a token, and waits for another node"},
    {"efa-doctor pair client 10.0.0.5", "whether the EFA devices of the two reach each other"},
    {"srun --ntasks-per-node=1 efa-doctor mesh", "which nodes of a job fail, or what parts them"},
};

std::string examples() {
  std::string text = ".SH EXAMPLES\n";
  for (const Example& example : kExamples) text += item(bold(example.command), example.what);
  return text;
}

constexpr const char* kFiles =
    ".SH FILES\n"
    ".TP\n.I /etc/efa\\-doctor/config.toml\nsettings, see\n.BR efa\\-doctor.toml (5)\n"
    ".TP\n.I /etc/efa\\-doctor/probes.d/\na site's own probes\n"
    ".TP\n.I /run/efa\\-doctor/health.json\nthe verdict, for automation\n"
    ".TP\n.I /var/lib/efa\\-doctor/report.json\nthe newest report; those before it in\n"
    ".I reports/\n";

}  // namespace

std::string program_page() {
  const std::vector<CommandText> commands = command_texts();
  return header("EFA\\-DOCTOR", "1") +
         ".SH NAME\nefa\\-doctor \\- tell whether EFA works on this node, and if not, why\n"
         ".SH SYNOPSIS\n.B efa\\-doctor\n.RI [ options ]\n.BR \\-\\-once | \\-\\-daemon\n.br\n"
         ".B efa\\-doctor\n.I command\n.RI [ options ]\n"
         ".SH DESCRIPTION\nLooks at the Elastic Fabric Adapter (EFA) devices of an EC2 instance, "
         "from PCI to libfabric,\nnames the root cause of what does not work, who fixes it and "
         "with which command.\nIt never disturbs what uses the devices.\n" +
         commands_of(commands) + examples() + kExitStatus + kFiles + checks_list() +
         ".SH SEE ALSO\n.BR efa\\-doctor.toml (5)\n";
}

std::string configuration_page() {
  std::string text = header("EFA\\-DOCTOR.TOML", "5") +
                     ".SH NAME\nefa\\-doctor.toml \\- settings of efa\\-doctor\n"
                     ".SH SYNOPSIS\n.I /etc/efa\\-doctor/config.toml\n"
                     ".SH DESCRIPTION\nA TOML file. What is not set has its default; a missing "
                     "file means defaults only. An unknown key or a wrong value is an error "
                     "that names the line.\n.B efa\\-doctor config\\-check\nsays whether the file "
                     "is right,\n.B systemctl reload efa\\-doctor\nlets the service read it "
                     "anew.\n.SH SETTINGS\n";
  std::string table;
  for (const Setting& setting : settings()) {
    if (table_of(setting) != table) {
      table = table_of(setting);
      text += ".SS [" + roff(table) + "]\n" + notes_of(table);
    }
    text += item(setting.example != nullptr
                     ? bold(setting.example)
                     : bold(key_in_table(setting)) + " = " + roff(default_of(setting)),
                 std::string(setting.help) + "." + range_of(setting));
  }
  return text +
         ".SH EXAMPLES\nA node that should have as many EFA devices as its type can have, and "
         "sends "
         "its reports to S3:\n.PP\n.nf\nexpect = \"max\"\n[s3]\nuri = \"s3://bucket/prefix\"\n.fi\n"
         ".SH SEE ALSO\n.BR efa\\-doctor (1)\n";
}

std::string default_configuration() {
  std::string text =
      "# Settings of efa-doctor at their defaults; see efa-doctor.toml(5).\n"
      "# After a change: efa-doctor config-check && systemctl reload efa-doctor\n";
  std::string table;
  for (const Setting& setting : settings()) {
    if (table_of(setting) != table) {
      table = table_of(setting);
      text += "\n[" + table + "]\n";
    }
    const std::string line = setting.example != nullptr
                                 ? setting.example
                                 : key_in_table(setting) + " = " + default_of(setting);
    text += std::string("\n# ") + setting.help + ".\n#" + line + "\n";
  }
  return text;
}

}  // namespace efa
