// The calls of libibverbs and libefa that probe-verbs makes, so that it can be read without a
// device: one implementation calls them, tests replay answers.
// Interface: the manual pages named in facts.h.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "probes/base/result.h"

namespace efa {

// ibv_device_attr, as far as it is told.
struct VerbsAttributes {
  uint32_t vendor_part_id = 0;
  uint32_t hw_version = 0;
  std::string fw_version;  // any bytes
  int max_qp = 0;
  int max_cq = 0;
  int max_mr = 0;
  uint64_t max_mr_size = 0;
};

// ibv_port_attr
struct VerbsPort {
  int state = 0;
  uint32_t max_message_bytes = 0;
};

// efadv_device_attr; a libefa or a kernel that is older than a field leaves it 0
struct EfaAttributes {
  uint32_t max_sq_wr = 0;
  uint32_t max_rq_wr = 0;
  uint16_t inline_buf_size = 0;
  uint32_t max_rdma_bytes = 0;
  uint32_t capability_bits = 0;  // EFADV_DEVICE_ATTR_CAPS_*
};

using GidBytes = std::array<uint8_t, 16>;

// A device that was opened; the end of this closes it (ibv_close_device). Errors name the call.
class VerbsContext {
 public:
  VerbsContext() = default;
  VerbsContext(const VerbsContext&) = delete;
  VerbsContext& operator=(const VerbsContext&) = delete;
  virtual ~VerbsContext() = default;

  virtual Result<VerbsAttributes> query_device() = 0;
  virtual Result<VerbsPort> query_port() = 0;  // port 1: an EFA has no other
  virtual Result<GidBytes> query_gid() = 0;    // the first of port 1
  virtual Result<EfaAttributes> query_efa() = 0;
};

class VerbsLibrary {
 public:
  VerbsLibrary() = default;
  VerbsLibrary(const VerbsLibrary&) = delete;
  VerbsLibrary& operator=(const VerbsLibrary&) = delete;
  virtual ~VerbsLibrary() = default;

  // Which file the loader took.
  [[nodiscard]] virtual std::optional<std::string> file() const = 0;
  // The names of the RDMA devices.
  virtual Result<std::vector<std::string>> list() = 0;
  // One of those listed, in this process or in a child of it.
  virtual Result<std::unique_ptr<VerbsContext>> open(const std::string& name) = 0;
};

}  // namespace efa
