// Data over libfabric's provider efa, as MPI and older plugins of NCCL use it: the fabric "efa",
// whose own protocol is spoken by both ends. Nothing is decided here. Interface: fi_endpoint(3),
// fi_msg(3), fi_cq(3), fi_av(3), fi_efa(7).

#include "probes/data/libfabric.h"

#include <rdma/fabric.h>
#include <rdma/fi_cm.h>
#include <rdma/fi_domain.h>
#include <rdma/fi_endpoint.h>
#include <rdma/fi_errno.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <deque>
#include <string_view>

#include "probes/data/own_path.h"
#include "probes/protocol/fabric_library.h"

namespace efa {
namespace {

using Clock = std::chrono::steady_clock;

// From this one on the provider uses RDMA of a device that has it, as it does for MPI and NCCL;
// what is used here is the same in all.
constexpr uint32_t kApi = FI_VERSION(1, 18);

// By DataStep.
constexpr const char* kFabricCalls[] = {"fi_getinfo", "fi_fabric",   "fi_domain", "fi_cq_open",
                                        "fi_mr_reg",  "fi_endpoint", "fi_enable", "fi_getname"};

struct Close {
  template <class T>
  void operator()(T* made) const {
    fi_close(&made->fid);
  }
};
template <class T>
using Owned = std::unique_ptr<T, Close>;

Error fabric_error(ssize_t status, const char* call) {
  const auto number = static_cast<int>(-status);
  return {ErrorKind::kInputOutput, call, fi_strerror(number), number};
}

Result<Done> went(ssize_t status, const char* call) {
  if (status != 0) return fabric_error(status, call);
  return Done{};
}

// A request that waits; the provider keeps its own notes in the context until it is completed.
struct Request {
  fi_context2 context{};
  uint64_t id = 0;
};

class FabricPath final : public OwnPath {
 public:
  FabricPath(std::string device, const DataShape& shape)
      : OwnPath(shape), device_(std::move(device)) {}

  [[nodiscard]] const char* call(DataStep step) const override {
    return kFabricCalls[static_cast<size_t>(step)];
  }

  Result<Done> take(DataStep step) override {
    switch (step) {
      case DataStep::kOpen:
        return get_info();
      case DataStep::kQuery:
        return make<fid_fabric>(fabric_, step, [&](fid_fabric** made) {
          return fi_fabric(info_->fabric_attr, made, nullptr);
        });
      case DataStep::kProtectionDomain:
        return make<fid_domain>(domain_, step, [&](fid_domain** made) {
          return fi_domain(fabric_.get(), info_.get(), made, nullptr);
        });
      case DataStep::kCompletionQueue:
        return open_queues();
      case DataStep::kMemory:
        return register_memory();
      case DataStep::kQueuePair:
        return open_endpoint();
      case DataStep::kStates:
        return went(fi_enable(endpoint_.get()), call(step));
      case DataStep::kAddress:
        return get_name();
    }
    return Done{};
  }

  [[nodiscard]] uint32_t max_rdma_bytes() const override { return 0; }
  [[nodiscard]] bool reads() const override { return false; }
  [[nodiscard]] bool writes() const override { return false; }

  Result<Done> reach(const DataAddress& peer) override {
    // the provider reads as many bytes as its own names have
    if (peer.name_bytes != own_.name_bytes) return fabric_error(-FI_EINVAL, "fi_av_insert");
    const ssize_t added = fi_av_insert(addresses_.get(), peer.name.data(), 1, &peer_, 0, nullptr);
    if (added == 1) return Done{};
    return fabric_error(added < 0 ? added : -FI_EINVAL, "fi_av_insert");
  }

  Result<Done> post_receive(uint64_t id, uint32_t bytes) override {
    return post(id, "fi_recv", [&](void* context) {
      return fi_recv(endpoint_.get(), received().data(), bytes, fi_mr_desc(region_.get()),
                     FI_ADDR_UNSPEC, context);
    });
  }

  Result<Done> send(uint64_t id, uint32_t bytes, DataTarget target) override {
    if (target != DataTarget::kPeer) return fabric_error(-FI_ENOSYS, "fi_send");
    return post(id, "fi_send", [&](void* context) {
      return fi_send(endpoint_.get(), sent().data(), bytes, fi_mr_desc(region_.get()), peer_,
                     context);
    });
  }

  Result<Done> read(uint64_t /*id*/, uint32_t /*bytes*/, DataTarget /*target*/) override {
    return fabric_error(-FI_ENOSYS, "fi_read");
  }
  Result<Done> write(uint64_t /*id*/, uint32_t /*bytes*/, DataTarget /*target*/) override {
    return fabric_error(-FI_ENOSYS, "fi_write");
  }

  Result<std::optional<DataCompletion>> poll() override {
    if (came_.empty()) {
      const Result<Done> progressed = failed_ ? Result<Done>(*failed_) : progress();
      failed_.reset();
      if (!progressed) return progressed.error();
    }
    if (came_.empty()) return std::optional<DataCompletion>();
    const DataCompletion next = came_.front();
    came_.pop_front();
    return std::optional(next);
  }

  // The provider answers its peers, and a message is complete, only by its own calls.
  bool go_on() override {
    if (endpoint_ && completions_ && !failed_) {
      const Result<Done> progressed = progress();
      if (!progressed) failed_ = progressed.error();
    }
    return true;
  }

 private:
  template <class T, class Call>
  Result<Done> make(Owned<T>& owner, DataStep step, Call made_by) {
    T* made = nullptr;
    const int status = made_by(&made);
    owner.reset(made);
    return went(status, call(step));
  }

  // Of what the provider offers on the device, the fabric whose protocol both ends speak: before
  // 1.18 that is the only one.
  Result<Done> get_info() {
    const FabricInfo hints(fi_allocinfo());
    if (!hints) return fabric_error(-FI_ENOMEM, "fi_allocinfo");
    hints->fabric_attr->prov_name = strdup("efa");  // both are freed with the hints
    hints->domain_attr->name = strdup((device_ + "-rdm").c_str());
    hints->ep_attr->type = FI_EP_RDM;
    hints->caps = FI_MSG;
    // any other mode would let the provider take a part of each buffer
    hints->mode = FI_CONTEXT | FI_CONTEXT2;
    hints->domain_attr->mr_mode = FI_MR_LOCAL | FI_MR_VIRT_ADDR | FI_MR_ALLOCATED | FI_MR_PROV_KEY;
    fi_info* found = nullptr;
    const int status =
        fi_getinfo(std::min(kApi, fi_version()), nullptr, nullptr, 0, hints.get(), &found);
    const FabricInfo offered(found);
    if (status != 0) return fabric_error(status, "fi_getinfo");
    while (found != nullptr && std::string_view(found->fabric_attr->name) == "efa-direct") {
      found = found->next;
    }
    if (found == nullptr) return fabric_error(-FI_ENODATA, "fi_getinfo");
    info_.reset(fi_dupinfo(found));
    max_message_bytes_ = static_cast<uint32_t>(
        std::min<uint64_t>(info_->ep_attr->max_msg_size, std::numeric_limits<int32_t>::max()));
    return Done{};
  }

  Result<Done> open_queues() {
    fi_cq_attr queue{};
    queue.format = FI_CQ_FORMAT_MSG;
    queue.size = size_t{2} * shape_.depth;
    return make<fid_cq>(completions_, DataStep::kCompletionQueue, [&](fid_cq** made) {
      return fi_cq_open(domain_.get(), &queue, made, nullptr);
    });
  }

  Result<Done> register_memory() {
    const Result<std::span<uint8_t>> memory = take_memory();
    if (!memory) return memory.error();
    return make<fid_mr>(region_, DataStep::kMemory, [&](fid_mr** made) {
      return fi_mr_reg(domain_.get(), memory->data(), memory->size(), FI_SEND | FI_RECV, 0, 0, 0,
                       made, nullptr);
    });
  }

  Result<Done> open_endpoint() {
    fi_av_attr table{};
    table.type = FI_AV_TABLE;
    fid_av* addresses = nullptr;
    int status = fi_av_open(domain_.get(), &table, &addresses, nullptr);
    addresses_.reset(addresses);
    if (status != 0) return fabric_error(status, "fi_av_open");
    Result<Done> made = make<fid_ep>(endpoint_, DataStep::kQueuePair, [&](fid_ep** one) {
      return fi_endpoint(domain_.get(), info_.get(), one, nullptr);
    });
    if (!made) return made;
    status = fi_ep_bind(endpoint_.get(), &addresses_->fid, 0);
    if (status == 0) {
      status = fi_ep_bind(endpoint_.get(), &completions_->fid, FI_TRANSMIT | FI_RECV);
    }
    return went(status, "fi_ep_bind");
  }

  Result<Done> get_name() {
    size_t bytes = own_.name.size();
    const int status = fi_getname(&endpoint_->fid, own_.name.data(), &bytes);
    own_.name_bytes = status == 0 ? static_cast<uint32_t>(bytes) : 0;
    return went(status, "fi_getname");
  }

  // Where there is no room, what is on its way has to go on first.
  template <class Call>
  Result<Done> post(uint64_t id, const char* name, Call ask) {
    constexpr std::chrono::seconds kForRoom{3};
    const Clock::time_point end = Clock::now() + kForRoom;
    Request& request = take_request(id);
    while (true) {
      const ssize_t status = ask(&request.context);
      if (status == 0) return Done{};
      Result<Done> progressed = progress();
      if (status == -FI_EAGAIN && progressed && Clock::now() < end) continue;
      free_.push_back(&request);
      if (!progressed) return progressed;
      return fabric_error(status, name);
    }
  }

  Request& take_request(uint64_t id) {
    if (free_.empty()) {
      requests_.emplace_back();
      free_.push_back(&requests_.back());
    }
    Request& request = *free_.back();
    free_.pop_back();
    request.id = id;
    return request;
  }

  Result<Done> progress() {
    fi_cq_msg_entry entry{};
    const ssize_t count = fi_cq_read(completions_.get(), &entry, 1);
    if (count == -FI_EAGAIN || count == 0) return Done{};
    if (count == -FI_EAVAIL) return completion_error();
    if (count < 0) return fabric_error(count, "fi_cq_read");
    auto* request = static_cast<Request*>(entry.op_context);
    came_.push_back({request->id, 0, 0, static_cast<uint32_t>(entry.len)});
    free_.push_back(request);
    return Done{};
  }

  // The provider's own word for it, and its number: efa_errno.h of libfabric.
  Error completion_error() {
    fi_cq_err_entry entry{};
    if (fi_cq_readerr(completions_.get(), &entry, 0) < 0) {
      return fabric_error(-FI_EIO, "fi_cq_readerr");
    }
    char words[256] = "";
    const char* text =
        fi_cq_strerror(completions_.get(), entry.prov_errno, entry.err_data, words, sizeof words);
    return {ErrorKind::kInputOutput, "completion",
            std::string(fi_strerror(entry.err)) + "; the provider's word: " +
                std::to_string(entry.prov_errno) + " (" + (text == nullptr ? "none" : text) + ")",
            entry.prov_errno};
  }

  // destroyed in the opposite order
  std::string device_;
  std::deque<Request> requests_;
  std::vector<Request*> free_;
  std::deque<DataCompletion> came_;
  std::optional<Error> failed_;  // while nobody waited for it
  FabricInfo info_;
  Owned<fid_fabric> fabric_;
  Owned<fid_domain> domain_;
  Owned<fid_mr> region_;
  Owned<fid_cq> completions_;
  Owned<fid_av> addresses_;
  Owned<fid_ep> endpoint_;
  fi_addr_t peer_ = FI_ADDR_UNSPEC;
};

class Libfabric final : public DataLibrary {
 public:
  [[nodiscard]] std::optional<std::string> file() const override { return libfabric_file(); }
  [[nodiscard]] std::string version() const override { return fabric_version_text(fi_version()); }
  // libibverbs does, which has the device that a domain is named after.
  Result<std::vector<std::string>> list() override { return std::vector<std::string>(); }
  std::unique_ptr<DataPath> path_of(const std::string& name, const DataShape& shape) override {
    return std::make_unique<FabricPath>(name, shape);
  }
};

}  // namespace

std::unique_ptr<DataLibrary> open_libfabric() {
  return std::make_unique<Libfabric>();
}

}  // namespace efa
