#include "probes/protocol/emitter.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>

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

void Emitter::line(const Value& value) const {
  const std::string text = render_json(value) + "\n";
  size_t written = 0;
  while (written < text.size()) {
    const ssize_t count = ::write(fd_, text.data() + written, text.size() - written);
    if (count < 0 && errno != EINTR) std::_Exit(1);  // the reader is gone: nobody is left to tell
    if (count > 0) written += static_cast<size_t>(count);
  }
}

}  // namespace efa
