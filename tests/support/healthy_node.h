// A node on which EFA works, made by hand (synthetic): a g6e.48xlarge with its four EFA devices.
// A test changes one thing of it.
#pragma once

#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "agent/diagnose/diagnosis.h"
#include "agent/diagnose/expectation.h"

namespace efa {

struct Scene {
  Node node;
  Expectation expectation;

  PciFunction& pci(size_t i) { return node.pci.facts.efa.at(i); }
  RdmaDevice& rdma(size_t i) { return node.rdma.facts.devices.at(i); }
  VerbsDevice& verbs(size_t i) { return node.verbs.facts.devices.at(i); }
  FabricFacts& fabric() { return node.fabric.at(0).facts; }
};

// The address of its device i, "0000:9b:00.0" and up.
std::string device(size_t i);
PciAddress address(size_t i);
Scene healthy_scene(size_t devices = 4);

// How a probe ends that had no time to say anything.
template <class Facts>
void silence(Seen<Facts>& seen, ProbeStatus status, const std::string& detail = "") {
  seen.outcome.status = status;
  seen.outcome.detail = detail;
  seen.facts = Facts{};
}

// Ways in which devices fail, as the probes see them.
void remove_driver(Scene& scene);            // not loaded: no device has a driver or an RDMA device
void hang(Scene& scene, size_t i);           // device i answers no command; libfabric lists none
void drop_fabric(Scene& scene);              // libfabric lists no device
void lose_rdma(Scene& scene, size_t i);      // no RDMA device for function i
void restrict_mode(Scene& scene, size_t i);  // mode 0600, and another user looks

const Finding* finding_of(const std::vector<Finding>& findings, const std::string& code,
                          const std::string& subject);
// What a check says of a subject, if it says anything.
using MaybeResult = std::optional<FindingResult>;
inline constexpr MaybeResult kNothing;
MaybeResult result_in(const std::vector<Finding>& findings, const std::string& code,
                      const std::string& subject);
MaybeResult result_of(const Scene& scene, const std::string& code, const std::string& subject);
std::ostream& operator<<(std::ostream& out, FindingResult result);
// The finding's explained_by after a whole diagnosis; "none" when there is no such finding.
std::string cause_of(const Diagnosis& diagnosis, const std::string& code,
                     const std::string& subject);
Diagnosis diagnose(const Scene& scene);
// As a pass does it: what is out of the scope is left out before anything is expected or judged.
Diagnosis look(Scene scene, const ExpectSetting& setting = {},
               const std::set<PciAddress>& set_aside = {});

}  // namespace efa
