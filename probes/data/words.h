// How a transfer ended, in words: efa_errno.h of libfabric names the device's status.
#pragma once

#include <string>

#include "probes/data/facts.h"

namespace efa {

enum class DataEnd {
  kArrived,
  kUnreachable,  // status 13 or 15, or silence: what a security group may do too
  kFailed,
};

DataEnd end_of(const DataTransfer& transfer);
// "send of 64 bytes: vendor_err 9 (REMOTE_ERROR_BAD_DEST_QPN), status 12"
std::string words_of(const DataTransfer& transfer);

}  // namespace efa
