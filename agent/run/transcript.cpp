#include "agent/run/transcript.h"

#include "probes/protocol/describe.h"

namespace efa {

bool Transcript::take(std::string_view bytes) {
  if (!broken_.empty()) return false;
  taken_ += bytes.size();
  if (taken_ > kMaxOutput) {
    broken_ = "output is larger than 8 MiB";
    return false;
  }
  unread_ += bytes;
  size_t begin = 0;
  size_t end = 0;
  while ((end = unread_.find('\n', begin)) != std::string::npos) {
    if (!take_line(unread_.substr(begin, end - begin))) return false;
    begin = end + 1;
  }
  unread_.erase(0, begin);
  if (unread_.size() > kMaxLine) broken_ = "a line is longer than 1 MiB";
  return broken_.empty();
}

bool Transcript::take_line(const std::string& line) {
  ++lines_;
  const Result<Value> value = parse_json(line, "output");
  if (line.size() > kMaxLine || !value || value->as<Object>() == nullptr) {
    broken_ = "line " + std::to_string(lines_) +
              (line.size() > kMaxLine ? " is longer than 1 MiB" : " is no JSON object");
    return false;
  }
  if (const Value* look = value->find("look")) {
    looks_ += render_json(*look) + "\n";
    return true;
  }
  said_ += line + "\n";
  if (value->find("doing") != nullptr) {
    step_ = value->text("doing");
    subject_ = value->text("subject");
  } else if (const Value* left = value->find("left")) {
    const auto process = from_value<ProcessIdentity>(*left, "left");
    if (process) left_.push_back(*process);
  } else if (const Value* finding = value->find("finding")) {
    findings_.push_back(*finding);
  } else if (value->find("done") != nullptr) {
    done_ = true;
  } else {
    take_fact(*value);
  }
  return true;
}

void Transcript::take_fact(const Value& line) {
  const Value* fact = line.find("value");
  if (fact == nullptr) return;
  if (!line.text("set").empty()) facts_.set(line.text("set"), *fact);
  if (!line.text("add").empty()) facts_.add(line.text("add"), *fact);
}

}  // namespace efa
