// Public reports of EFA that did not work, and of nodes that were well and got blamed: each is made
// as a machine, with what efa-doctor must say of it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/support/machine.h"

namespace efa {

enum class Answer { kRight, kPartly, kMissed, kFalseAlarm };

struct Told {
  const char* code;
  const char* severity;
  const char* actor;
};

struct PublicReport {
  int number = 0;               // in the collection in which they were first tried
  const char* source = "";      // "owner/repository#number", or a release
  const char* line = "";        // the node
  std::function<Value()> look;  // what efa-doctor reports of it
  const char* verdict = "";     // the right one, as all that follows
  std::vector<Told> told = {};  // faults that nothing explains; above info they are the causes
  std::vector<const char*> says = {};   // words of the summary or of what failed
  std::vector<const char*> never = {};  // and words that lead astray, of the faults
  Answer answer = Answer::kRight;
  const char* why = "";  // of an answer that is not right
};

using PublicReports = std::vector<PublicReport>;

PublicReports reports_of_attachment();
PublicReports reports_of_drivers();
PublicReports reports_of_gpus();
PublicReports reports_of_jobs();
PublicReports public_reports();  // all of them, by their numbers

// Who acts.
inline constexpr const char* kAccount = "account_owner";
inline constexpr const char* kImage = "image_owner";
inline constexpr const char* kOperator = "node_operator";
inline constexpr const char* kJob = "job_owner";

}  // namespace efa
