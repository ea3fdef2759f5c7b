#include "agent/run/transcript.h"

#include <algorithm>

#include "agent/run/hide_credentials.h"
#include "probes/base/bounds.h"
#include "probes/base/describe.h"

namespace efa {
namespace {

constexpr std::string_view kXml = "xml";  // of probe-topology, while recording: one long text

size_t values_in(const Value& value) {
  size_t count = 1;
  if (const auto* array = value.as<Array>()) {
    for (const Value& item : *array) count += values_in(item);
  } else if (const auto* object = value.as<Object>()) {
    for (const auto& [name, member] : *object) count += values_in(member);
  }
  return count;
}

void cut_texts(Value& value) {
  if (auto* text = value.as<std::string>()) {
    *text = cut(std::move(*text), kMaxFact);
  } else if (auto* array = value.as<Array>()) {
    for (Value& item : *array) cut_texts(item);
  } else if (auto* object = value.as<Object>()) {
    for (auto& [name, member] : *object) cut_texts(member);
  }
}

// "8 MiB", "512 KiB"
std::string size_text(size_t bytes) {
  return bytes >= kMiB ? std::to_string(bytes / kMiB) + " MiB"
                       : std::to_string(bytes / 1024) + " KiB";
}

}  // namespace

bool Transcript::breaks(const std::string& why) {
  broken_ = why;
  return false;
}

bool Transcript::spend(size_t Allowance::*what, size_t amount, const char* words) {
  const bool number = what == &Allowance::values;
  const auto most = [&](size_t limit) {
    return number ? " " + std::to_string(limit) + " values" : " " + size_text(limit);
  };
  if (amount > left_over_.*what) return breaks(words + most(allowance_.*what));
  left_over_.*what -= amount;
  if (of_all_ == nullptr) return true;
  if (amount > (*of_all_).*what) return breaks("the probes of this pass printed too much in all");
  (*of_all_).*what -= amount;
  return true;
}

bool Transcript::take(std::string_view bytes) {
  if (!broken_.empty()) return false;
  if (!spend(&Allowance::output, bytes.size(), "output is larger than")) return false;
  size_t end = 0;
  while ((end = bytes.find('\n')) != std::string_view::npos) {
    unread_ += bytes.substr(0, end);
    bytes.remove_prefix(end + 1);
    if (!take_line(std::exchange(unread_, {}))) return false;
  }
  unread_ += bytes;
  if (unread_.size() > kMaxLine) return breaks("a line is longer than 1 MiB");
  return true;
}

bool Transcript::take_line(const std::string& line) {
  const std::string number = "line " + std::to_string(++lines_);
  if (line.size() > kMaxLine) return breaks(number + " is longer than 1 MiB");
  Result<Value> value = parse_json(line, number);
  if (!value || value->as<Object>() == nullptr) {
    return breaks(number + " is not a JSON object" + (value ? "" : ": " + value.error().what));
  }
  const bool told_by_site = of_site_ && !recorded_;
  // what a site's probe reads is not replayed, and what it leaves behind the runner finds
  if (told_by_site && (value->find("look") != nullptr || value->find("left") != nullptr))
    return true;
  if (const Value* look = value->find("look")) {
    looks_ += render_json(*look) + "\n";
    return true;
  }
  if (of_site_) *value = hide_credentials(*value);
  if (!take_words(*value, line.size())) return false;
  if (take_) return true;
  said_ += (of_site_ ? render_json(*value) : line) + "\n";
  return true;
}

bool Transcript::take_recorded(std::string_view lines) {
  recorded_ = true;
  const bool taken = take(lines);
  recorded_ = false;
  return taken;
}

void Transcript::note_left(ProcessIdentity process) {
  if (left_.size() >= kMaxLeft) return;
  say("left", to_value(process));
  left_.push_back(std::move(process));
}

void Transcript::note_left_behind(const std::vector<std::string>& commands) {
  constexpr size_t kMaxCommands = 1000;  // of 15 characters each
  Array named;
  for (const std::string& command : commands) {
    if (named.size() < kMaxCommands) named.emplace_back(hide_credentials(command));
  }
  Value finding;
  finding.set("left_behind", std::move(named));
  say("finding", finding);
  findings_.push_back(std::move(finding));
}

// As the probe would have, had it known.
void Transcript::say(const char* what, Value value) {
  Value line;
  line.set(what, std::move(value));
  said_ += render_json(line) + "\n";
}

bool Transcript::take_words(Value& line, size_t bytes) {
  if (line.find("doing") != nullptr) {
    step_ = cut(line.text("doing"), kMaxWords);
    subject_ = cut(line.text("subject"), kMaxSubject);
  } else if (const Value* left = line.find("left")) {
    return take_left(*left);
  } else if (line.find("done") != nullptr) {
    done_ = true;
  } else {
    return take_fact(line, bytes);
  }
  return true;
}

bool Transcript::take_left(const Value& left) {
  auto process = from_value<ProcessIdentity>(left, "left");
  if (!process) return true;
  if (left_.size() >= kMaxLeft) return breaks("more than 256 processes could not be killed");
  process->subject = cut(process->subject, kMaxSubject);
  left_.push_back(std::move(*process));
  return true;
}

bool Transcript::take_fact(Value& line, size_t bytes) {
  if (!spend(&Allowance::facts, bytes, "its facts are more than") ||
      !spend(&Allowance::values, values_in(line), "its facts are more than")) {
    return false;
  }
  if (const Value* finding = line.find("finding")) {
    findings_.push_back(*finding);
    return true;
  }
  const Value* fact = line.find("value");
  if (fact == nullptr) return true;
  Value kept = *fact;
  const std::string set = line.text("set");
  const std::string add = line.text("add");
  if (take_) {
    cut_texts(kept);
    take_(set.empty() ? add : set, kept);
    return true;
  }
  if (set != kXml) cut_texts(kept);
  if (!set.empty()) facts_.set(set, kept);
  if (!add.empty()) facts_.add(add, std::move(kept));
  if (facts_.as<Object>()->size() > kMaxFacts) return breaks("it has more than 256 facts");
  return true;
}

}  // namespace efa
