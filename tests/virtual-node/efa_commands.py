"""The admin commands of an EFA function. Layouts: the driver's efa_admin_cmds_defs.h."""

import array
import struct

from efa_data_path import COUNTERS, DataPath
from efa_queues import (CQ_DOORBELLS, LLQ_STRIDE, MAX_CQ, MAX_QP, PAGE, QP_ERR, QP_RESET,
                        REMOTE_BAD_QP, RQ_ENTRY_SIZE, WQE_SIZE, CompletionQueue, EventQueue,
                        QueuePair, Region)

DOORBELLS_BAR = 4
VECTORS = 9  # of MSI-X
F_DEVICE, F_AENQ, F_NETWORK, F_QUEUES, F_HINTS, F_HOST, F_EQ = FEATURES = range(1, 8)
MAX_PD, MAX_UAR, MAX_AH, MAX_EQ = 256, 1024, 16384, 64
FIRST_KEY = 0x10
NO_RESOURCES, UNSUPPORTED_OPCODE, ILLEGAL_PARAMETER, UNKNOWN_ERROR = 1, 3, 5, 6
LISTS_INDIRECT, LISTS_CHAINED = 2, 4  # flags of an admin command
CHUNK_END_SIZE = 12  # length and address of the next chunk


class Refused(Exception):
    """An admin command completes with this status."""


def free_number(used, limit, first=0):
    for number in range(first, limit):
        if number not in used:
            return number
    raise Refused(NO_RESOURCES)


def take_number(used, limit):
    number = free_number(used, limit)
    used.add(number)
    return struct.pack("<HH", number, 0)


class Commands(DataPath):
    """do_X(entry of the admin queue) -> body of the completion of X."""

    def do_get_feature(self, entry):
        feature = entry[17]
        if feature == F_DEVICE:
            supported = sum(1 << number for number in FEATURES)
            return struct.pack("<QQIIIHBBII8sHHI", supported, 0xFFFFF000, 0, 1, 1, DOORBELLS_BAR,
                               48, 64, self.faults["caps"], 1 << 30, self.guid(),
                               self.faults["link_gbps"], 0, 0)
        if feature == F_QUEUES:
            return struct.pack("<IIIIIIHHHHIIIIIHH", MAX_QP, 512, 32, 8192, MAX_CQ, 32768, 1, 0, 2,
                               3, 262144, 1 << 20, MAX_PD, MAX_AH, LLQ_STRIDE, 1, 0)
        if feature == F_NETWORK:
            return self.gid + struct.pack("<I", self.faults["mtu"])
        if feature == F_AENQ:
            return struct.pack("<II", 0x1E, self.event_groups)
        if feature == F_HINTS:
            return bytes(8)
        if feature == F_EQ:
            return struct.pack("<III", VECTORS - 1, 256, 1)
        raise Refused(UNSUPPORTED_OPCODE)

    def do_set_feature(self, entry):
        feature = entry[17]
        if feature == F_AENQ:
            self.event_groups = struct.unpack_from("<I", entry, 24)[0]
        elif feature == F_HOST:
            size, low, high = struct.unpack_from("<III", entry, 4)
            info = self.dma.read(low | high << 32, size)
            self.host_info = {"os_dist": info[:128].split(b"\0")[0].decode(),
                              "kernel_ver_str": info[132:164].split(b"\0")[0].decode(),
                              "kernel_ver": hex(struct.unpack_from("<I", info, 164)[0]),
                              "bdf": hex(struct.unpack_from("<H", info, 172)[0])}
        else:
            raise Refused(UNSUPPORTED_OPCODE)

    def do_get_stats(self, entry):
        kind = entry[16]
        if kind >= len(COUNTERS):
            raise Refused(UNSUPPORTED_OPCODE)
        counters = self.frozen_counters or self.counters
        return b"".join(struct.pack("<Q", counters[name] % 2**64)
                        for name in COUNTERS[kind])

    def do_alloc_pd(self, _):
        return take_number(self.pds, MAX_PD)

    def do_dealloc_pd(self, entry):
        self.pds.discard(struct.unpack_from("<H", entry, 4)[0])

    def do_alloc_uar(self, _):
        return take_number(self.uars, MAX_UAR)

    def do_dealloc_uar(self, entry):
        self.uars.discard(struct.unpack_from("<H", entry, 4)[0])

    def do_reg_mr(self, entry):
        length, page_flags, start = struct.unpack_from("<QB7xQ", entry, 40)
        shift = page_flags & 63
        base = start & ~((1 << shift) - 1)
        # the driver leaves the number of pages in the command at zero
        count = (start + length - base + (1 << shift) - 1) >> shift
        pages = self.pages(entry, count)
        if len(pages) < count:
            raise Refused(ILLEGAL_PARAMETER)
        key = self.next_key
        while self.next_key in self.regions or self.next_key == key:
            self.next_key = (self.next_key + 1) & 0xFFFFFF or FIRST_KEY
        self.regions[key] = Region(start, length, shift, base, pages)
        return struct.pack("<IIBBBB", key, key, 0, 0, 0, 0)

    def pages(self, entry, count):
        """The page list of a REG_MR: in the command, in a buffer, or in a chain of chunks."""
        pages = array.array("Q")
        flags = entry[3]
        if not flags & LISTS_INDIRECT:
            pages.frombytes(entry[8:8 + 8 * min(count, 4)])
            return pages
        size, low, high = struct.unpack_from("<III", entry, 8)
        if not flags & LISTS_CHAINED:
            pages.frombytes(self.dma.read(low | high << 32, size))
            return pages
        while size > CHUNK_END_SIZE and len(pages) < count:
            chunk = self.dma.read(low | high << 32, size)
            end = (size - CHUNK_END_SIZE) // 8 * 8
            for (part,) in struct.iter_unpack("<Q", chunk[:end]):
                left = min(count - len(pages), PAGE // 8)
                pages.frombytes(self.dma.read(part, 8 * left))
            size, low, high = struct.unpack_from("<III", chunk, end)
        return pages

    def do_dereg_mr(self, entry):
        self.regions.pop(struct.unpack_from("<I", entry, 4)[0], None)

    def do_create_cq(self, entry):
        first, second, depth, eq, low, high = struct.unpack_from("<BBHH2xII", entry, 4)
        number = free_number(self.cqs, MAX_CQ)
        self.cqs[number] = CompletionQueue(
            number, low | high << 32, depth or 65536, entry_size=(second & 31) * 4, eq=eq,
            has_events=bool(first & 0x20), tells_source=bool(second & 0x20))
        return struct.pack("<HHII", number, depth, CQ_DOORBELLS + number * PAGE, 1)

    def do_destroy_cq(self, entry):
        self.cqs.pop(struct.unpack_from("<H", entry, 4)[0], None)

    def do_create_eq(self, entry):
        depth, vector, caps, low, high = struct.unpack_from("<HBBII", entry, 4)
        number = free_number(self.eqs, MAX_EQ, first=1)
        self.eqs[number] = EventQueue(low | high << 32, depth, (caps & 31) * 4, vector)
        return struct.pack("<HH", number, 0)

    def do_destroy_eq(self, entry):
        self.eqs.pop(struct.unpack_from("<H", entry, 4)[0], None)

    def do_create_ah(self, entry):
        """One number for one (GID, PD), counted: libfabric makes a second AH for its own address
        and expects the first one's number in receive completions."""
        gid, pd = entry[4:20], struct.unpack_from("<H", entry, 20)[0]
        number = self.ah_for(gid, pd)
        if number in self.ahs:
            self.ahs[number][2] += 1
        else:
            number = free_number(self.ahs, MAX_AH)
            self.ahs[number] = [gid, pd, 1]
        return struct.pack("<HH", number, 0)

    def do_destroy_ah(self, entry):
        number = struct.unpack_from("<H", entry, 4)[0]
        if number in self.ahs:
            self.ahs[number][2] -= 1
            if self.ahs[number][2] == 0:
                del self.ahs[number]

    def do_create_qp(self, entry):
        (pd, kind, flags, _, receive_base, send_cq, receive_cq, _, _, send_size, _,
         receive_size) = struct.unpack_from("<HBBQQIIIIIII", entry, 4)
        handle = free_number(self.qps, MAX_QP, first=1)
        if send_size > LLQ_STRIDE:
            raise Refused(NO_RESOURCES)
        if send_cq not in self.cqs or receive_cq not in self.cqs:
            raise Refused(ILLEGAL_PARAMETER)
        self.qps_made = (self.qps_made + 1) & 0x7F
        number = handle | self.qps_made << 8
        send_entries = send_size // WQE_SIZE
        self.qps[handle] = QueuePair(
            handle, number, kind, pd, flags, send_cq, receive_cq,
            send_ring=1 << (send_entries - 1).bit_length() if send_entries else 0,
            receive_ring=receive_size // RQ_ENTRY_SIZE, receive_base=receive_base)
        return struct.pack("<IHHHHIII", handle, number, 0, 0, 0, handle * PAGE, handle * PAGE + 4,
                           handle * LLQ_STRIDE)

    def qp(self, entry, at=4):
        qp = self.qps.get(struct.unpack_from("<I", entry, at)[0])
        if qp is None:
            raise Refused(ILLEGAL_PARAMETER)
        return qp

    def do_modify_qp(self, entry):
        mask, _, state, _, qkey, psn, _, rnr_retry = struct.unpack_from("<IIIIIIBB", entry, 4)
        qp = self.qp(entry, at=8)
        if mask & 1:
            qp.state = state
            if state == QP_ERR:
                self.flush(qp)
            elif state == QP_RESET:
                qp.empty_rings()
        if mask & 4:
            qp.qkey = qkey
        if mask & 8:
            qp.psn = psn
        if mask & 32:
            qp.rnr_retry = rnr_retry

    def do_query_qp(self, entry):
        qp = self.qp(entry)
        return struct.pack("<IIIBBH", qp.state, qp.qkey, qp.psn, 0, qp.rnr_retry, 0)

    def do_destroy_qp(self, entry):
        qp = self.qp(entry)
        del self.qps[qp.handle]
        for message in qp.waiting:
            message.done(REMOTE_BAD_QP)
