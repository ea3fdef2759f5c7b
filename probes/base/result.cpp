#include "probes/base/result.h"

#include <cerrno>
#include <cstring>

namespace efa {
namespace {

ErrorKind kind_of(int os_error) {
  switch (os_error) {
    case ENOENT:
    case ENOTDIR:
      return ErrorKind::kNotFound;
    case EACCES:
    case EPERM:
      return ErrorKind::kDenied;
    case ETIME:
    case ETIMEDOUT:
      return ErrorKind::kTimedOut;
    case EFBIG:
      return ErrorKind::kTooLarge;
    case EINVAL:
    case ELOOP:
      return ErrorKind::kMalformed;
    default:
      return ErrorKind::kInputOutput;
  }
}

}  // namespace

Error system_error(int os_error, std::string where) {
  return {kind_of(os_error), std::move(where), std::strerror(os_error), os_error};
}

}  // namespace efa
