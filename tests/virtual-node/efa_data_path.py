"""What an EFA function does with doorbells: SRD and UD messages, RDMA, completions, events.

Nothing is lost or reordered; a message without a posted buffer waits.
"""

import random
import struct
import time

import vfio_user
from efa_queues import (BAD_AH, BAD_LENGTH, BAD_LKEY, CAP_RDMA_READ, CAP_RDMA_WRITE, CQ_DOORBELLS,
                        FLUSHED, LLQ_STRIDE, NO_AH, OK, OP_RDMA_READ, OP_RDMA_WRITE, OP_SEND, PAGE,
                        QP_ERR, QP_UD, REMOTE_BAD_ADDRESS, REMOTE_BAD_LENGTH, REMOTE_BAD_QP,
                        REMOTE_RNR, RQ_ENTRY_SIZE, TO_RECEIVE_QUEUE, TO_SEND_QUEUE, UNREACHABLE,
                        UNRESPONSIVE, UNSOLICITED_WRITE_RECV, UNSUPPORTED, WQE_SIZE, Message, Wqe,
                        phase)

MAX_WAITING = 8192

# GET_STATS's types in order
COUNTERS = [
    ["tx_bytes", "tx_pkts", "rx_bytes", "rx_pkts", "rx_drops", "qkey_viol"],
    ["send_bytes", "send_wrs", "recv_bytes", "recv_wrs"],
    ["rdma_read_wrs", "rdma_read_bytes", "rdma_read_wr_err", "rdma_read_resp_bytes"],
    ["rdma_write_wrs", "rdma_write_bytes", "rdma_write_wr_err", "rdma_write_recv_bytes"],
    ["retrans_bytes", "retrans_pkts", "retrans_timeout_events", "unresponsive_remote_events",
     "impaired_remote_conn_events"],
]


class Fabric:
    """The network that all functions of a process share."""

    def __init__(self):
        self.devices = []

    def by_gid(self, gid):
        for device in self.devices:
            if device.gid == gid and not device.gone() and device.connection:
                return device
        return None


class DataPath(vfio_user.Function):
    """Of the class made from it: faults (settings), gid."""

    def __init__(self, fabric, *function):
        self.fabric = fabric
        self.counters = {name: 0 for names in COUNTERS for name in names}
        super().__init__(*function)

    def reset(self):
        self.regions, self.cqs, self.eqs, self.qps = {}, {}, {}, {}
        self.ahs = {}  # number: [gid, pd, how often made]
        self.delayed = []

    def gone(self):
        return self.faults["gone"]

    def raise_irq(self, vector):
        if not self.faults["no_irq"]:
            super().raise_irq(vector)

    def later(self, delay_ms, what):
        if delay_ms:
            self.delayed.append((time.monotonic() + delay_ms / 1000, what))
        else:
            what()

    def run_delayed(self, now):
        due = [what for when, what in self.delayed if when <= now]
        self.delayed = [entry for entry in self.delayed if entry[0] > now]
        for what in due:
            what()

    # doorbells, completions, events

    def ring(self, offset, value):
        self.trace("doorbell", hex(offset), hex(value))
        if offset >= CQ_DOORBELLS:
            self.arm((offset - CQ_DOORBELLS) // PAGE, value)
            return
        qp = self.qps.get(offset // PAGE)
        if qp is None:
            return
        if offset % 8 == 0:
            self.send_until(qp, value & 0xFFFF)
        else:
            qp.receive_tail = value & 0xFFFF
            while qp.waiting and qp.receive_head != qp.receive_tail:
                message = qp.waiting.popleft()
                message.done(self.deliver(qp, message))

    def arm(self, number, value):
        cq = self.cqs.get(number)
        if cq is None:
            return
        cq.armed = bool(value & 0x80000000)
        if cq.armed and cq.produced & 0xFFFF != value & 0xFFFF:  # completed before it was armed
            self.post_event(cq)

    def post_event(self, cq):
        cq.armed = False
        eq = self.eqs.get(cq.eq)
        if eq is None:
            return
        entry = struct.pack("<IIHHI", phase(eq.produced, eq.depth), 0, cq.number, 0, 0)
        self.dma.write_flagged(eq.base + eq.produced % eq.depth * eq.entry_size, entry, 0)
        eq.produced += 1
        self.raise_irq(eq.vector)

    def complete(self, number, qp, request, status, queue, op, body=bytes(10), has_immediate=False,
                 unsolicited=False):
        cq = self.cqs.get(number)
        if cq is None:
            return
        self.trace("completion cq", number, "qp", qp.number, "request", request, "status", status)
        flags = (phase(cq.produced, cq.depth) | queue << 1 | has_immediate << 3 | op << 4
                 | unsolicited << 7)
        entry = struct.pack("<HBBH", request, status, flags, qp.number) + body
        self.dma.write_flagged(cq.base + cq.produced % cq.depth * cq.entry_size,
                               entry.ljust(cq.entry_size, b"\0")[:cq.entry_size], 3)
        cq.produced += 1
        if cq.armed and cq.has_events:
            self.post_event(cq)

    # memory behind keys

    def region(self, key, address, size):
        region = self.regions.get(key & 0xFFFFFF)
        return region.pieces(address, size) if region is not None else None

    def gather(self, key, address, size):
        """What is there; None for a key or a place that is not registered."""
        if size == 0:
            return b""
        pieces = self.region(key, address, size)
        if pieces is None:
            return None
        return b"".join(self.dma.read(place, length) for place, length in pieces)

    def scatter(self, key, address, data):
        if not data:
            return True
        pieces = self.region(key, address, len(data))
        if pieces is None:
            return False
        done = 0
        for place, length in pieces:
            self.dma.write(place, data[done:done + length])
            done += length
        return True

    # sending

    def send_until(self, qp, tail):
        while qp.send_ring and qp.send_head != tail:
            at = qp.handle * LLQ_STRIDE + (qp.send_head & (qp.send_ring - 1)) * WQE_SIZE
            wqe = Wqe.parse(self.mapped[at:at + WQE_SIZE])
            qp.send_head = (qp.send_head + 1) & 0xFFFF
            self.later(self.faults["tx_delay_ms"], lambda wqe=wqe: self.send(qp, wqe))

    def send(self, qp, wqe):
        self.trace("qp", qp.number, wqe)
        if self.faults["blackhole"]:
            return

        def done(status):
            self.count_failure(wqe.op, status)
            if wqe.wants_completion and self.qps.get(qp.handle) is qp:
                self.complete(qp.send_cq, qp, wqe.request, status, TO_SEND_QUEUE, wqe.op)

        status = self.why_not_sent(qp, wqe)
        if status is not None:
            done(status)
            return
        act = {OP_SEND: self.send_message, OP_RDMA_READ: self.rdma_read,
               OP_RDMA_WRITE: self.rdma_write}[wqe.op]
        denier = self.denier(wqe)
        if denier is not None:
            if denier is not self and wqe.op != OP_RDMA_READ:
                act(qp, wqe, lambda status: None)
            status = denier.faults["deny_status"]
            if status:
                self.later(denier.faults["deny_ms"], lambda: done(status))
            return
        status = act(qp, wqe, done)
        if status is not None:
            done(status)

    def denier(self, wqe):
        """The device whose packets are lost: the message's own, or those that say that it came."""
        peer = self.fabric.by_gid(self.ahs[wqe.ah][0])
        if peer is None:
            return None
        if peer.number in self.faults["deny_to"]:
            return self
        return peer if self.number in peer.faults["deny_to"] else None

    def why_not_sent(self, qp, wqe):
        """The status that a descriptor ends with before anything is sent."""
        needs = {OP_SEND: 0, OP_RDMA_READ: CAP_RDMA_READ, OP_RDMA_WRITE: CAP_RDMA_WRITE}
        if qp.state == QP_ERR:
            return FLUSHED
        if self.faults["tx_status"]:
            return self.faults["tx_status"]
        if wqe.ah not in self.ahs:
            return BAD_AH
        if wqe.op not in needs or needs[wqe.op] & ~self.faults["caps"]:
            return UNSUPPORTED
        return None

    def count_failure(self, op, status):
        if status == OK:
            return
        if op in (OP_RDMA_READ, OP_RDMA_WRITE):
            self.counters["rdma_read_wr_err" if op == OP_RDMA_READ else "rdma_write_wr_err"] += 1
        if status == UNRESPONSIVE:
            self.counters["unresponsive_remote_events"] += 1
        if status in (UNRESPONSIVE, UNREACHABLE):
            self.counters["retrans_timeout_events"] += 1

    def destination(self, qp, wqe, size):
        """(device, QP, None), or (None, None, the status that the descriptor ends with)."""
        peer = self.fabric.by_gid(self.ahs[wqe.ah][0])
        if peer is None:
            return None, None, UNREACHABLE
        there = peer.qps.get(wqe.to_qp & 0xFF)
        known = there is not None and there.number == wqe.to_qp and there.kind == qp.kind
        lost = random.random() < self.faults["drop"]
        if qp.kind == QP_UD and (lost or not known):
            peer.counters["rx_drops"] += 1
            return None, None, OK
        if not known:
            return None, None, OK if self.faults["control_passes"] else REMOTE_BAD_QP
        if lost:
            self.counters["retrans_pkts"] += 1
            self.counters["retrans_bytes"] += size
        return peer, there, None

    def send_message(self, qp, wqe, done):
        if wqe.inline:
            data = wqe.raw[32:32 + wqe.length]
        else:
            parts = [self.gather(*buffer) for buffer in wqe.buffers()]
            if None in parts:
                self.log("bad lkey in", wqe)
                return BAD_LKEY
            data = b"".join(parts)
        if len(data) > self.faults["mtu"]:
            return BAD_LENGTH
        self.counters["send_wrs"] += 1
        self.counters["send_bytes"] += len(data)
        self.count_sent(len(data))
        peer, there, status = self.destination(qp, wqe, len(data))
        if peer is None:
            return status
        return peer.take(there, Message(self.gid, qp.number, data, wqe.op, wqe.immediate, done))

    def rdma_read(self, qp, wqe, _):
        size, rkey, from_address, _, lkey, to_address = wqe.rdma()
        peer, _, status = self.destination(qp, wqe, size)
        if peer is None:
            return status
        self.counters["rdma_read_wrs"] += 1
        data = peer.gather(rkey, from_address, size)
        if data is None:
            return REMOTE_BAD_ADDRESS
        if not self.scatter(lkey, to_address, data):
            return BAD_LKEY
        self.counters["rdma_read_bytes"] += size
        peer.counters["rdma_read_resp_bytes"] += size
        for sender, receiver, moved in ((self, peer, 0), (peer, self, size)):
            sender.count_sent(moved)
            receiver.count_received(moved)
        return OK

    def rdma_write(self, qp, wqe, done):
        _, rkey, to_address, size, lkey, from_address = wqe.rdma()
        peer, there, status = self.destination(qp, wqe, size)
        if peer is None:
            return status
        self.counters["rdma_write_wrs"] += 1
        data = self.gather(lkey, from_address, size)
        if data is None:
            return BAD_LKEY
        if not peer.scatter(rkey, to_address, data):
            return REMOTE_BAD_ADDRESS
        self.counters["rdma_write_bytes"] += size
        peer.counters["rdma_write_recv_bytes"] += size
        self.count_sent(size)
        peer.count_received(size)
        if wqe.immediate is None:
            return OK
        message = Message(self.gid, qp.number, data, wqe.op, wqe.immediate, done)
        if there.flags & UNSOLICITED_WRITE_RECV:
            peer.complete_receive(there, 0, OK, message, unsolicited=True)
            return OK
        return peer.take(there, message)

    def packets(self, size):
        return max(1, -(-size // max(1, self.faults["mtu"])))

    def count_sent(self, size):
        self.counters["tx_bytes"] += size
        self.counters["tx_pkts"] += self.packets(size)

    def count_received(self, size):
        self.counters["rx_bytes"] += size
        self.counters["rx_pkts"] += self.packets(size)

    # receiving

    def take(self, qp, message):
        """Its status; None while it waits for a buffer."""
        if qp.receive_head != qp.receive_tail:
            return self.deliver(qp, message)
        if qp.kind == QP_UD:
            self.counters["rx_drops"] += 1
            return OK
        if len(qp.waiting) >= MAX_WAITING:
            return REMOTE_RNR
        qp.waiting.append(message)
        return None

    def next_receive(self, qp):
        """(request id, [(lkey, address, length), ...]) of the first posted; None without one."""
        buffers, request = [], None
        while qp.receive_head != qp.receive_tail:
            at = qp.receive_base + (qp.receive_head & (qp.receive_ring - 1)) * RQ_ENTRY_SIZE
            entry = self.dma.read(at, RQ_ENTRY_SIZE)
            low, high, number, length, lkey = struct.unpack("<IIHHI", entry)
            qp.receive_head = (qp.receive_head + 1) & 0xFFFF
            if request is None:
                request = number
            buffers.append((lkey, low | high << 32, length))
            if lkey & 0x80000000:
                return request, buffers
        return None

    def flush(self, qp):
        while (posted := self.next_receive(qp)) is not None:
            self.complete(qp.receive_cq, qp, posted[0], FLUSHED, TO_RECEIVE_QUEUE, OP_SEND)

    def deliver(self, qp, message):
        posted = self.next_receive(qp)
        if posted is None:
            return REMOTE_RNR
        request, buffers = posted
        status = OK
        if message.op == OP_SEND:
            status = self.fill(buffers, message.data)
            self.count_received(len(message.data))
            self.counters["recv_wrs"] += 1
            self.counters["recv_bytes"] += len(message.data)
        self.complete_receive(qp, request, OK if status == OK else BAD_LENGTH, message)
        return OK if status == OK else REMOTE_BAD_LENGTH

    def fill(self, buffers, data):
        done = 0
        for lkey, address, length in buffers:
            if not self.scatter(lkey, address, data[done:done + length]):
                return BAD_LKEY
            done += min(length, len(data) - done)
        return OK if done == len(data) else BAD_LENGTH

    def complete_receive(self, qp, request, status, message, unsolicited=False):
        size, ah = len(message.data), self.ah_for(message.gid, qp.pd)
        body = struct.pack("<HHHI", size & 0xFFFF, ah, message.from_qp, message.immediate or 0)
        cq = self.cqs.get(qp.receive_cq)
        if cq is not None and cq.entry_size >= 32:
            if message.op == OP_RDMA_WRITE:
                body += struct.pack("<H", size >> 16)
            elif ah == NO_AH and cq.tells_source:
                body += message.gid
        self.complete(qp.receive_cq, qp, request, status, TO_RECEIVE_QUEUE, message.op, body,
                      message.immediate is not None, unsolicited)

    def ah_for(self, gid, pd):
        """The AH that the receiver's own protection domain has for a sender: libfabric looks the
        sender up by it, so another PD's will not do."""
        for number, (its_gid, its_pd, _) in self.ahs.items():
            if (its_gid, its_pd) == (gid, pd):
                return number
        return NO_AH
