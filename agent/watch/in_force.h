// What is in force: keeps health.json true when passes cannot, after passes that ended badly and
// where a pass could not write it, and tells in service.json whether anybody renews it.
#pragma once

#include <optional>
#include <string>

#include "agent/config/config.h"
#include "agent/watch/told.h"
#include "probes/base/file_lock.h"

namespace efa {

class InForce {
 public:
  // The daemon starts. One that ended without a word may have hidden what happened since: the
  // verdict from before then counts again only after a pass. Refused while another daemon keeps
  // the same directory: two would each hide the end of the other.
  Result<Done> start(const FilesConfig& files);
  void stop();
  // The configuration may name another directory now. Refused as a start there would be.
  Result<Done> move(const FilesConfig& files);

  void take_verdict(const Told& told);
  // One may have been bad luck (a signal from outside, no memory): the verdict stays. Two in a row
  // are told. Returns how many it were in a row.
  int take_broken_pass(const std::string& how);
  // `why` nothing is known, from now on.
  void take_unknown(const std::string& why);

 private:
  void say(const std::string& verdict, const std::string& summary);
  void answer_for_verdict();
  Result<Done> take(const FilesConfig& files);
  void tell(const std::string& state);
  void tell_that_it_runs();

  int broken_ = 0;             // passes in a row that ended badly
  bool starts_again_ = false;  // after an unexpected end, and nothing is known yet
  std::string verdict_;
  FilesConfig files_;             // in force; its run directory is kept by us
  std::optional<FileLock> lock_;  // nothing where none can be made: a read-only directory
  bool told_ = false;             // service.json says what it shall
};

}  // namespace efa
