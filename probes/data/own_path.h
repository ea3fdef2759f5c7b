// What a path has whichever library moves its data: memory in two halves, which is to be
// registered, and a name.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>

#include "probes/data/library.h"

namespace efa {

class OwnPath : public DataPath {
 public:
  [[nodiscard]] uint32_t max_message_bytes() const override { return max_message_bytes_; }
  [[nodiscard]] DataAddress address() const override { return own_; }
  [[nodiscard]] std::span<uint8_t> sent() override { return {memory_.get(), shape_.buffer}; }
  [[nodiscard]] std::span<uint8_t> received() override {
    return {memory_.get() + shape_.buffer, shape_.buffer};
  }

 protected:
  explicit OwnPath(const DataShape& shape) : shape_(shape) {}

  // Whole pages, and nothing else on them.
  Result<std::span<uint8_t>> take_memory() {
    constexpr size_t kPage = 4096;
    const size_t bytes = (2 * shape_.buffer + kPage - 1) / kPage * kPage;
    memory_.reset(static_cast<uint8_t*>(std::aligned_alloc(kPage, bytes)));
    if (!memory_) return system_error(ENOMEM, "aligned_alloc");
    std::fill_n(memory_.get(), bytes, uint8_t{0});
    return std::span(memory_.get(), bytes);
  }

  DataShape shape_;
  uint32_t max_message_bytes_ = 0;
  DataAddress own_;

 private:
  struct Free {
    void operator()(uint8_t* memory) const { std::free(memory); }
  };
  std::unique_ptr<uint8_t, Free> memory_;
};

}  // namespace efa
