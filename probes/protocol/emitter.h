// The probe's side of the protocol: JSON lines on standard output.
//
//   {"doing":"read hw_counters","subject":"0000:00:06.0"}   before a step that can hang
//   {"set":"release","value":"6.1.0"}                       a fact that there is one of
//   {"add":"functions","value":{...}}                       one of several
//   {"look":{...}}                                          what was read, while recording
//   {"left":{"pid":7,"start_time":93,"subject":"..."}}      a child that the driver holds
//   {"done":true}                                           last
#pragma once

#include <string>

#include "probes/base/describe.h"
#include "probes/base/value.h"

namespace efa {

class Emitter {
 public:
  explicit Emitter(int fd) : fd_(fd) {}

  void doing(const std::string& step, const std::string& subject = "") const;
  template <class T>
  void set(const std::string& fact, const T& value) const {
    fact_line("set", fact, to_value(value));
  }
  template <class T>
  void add(const std::string& fact, const T& value) const {
    fact_line("add", fact, to_value(value));
  }
  // Every fact of a described struct.
  template <class T>
  void all(const T& facts) const {
    const Value value = to_value(facts);
    if (const auto* members = value.as<Object>()) {
      for (const auto& [fact, member] : *members) fact_line("set", fact, member);
    }
  }
  // What there is of a described struct, for who takes it part by part: the elements of a list one
  // by one, of the rest what is no default.
  template <class T>
  void part(const T& facts) const {
    const Value value = to_value(facts);
    if (const auto* members = value.as<Object>()) {
      for (const auto& [fact, member] : *members) fact_lines(fact, member);
    }
  }
  void done() const;
  // A line as it is; for what another process of the probe printed.
  void line(const Value& value) const;

 private:
  void fact_line(const char* verb, const std::string& fact, Value value) const;
  void fact_lines(const std::string& fact, const Value& value) const;
  int fd_;
};

}  // namespace efa
