#include "agent/watch/told.h"

#include <unistd.h>

namespace efa {
namespace {

bool flag(const Value& value, const char* key) {
  const Value* member = value.find(key);
  return member != nullptr && member->as<bool>() != nullptr && *member->as<bool>();
}

int64_t number(const Value& value, const char* key) {
  const Value* member = value.find(key);
  return member != nullptr && member->as<int64_t>() != nullptr ? *member->as<int64_t>() : 0;
}

}  // namespace

ChildOutput::ChildOutput() {
  Result<Fd> file = memory_file("efa-doctor-pass");
  if (file) file_ = std::move(*file);
}

std::string ChildOutput::text() const {
  std::string text(size_t{256} * 1024, '\0');
  const ssize_t count = !file_ ? 0 : pread(file_.get(), text.data(), text.size(), 0);
  text.resize(count < 0 ? 0 : static_cast<size_t>(count));
  return text;
}

std::optional<Told> parse_told(const std::string& health) {
  const Result<Value> value = parse_json(health, "health");
  if (!value || value->text("verdict").empty()) return std::nullopt;
  Told told;
  told.verdict = value->text("verdict");
  told.summary = value->text("summary");
  told.boot_id = value->text("boot_id");
  told.sequence = number(*value, "sequence");
  told.recovering = flag(*value, "recovering");
  told.starting = flag(*value, "starting");
  told.health = *value;
  return told;
}

}  // namespace efa
