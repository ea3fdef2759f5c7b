// Data over libibverbs and libefa. Nothing is decided here: who has a path says what is asked of
// it, and in which order.

#include <infiniband/efadv.h>
#include <infiniband/verbs.h>
#include <sys/random.h>

#include <algorithm>
#include <cerrno>

#include "probes/data/own_path.h"
#include "probes/protocol/verbs_devices.h"

namespace efa {
namespace {

constexpr uint8_t kPort = 1;
constexpr uint32_t kCanWrite = 1U << 3U;  // EFADV_DEVICE_ATTR_CAPS_RDMA_WRITE since rdma-core 50
constexpr uint32_t kOrdinaryKeys = 0x7fffffff;  // the others are for CAP_NET_RAW

// What one of these makes is null with an errno, or with none where no provider does it.
template <auto kDestroy>
struct Destroy {
  template <class T>
  void operator()(T* made) const {
    kDestroy(made);
  }
};
template <class T, auto kDestroy>
using Owned = std::unique_ptr<T, Destroy<kDestroy>>;

Result<Done> made(const void* what, const char* call) {
  if (what == nullptr) return system_error(errno == 0 ? EOPNOTSUPP : errno, call);
  return Done{};
}

Result<Done> went(int error, const char* call) {
  if (error != 0) return system_error(error, call);
  return Done{};
}

class OwnQueuePair final : public OwnPath {
 public:
  OwnQueuePair(const VerbsDevices& devices, std::string name, const DataShape& shape)
      : OwnPath(shape), devices_(devices), name_(std::move(name)) {}

  Result<Done> take(DataStep step) override {
    errno = 0;
    switch (step) {
      case DataStep::kOpen:
        return open();
      case DataStep::kQuery:
        return query();
      case DataStep::kProtectionDomain:
        domain_.reset(ibv_alloc_pd(context_.get()));
        return made(domain_.get(), call_of(step));
      case DataStep::kCompletionQueue:
        completions_.reset(
            ibv_create_cq(context_.get(), static_cast<int>(2 * shape_.depth), nullptr, nullptr, 0));
        return made(completions_.get(), call_of(step));
      case DataStep::kMemory:
        return register_memory();
      case DataStep::kQueuePair:
        return create_queue_pairs();
      case DataStep::kStates:
        return raise_states();
      case DataStep::kAddress:
        self_ = address_handle(own_.gid);
        return made(self_.get(), call_of(step));
    }
    return Done{};
  }

  [[nodiscard]] uint32_t max_rdma_bytes() const override { return max_rdma_bytes_; }
  [[nodiscard]] bool reads() const override {
    return (capabilities_ & EFADV_DEVICE_ATTR_CAPS_RDMA_READ) != 0;
  }
  [[nodiscard]] bool writes() const override { return (capabilities_ & kCanWrite) != 0; }

  Result<Done> reach(const DataAddress& peer) override {
    errno = 0;
    peer_address_ = peer;
    peer_ = address_handle(peer.gid);
    return made(peer_.get(), call_of(DataStep::kAddress));
  }

  Result<Done> post_receive(uint64_t id, uint32_t bytes) override {
    ibv_sge piece{place(received()), bytes, region_->lkey};
    ibv_recv_wr request{id, nullptr, &piece, 1};
    ibv_recv_wr* bad = nullptr;
    return went(ibv_post_recv(pair_.get(), &request, &bad), "ibv_post_recv");
  }

  Result<Done> send(uint64_t id, uint32_t bytes, DataTarget target) override {
    const bool peer = target == DataTarget::kPeer;
    const DataAddress& to = peer ? peer_address_ : own_;
    start(id);
    ibv_wr_send(extended_);
    ibv_wr_set_ud_addr(extended_, peer ? peer_.get() : self_.get(),
                       target == DataTarget::kEnded ? ended_ : to.number, to.key);
    ibv_wr_set_sge(extended_, region_->lkey, place(sent()), bytes);
    return went(ibv_wr_complete(extended_), "ibv_wr_send");
  }

  Result<Done> read(uint64_t id, uint32_t bytes, DataTarget target) override {
    const bool peer = target == DataTarget::kPeer;
    start(id);
    ibv_wr_rdma_read(extended_, peer ? peer_address_.memory_key : region_->rkey,
                     peer ? peer_address_.memory : place(sent()));
    finish_rdma(peer, received(), bytes);
    return went(ibv_wr_complete(extended_), "ibv_wr_rdma_read");
  }

  Result<Done> write(uint64_t id, uint32_t bytes, DataTarget target) override {
    const bool peer = target == DataTarget::kPeer;
    start(id);
    ibv_wr_rdma_write(extended_, peer ? peer_address_.memory_key : region_->rkey,
                      peer ? peer_address_.memory : place(received()));
    finish_rdma(peer, sent(), bytes);
    return went(ibv_wr_complete(extended_), "ibv_wr_rdma_write");
  }

  Result<std::optional<DataCompletion>> poll() override {
    ibv_wc completion{};
    const int count = ibv_poll_cq(completions_.get(), 1, &completion);
    if (count < 0) return system_error(-count, "ibv_poll_cq");
    if (count == 0) return std::optional<DataCompletion>();
    return std::optional(DataCompletion{completion.wr_id, completion.status,
                                        static_cast<int>(completion.vendor_err),
                                        completion.byte_len});
  }

 private:
  using QueuePair = Owned<ibv_qp, ibv_destroy_qp>;
  using AddressHandle = Owned<ibv_ah, ibv_destroy_ah>;

  static uint64_t place(std::span<uint8_t> bytes) {
    return reinterpret_cast<uint64_t>(bytes.data());  // NOLINT
  }

  void finish_rdma(bool peer, std::span<uint8_t> own_half, uint32_t bytes) {
    const DataAddress& to = peer ? peer_address_ : own_;
    ibv_wr_set_ud_addr(extended_, peer ? peer_.get() : self_.get(), to.number, to.key);
    ibv_wr_set_sge(extended_, region_->lkey, place(own_half), bytes);
  }

  Result<Done> open() {
    const Result<ibv_context*> context = devices_.open(name_);
    if (!context) return context.error();
    context_.reset(*context);
    return Done{};
  }

  Result<Done> query() {
    efadv_device_attr device{};
    ibv_port_attr port{};
    ibv_gid gid{};
    if (const int error = efadv_query_device(context_.get(), &device, sizeof device)) {
      return system_error(error, "efadv_query_device");
    }
    if (const int error = ibv_query_port(context_.get(), kPort, &port)) {
      return system_error(error, "ibv_query_port");
    }
    if (ibv_query_gid(context_.get(), kPort, 0, &gid) != 0) {
      return system_error(errno, "ibv_query_gid");
    }
    capabilities_ = device.device_caps;
    max_message_bytes_ = port.max_msg_sz;
    max_rdma_bytes_ = reads() || writes() ? device.max_rdma_size : 0;
    std::copy(std::begin(gid.raw), std::end(gid.raw), own_.gid.begin());
    if (getrandom(&own_.key, sizeof own_.key, GRND_NONBLOCK) < 0) own_.key = 1;
    own_.key &= kOrdinaryKeys;
    return Done{};
  }

  Result<Done> register_memory() {
    const Result<std::span<uint8_t>> memory = take_memory();
    if (!memory) return memory.error();
    int access = IBV_ACCESS_LOCAL_WRITE;
    if (reads()) access |= IBV_ACCESS_REMOTE_READ;
    if (writes()) access |= IBV_ACCESS_REMOTE_WRITE;
    region_.reset(ibv_reg_mr(domain_.get(), memory->data(), 2 * shape_.buffer, access));
    Result<Done> done = made(region_.get(), call_of(DataStep::kMemory));
    if (done) own_.memory = place(received());
    if (done) own_.memory_key = region_->rkey;
    return done;
  }

  QueuePair create_queue_pair() {
    ibv_qp_init_attr_ex wanted{};
    wanted.send_cq = wanted.recv_cq = completions_.get();
    wanted.cap = {.max_send_wr = shape_.depth,
                  .max_recv_wr = shape_.depth,
                  .max_send_sge = 1,
                  .max_recv_sge = 1,
                  .max_inline_data = 0};
    wanted.qp_type = IBV_QPT_DRIVER;
    wanted.comp_mask = IBV_QP_INIT_ATTR_PD | IBV_QP_INIT_ATTR_SEND_OPS_FLAGS;
    wanted.pd = domain_.get();
    wanted.send_ops_flags = IBV_QP_EX_WITH_SEND;
    if (reads()) wanted.send_ops_flags |= IBV_QP_EX_WITH_RDMA_READ;
    if (writes()) wanted.send_ops_flags |= IBV_QP_EX_WITH_RDMA_WRITE;
    efadv_qp_init_attr srd{};
    srd.driver_qp_type = EFADV_QP_DRIVER_TYPE_SRD;
    return QueuePair(efadv_create_qp_ex(context_.get(), &wanted, &srd, sizeof srd));
  }

  // The first is destroyed at once: a number that nobody has, which the number after our own may
  // not be.
  Result<Done> create_queue_pairs() {
    QueuePair first = create_queue_pair();
    if (Result<Done> one = made(first.get(), "efadv_create_qp_ex"); !one) return one;
    pair_ = create_queue_pair();
    if (Result<Done> other = made(pair_.get(), "efadv_create_qp_ex"); !other) return other;
    ended_ = first->qp_num;
    own_.number = pair_->qp_num;
    extended_ = ibv_qp_to_qp_ex(pair_.get());
    return Done{};
  }

  Result<Done> raise_states() {
    ibv_qp_attr change{};
    change.qp_state = IBV_QPS_INIT;
    change.port_num = kPort;
    change.qkey = own_.key;
    int error = ibv_modify_qp(pair_.get(), &change,
                              IBV_QP_STATE | IBV_QP_PKEY_INDEX | IBV_QP_PORT | IBV_QP_QKEY);
    change.qp_state = IBV_QPS_RTR;
    if (error == 0) error = ibv_modify_qp(pair_.get(), &change, IBV_QP_STATE);
    change.qp_state = IBV_QPS_RTS;
    if (error == 0) error = ibv_modify_qp(pair_.get(), &change, IBV_QP_STATE | IBV_QP_SQ_PSN);
    return went(error, "ibv_modify_qp");
  }

  AddressHandle address_handle(const std::array<uint8_t, 16>& gid) {
    ibv_ah_attr to{};
    to.is_global = 1;
    to.port_num = kPort;
    std::copy(gid.begin(), gid.end(), std::begin(to.grh.dgid.raw));
    return AddressHandle(ibv_create_ah(domain_.get(), &to));
  }

  void start(uint64_t id) {
    ibv_wr_start(extended_);
    extended_->wr_id = id;
    extended_->wr_flags = IBV_SEND_SIGNALED;
  }

  // destroyed in the opposite order
  const VerbsDevices& devices_;
  std::string name_;
  Owned<ibv_context, ibv_close_device> context_;
  Owned<ibv_pd, ibv_dealloc_pd> domain_;
  Owned<ibv_cq, ibv_destroy_cq> completions_;
  Owned<ibv_mr, ibv_dereg_mr> region_;
  QueuePair pair_;
  ibv_qp_ex* extended_ = nullptr;
  AddressHandle self_;
  AddressHandle peer_;
  uint32_t ended_ = 0;
  uint32_t capabilities_ = 0;
  uint32_t max_rdma_bytes_ = 0;
  DataAddress peer_address_;
};

class Libibverbs final : public DataLibrary {
 public:
  [[nodiscard]] std::optional<std::string> file() const override { return libibverbs_file(); }
  Result<std::vector<std::string>> list() override { return devices_.list(); }
  std::unique_ptr<DataPath> path_of(const std::string& name, const DataShape& shape) override {
    return std::make_unique<OwnQueuePair>(devices_, name, shape);
  }

 private:
  VerbsDevices devices_;
};

}  // namespace

std::unique_ptr<DataLibrary> open_libibverbs() {
  return std::make_unique<Libibverbs>();
}

}  // namespace efa
