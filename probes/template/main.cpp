// probe-template: reads templates of nodes that are not made yet, and tells of them as
// probe-account does of those that are. It asks nobody. Its options:
//   template.N=FILE or cdk.out folder, parameter.N=NAME=VALUE

#include <algorithm>

#include "probes/base/moment.h"
#include "probes/protocol/probe_main.h"
#include "probes/template/files.h"
#include "probes/template/reading.h"

namespace efa {
namespace {

struct Asked {
  std::vector<std::string> paths;
  TemplateQuestion question;
};

Result<Asked> asked_by(const Look& look) {
  Asked asked;
  for (const auto& [name, value] : look.options) {
    const size_t equals = value.find('=');
    if (name.starts_with("template.")) {
      asked.paths.push_back(value);
    } else if (name.starts_with("parameter.")) {
      if (equals == std::string::npos) return malformed("'" + value + "'", "is no NAME=VALUE");
      asked.question.parameters[value.substr(0, equals)] = value.substr(equals + 1);
    }
  }
  return asked;
}

void read_all(const Look& look) {
  Result<Asked> asked = asked_by(look);
  if (!asked) return look.out.part(unread_templates(message_of(asked.error())));
  look.out.doing("read the templates");
  Result<std::vector<NamedTemplate>> templates = read_named_templates(asked->paths);
  if (!templates) return look.out.part(unread_templates(message_of(templates.error())));
  asked->question.templates = std::move(*templates);
  asked->question.asked_ms = Moment::now().unix_ms;
  look.out.part(facts_of(asked->question, read_template_beside));
}

}  // namespace
}  // namespace efa

int main(int argc, char** argv) {
  return efa::probe_main(argc, argv, efa::read_all);
}
