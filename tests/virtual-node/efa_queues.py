"""What the queues of an EFA function are made of: numbers, descriptors, what is behind handles.

Layout of descriptors: the driver's and rdma-core's efa_io_defs.h.
"""

import collections
import dataclasses
import struct
import typing

MAX_QP, MAX_CQ = 256, 512
LLQ_STRIDE = 0x8000  # 32 KiB of send descriptors for each QP
LLQ_SIZE = MAX_QP * LLQ_STRIDE
CQ_DOORBELLS = 0x200000  # after a page for each QP, a page for each CQ
DOORBELLS_SIZE = 4 << 20
PAGE = 4096
WQE_SIZE, RQ_ENTRY_SIZE = 64, 16
NO_AH = 0xFFFF

OP_SEND, OP_RDMA_READ, OP_RDMA_WRITE = range(3)
QP_UD = 1
QP_RESET, QP_ERR = 0, 6
UNSOLICITED_WRITE_RECV = 4
CAP_RDMA_READ, CAP_RNR, CAP_RDMA_WRITE, CAP_UNSOLICITED = 1, 2, 8, 16
# completion status
(OK, FLUSHED, UNSUPPORTED, BAD_AH, BAD_LKEY, BAD_LENGTH, REMOTE_BAD_ADDRESS, REMOTE_BAD_QP,
 REMOTE_RNR, REMOTE_BAD_LENGTH, UNRESPONSIVE, UNREACHABLE) = 0, 1, 3, 4, 5, 6, 7, 9, 10, 11, 13, 15
TO_SEND_QUEUE, TO_RECEIVE_QUEUE = 1, 2  # queue type of a completion

def phase(produced, depth):
    """The bit that tells a new entry of a ring from one of the round before."""
    return 1 ^ (produced // depth & 1)


@dataclasses.dataclass
class Region:
    """A memory region: `base` is the start of its first page."""
    start: int
    length: int
    shift: int
    base: int
    pages: typing.Sequence[int]

    def pieces(self, address, size):
        """[address, address + size) as (DMA address, length); None where it is not inside."""
        if address < self.start or address + size > self.start + self.length:
            return None
        offset, found = address - self.base, []
        while size:
            page, within = offset >> self.shift, offset & ((1 << self.shift) - 1)
            length = min(size, (1 << self.shift) - within)
            found.append((self.pages[page] + within, length))
            offset += length
            size -= length
        return found


@dataclasses.dataclass
class CompletionQueue:
    number: int
    base: int
    depth: int
    entry_size: int
    eq: int
    has_events: bool
    tells_source: bool
    produced: int = 0
    armed: bool = False


@dataclasses.dataclass
class EventQueue:
    base: int
    depth: int
    entry_size: int
    vector: int
    produced: int = 0


@dataclasses.dataclass
class QueuePair:
    handle: int
    number: int
    kind: int
    pd: int
    flags: int
    send_cq: int
    receive_cq: int
    send_ring: int
    receive_ring: int
    receive_base: int
    state: int = QP_RESET
    qkey: int = 0
    psn: int = 0
    rnr_retry: int = 0
    send_head: int = 0
    receive_head: int = 0
    receive_tail: int = 0
    waiting: collections.deque = dataclasses.field(default_factory=collections.deque)

    def empty_rings(self):
        self.send_head = self.receive_head = self.receive_tail = 0


@dataclasses.dataclass
class Wqe:
    """A send descriptor."""
    request: int
    op: int
    inline: bool
    wants_completion: bool
    to_qp: int
    length: int
    immediate: typing.Optional[int]
    ah: int
    raw: bytes

    @classmethod
    def parse(cls, raw):
        request, first, second, to_qp, length, immediate, ah = struct.unpack_from("<HBBHHIH", raw)
        return cls(request, first & 15, bool(first & 0x20), bool(second & 0x10), to_qp, length,
                   immediate if first & 0x10 else None, ah, raw)

    def buffers(self):
        """(lkey, address, length) of what is sent."""
        for at in range(self.length):
            length, lkey, low, high = struct.unpack_from("<IIII", self.raw, 32 + 16 * at)
            yield lkey, low | high << 32, length

    def rdma(self):
        """(remote length, rkey, remote address, local length, lkey, local address)"""
        (remote_length, rkey, remote_low, remote_high, local_length, lkey, local_low,
         local_high) = struct.unpack_from("<IIIIIIII", self.raw, 32)
        return (remote_length, rkey, remote_low | remote_high << 32, local_length, lkey,
                local_low | local_high << 32)


@dataclasses.dataclass
class Message:
    """On its way to a receive queue; done(status) ends it for the sender."""
    gid: bytes
    from_qp: int
    data: bytes
    op: int
    immediate: typing.Optional[int]
    done: typing.Callable[[int], None]
