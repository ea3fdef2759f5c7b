// The address of a PCI function as Linux writes it, "dddd:bb:ss.f" (domain, bus, slot, function in
// hexadecimal). It is the only key of a device: RDMA device names change when a driver is reloaded.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace efa {

struct PciAddress {
  uint32_t domain = 0;  // more than 16 bits behind Intel VMD
  uint8_t bus = 0;
  uint8_t slot = 0;
  uint8_t function = 0;

  [[nodiscard]] std::string to_text() const;
  static std::optional<PciAddress> from_text(std::string_view text);
  auto operator<=>(const PciAddress&) const = default;  // NOLINT(modernize-use-nullptr)
};

}  // namespace efa
