#include "probes/protocol/emitter.h"

#include <cstdlib>

#include "probes/base/fd.h"

namespace efa {

void Emitter::doing(const std::string& step, const std::string& subject) const {
  Value doing;
  doing.set("doing", step);
  if (!subject.empty()) doing.set("subject", subject);
  line(doing);
}

void Emitter::done() const {
  Value done;
  done.set("done", true);
  line(done);
}

void Emitter::fact_line(const char* verb, const std::string& fact, Value value) const {
  Value fact_value;
  fact_value.set(verb, fact);
  fact_value.set("value", std::move(value));
  line(fact_value);
}

void Emitter::fact_lines(const std::string& fact, const Value& value) const {
  if (const auto* list = value.as<Array>()) {
    for (const Value& element : *list) fact_line("add", fact, element);
    return;
  }
  const auto* text = value.as<std::string>();
  const auto* number = value.as<int64_t>();
  const bool usual =
      value.is_null() || (text != nullptr && text->empty()) || (number != nullptr && *number == 0);
  if (!usual) fact_line("set", fact, value);
}

void Emitter::line(const Value& value) const {
  const Result<Done> written = write_all(fd_, render_json(value) + "\n", "output");
  if (!written) std::_Exit(1);  // the reader is gone: nobody is left to tell
}

}  // namespace efa
