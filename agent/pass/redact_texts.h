// What others wrote, in a redacted recording: of a site's own probe only what a machine acts on, of
// slurm.conf only the words of Slurm, of the kernel log and os-release no account, of hwloc's XML
// no serial number.
#pragma once

#include <string>

#include "agent/pass/pseudonyms.h"
#include "agent/pass/state.h"
#include "probes/base/value.h"

namespace efa {

constexpr const char* kNotKept = "(not kept)";

// A line of a site's own probe: numbers, names of members, codes, results, severities, and subjects
// whose form tells that they are of any machine.
Value redacted_line_of_site(const Value& line, Pseudonyms& pseudonyms);
std::string redacted_subject_of_site(const std::string& subject, Pseudonyms& pseudonyms);
// Of what the runner says of such a probe, without the last words of the probe.
std::string redacted_detail_of_site(const std::string& detail);
// What earlier passes found by them, and what they said of jobs, which are named in it.
void redact_messages(State& before, Pseudonyms& pseudonyms);

// The control group of a job, in such a form that it is one still.
std::string redacted_job(const std::string& job, Pseudonyms& pseudonyms);
// A record of /dev/kmsg: its time may have 12 digits, as an account has.
std::string redacted_record(const std::string& record, Pseudonyms& pseudonyms);
// "PropagateResourceLimits=ALL  # x" -> "PropagateResourceLimits=ALL"
std::string redacted_slurm_line(const std::string& line, Pseudonyms& pseudonyms);
std::string redacted_slurm_value(const std::string& value, Pseudonyms& pseudonyms);
// The XML of hwloc, which has notes on the machine: its host name, serial numbers, the process that
// asked and its control group. Those that tell no more than its type stay.
std::string redacted_topology(const std::string& xml, Pseudonyms& pseudonyms);
// Of EC2 it is the instance, elsewhere its owner's word.
std::string redacted_asset_tag(const std::string& tag, Pseudonyms& pseudonyms);

}  // namespace efa
