#include "probes/data/words.h"

#include <fmt/core.h>

namespace efa {
namespace {

struct StatusName {
  int status;
  const char* name;
};
// efa_errno.h of libfabric 2.4
constexpr StatusName kNames[] = {
    {1, "FLUSHED"},
    {2, "LOCAL_ERROR_QP_INTERNAL_ERROR"},
    {3, "LOCAL_ERROR_UNSUPPORTED_OP"},
    {4, "LOCAL_ERROR_INVALID_AH"},
    {5, "LOCAL_ERROR_INVALID_LKEY"},
    {6, "LOCAL_ERROR_BAD_LENGTH"},
    {7, "REMOTE_ERROR_BAD_ADDRESS"},
    {8, "REMOTE_ERROR_ABORT"},
    {9, "REMOTE_ERROR_BAD_DEST_QPN"},
    {10, "REMOTE_ERROR_RNR"},
    {11, "REMOTE_ERROR_BAD_LENGTH"},
    {12, "REMOTE_ERROR_BAD_STATUS"},
    {13, "LOCAL_ERROR_UNRESP_REMOTE"},
    {14, "REMOTE_ERROR_UNKNOWN_PEER"},
    {15, "LOCAL_ERROR_UNREACH_REMOTE"},
    {18, "REMOTE_ERROR_FEATURE_MISMATCH"},
};
constexpr int kUnresponsive = 13;
constexpr int kUnreachable = 15;

const char* name_of(int vendor_error) {
  for (const StatusName& one : kNames) {
    if (one.status == vendor_error) return one.name;
  }
  return "no name is known";
}

}  // namespace

DataEnd end_of(const DataTransfer& transfer) {
  const bool silent = !transfer.status;
  const int vendor_error = transfer.vendor_error.value_or(0);
  const bool failed = transfer.status.value_or(0) != 0;
  if (silent || (failed && (vendor_error == kUnresponsive || vendor_error == kUnreachable))) {
    return DataEnd::kUnreachable;
  }
  const bool whole = transfer.received != false && transfer.equal != false;
  return failed || !whole ? DataEnd::kFailed : DataEnd::kArrived;
}

std::string words_of(const DataTransfer& transfer) {
  const std::string what = fmt::format("{} of {} bytes", transfer.kind, transfer.bytes);
  if (!transfer.status) return what + ": no completion in time";
  if (*transfer.status != 0) {
    const int vendor_error = transfer.vendor_error.value_or(0);
    return fmt::format("{}: vendor_err {} ({}), status {}", what, vendor_error,
                       name_of(vendor_error), *transfer.status);
  }
  if (transfer.received == false) return what + ": completed, but was not received";
  if (transfer.equal == false) return what + ": other bytes arrived than were sent";
  return what + ": arrived";
}

}  // namespace efa
