#include "probes/fabric/parse.h"

namespace efa {

std::string device_of_domain(std::string_view domain) {
  return std::string(domain.substr(0, domain.rfind('-')));  // all of one without a dash
}

}  // namespace efa
