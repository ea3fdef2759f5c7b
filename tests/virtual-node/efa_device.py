"""An EFA function as its driver sees it: identity, config space, registers, admin queue, events.

Offsets: the driver's efa_regs_defs.h.
"""

import collections
import json
import logging
import struct
import time

from efa_commands import (DOORBELLS_BAR, FIRST_KEY, ILLEGAL_PARAMETER, UNKNOWN_ERROR,
                          UNSUPPORTED_OPCODE, VECTORS, Commands, Refused)
from efa_queues import (CAP_RDMA_READ, CAP_RDMA_WRITE, CAP_RNR, CAP_UNSOLICITED, DOORBELLS_SIZE,
                        LLQ_SIZE, QP_ERR, phase)

REGISTERS_BAR, LLQ_BAR = 0, 2
BARS = {REGISTERS_BAR: 0x4000, LLQ_BAR: LLQ_SIZE,
        DOORBELLS_BAR: DOORBELLS_SIZE}
MSIX_TABLE, MSIX_PENDING = 0x2000, 0x3000  # in BAR 0
PCIE_CAP, MSIX_CAP = 0x70, 0xB0
LINK_SPEEDS = {"2.5": 1, "5": 2, "8": 3, "16": 4, "32": 5, "64": 6}  # GT/s

R_VERSION, R_CONTROLLER_VERSION, R_CAPS = 0x00, 0x04, 0x08
R_AQ_BASE, R_AQ_CAPS, R_ACQ_BASE, R_ACQ_CAPS, R_AQ_DOORBELL = 0x10, 0x18, 0x20, 0x28, 0x2C
R_AENQ_CAPS, R_AENQ_BASE, R_AENQ_DOORBELL = 0x34, 0x38, 0x40
R_INTERRUPT_MASK, R_CONTROL, R_STATUS = 0x4C, 0x54, 0x58
R_READLESS, R_READLESS_ANSWER = 0x5C, 0x60
READY, RESETTING, RESET_DONE = 0x01, 0x08, 0x10

COMMANDS = ("CREATE_QP", "MODIFY_QP", "QUERY_QP", "DESTROY_QP", "CREATE_AH", "DESTROY_AH", "REG_MR",
            "DEREG_MR", "CREATE_CQ", "DESTROY_CQ", "GET_FEATURE", "SET_FEATURE", "GET_STATS",
            "ALLOC_PD", "DEALLOC_PD", "ALLOC_UAR", "DEALLOC_UAR", "CREATE_EQ", "DESTROY_EQ")
ADMIN_ENTRY_SIZE = 64
EVENT_KEEP_ALIVE = 4

# set at start (--set) and, but where said otherwise, at run time (control socket)
FAULTS = {
    "device_id": 0xEFA1,  # start only
    "vendor_id": 0x1D0F,  # start only
    "mac": "",  # start only; else one made from the number
    "gone": False,  # config space and registers read all-ones, no DMA, no interrupt
    "not_ready": False,  # DEV_STS.READY is never set
    "reset_stuck": False,  # a reset never reports that it is in progress
    "mmio_read": True,  # False: readless register reads are never answered
    "admin": "ok",  # ok, silent (no completion), fail
    "admin_silent_ops": [],  # ["GET_STATS"]: only these hang
    "admin_fail_ops": [],  # only these complete with an error
    "admin_silent_after": -1,  # silent after so many commands
    "admin_delay_ms": 0,
    "admin_to_100ms": 0,  # CAPS.ADMIN_CMD_TO; 0: the driver's default, 30 s
    "no_irq": False,  # completions are written, MSI-X is not raised
    "mtu": 8760,
    "link_gbps": 100,  # read by drivers of 7.x; older ones say 100
    "gid": "",  # hex; else made from the MAC
    "keepalive_ms": 1000,  # 0: none is sent
    "link_speed": "16",  # negotiated, GT/s
    "link_width": 8,
    "link_max_speed": "16",  # start only
    "link_max_width": 8,  # start only
    "rates": {},  # {"rx_drops": 5.0}: counters grow by so much each second
    "caps": (CAP_RDMA_READ | CAP_RNR | CAP_RDMA_WRITE
             | CAP_UNSOLICITED),
    "drop": 0.0,  # UD: loss; SRD: counted as retransmissions
    "tx_status": 0,  # otherwise every send completes with it
    "tx_delay_ms": 0,
    "blackhole": False,  # sends are taken and never completed
    "deny_to": [],  # devices that no packet reaches from here, as by a security group's rules
    "deny_status": 15,  # then a message ends so, one way or the other; 0: it never ends
    "deny_ms": 0,  # and so late
    "control_passes": False,  # a send to a queue pair that is not there succeeds
    "freeze_counters": False,  # they keep the values that they have, whatever is moved
}


class Device(Commands):
    def __init__(self, fabric, number, path, selector, faults):
        self.faults = {**json.loads(json.dumps(FAULTS)), **faults}
        self.mac = (bytes.fromhex(self.faults["mac"].replace(":", ""))
                    or bytes([0x16, 0xB0, 0x33, 0xF8, 0x70 + number // 256, number % 256]))
        self.fractions = {}
        self.frozen_counters = None
        self.host_info = None
        self.commands = collections.Counter()
        self.qps_made, self.next_key = 0, FIRST_KEY
        self.set_gid()
        super().__init__(fabric, selector, path, number, BARS, LLQ_BAR, VECTORS)
        self.freeze_counters()

    # identity and config space

    def set_gid(self):
        mac = self.mac
        self.gid = bytes.fromhex(self.faults["gid"]) or bytes(
            [0xFE, 0x80, 0, 0, 0, 0, 0, 0, mac[0] ^ 2, mac[1], mac[2], 0xFF, 0xFE, *mac[3:]])

    def guid(self):
        return bytes([*reversed(self.mac[2:]), 0, 0, 0x10, (self.number + 1) & 0xFF])

    def build_config(self):
        config, writable = bytearray(4096), bytearray(4096)
        ids = self.faults["vendor_id"], self.faults["device_id"]
        struct.pack_into("<HHHH4B", config, 0, *ids, 0, 0x0010, 0, 0, 0, 0x02)  # class 020000
        writable[4:6] = b"\x06\x04"  # memory, bus master, INTx disable
        writable[0x0C] = writable[0x3C] = 0xFF
        for bar, size in BARS.items():
            at = 0x10 + 4 * bar
            struct.pack_into("<I", writable, at, ~(size - 1) & 0xFFFFFFF0)
            if bar != REGISTERS_BAR:  # 64 bits, prefetchable
                struct.pack_into("<I", config, at, 0xC)
                struct.pack_into("<I", writable, at + 4, 0xFFFFFFFF)
        struct.pack_into("<HH", config, 0x2C, *ids)
        config[0x34] = PCIE_CAP
        self.add_pcie(config, writable)
        struct.pack_into("<BBHII", config, MSIX_CAP, 0x11, 0, VECTORS - 1,
                         MSIX_TABLE | REGISTERS_BAR, MSIX_PENDING | REGISTERS_BAR)
        struct.pack_into("<H", writable, MSIX_CAP + 2, 0xC000)
        self.set_link(config)
        return config, writable

    def add_pcie(self, config, writable):
        fastest = LINK_SPEEDS[str(self.faults["link_max_speed"])]
        struct.pack_into("<BBHI", config, PCIE_CAP, 0x10, MSIX_CAP, 0x0002, 0x8001)  # v2 endpoint
        struct.pack_into("<I", config, PCIE_CAP + 0x0C,
                         fastest | self.faults["link_max_width"] << 4 | 1 << 22)
        struct.pack_into("<IH", config, PCIE_CAP + 0x2C, ((1 << fastest) - 1) << 1, fastest)
        struct.pack_into("<H", writable, PCIE_CAP + 0x08, 0x7FFF)
        struct.pack_into("<H", writable, PCIE_CAP + 0x10, 0x01FF)

    def set_link(self, config):
        struct.pack_into("<H", config, PCIE_CAP + 0x12, LINK_SPEEDS[str(self.faults["link_speed"])]
                         | self.faults["link_width"] << 4 | 1 << 12)

    # faults

    def set_faults(self, faults):
        unknown = [name for name in faults if name not in FAULTS]
        unknown += [name for name in faults.get("rates", {}) if name not in self.counters]
        if unknown:
            raise KeyError(*unknown)
        returns = self.gone() and faults.get("gone") is False
        self.faults.update(faults)
        if returns:
            self.reset()  # else it goes on writing to memory that its driver gave back meanwhile
        self.freeze_counters()
        self.set_link(self.config)
        self.set_gid()
        self.log("faults", faults)

    def freeze_counters(self):
        frozen = self.faults["freeze_counters"]
        self.frozen_counters = (self.frozen_counters or dict(self.counters)) if frozen else None

    def add_to_counters(self, more):
        for name, count in more.items():
            self.counters[name] += count

    def break_qps(self):
        for qp in self.qps.values():
            qp.state = QP_ERR
            self.flush(qp)

    def describe(self):
        return {"dev": self.number, "connected": self.connection is not None, "gid": self.gid.hex(),
                "mac": self.mac.hex(":"), "faults": self.faults, "stats": self.counters,
                "ops": self.commands, "host_info": self.host_info, "qps": len(self.qps),
                "cqs": len(self.cqs), "mrs": len(self.regions), "ahs": len(self.ahs)}

    def tick(self, now, passed):
        for name, rate in self.faults["rates"].items():
            grown = self.fractions.get(name, 0.0) + rate * passed
            self.counters[name] += int(grown)
            self.fractions[name] = grown - int(grown)
        if self.connection is None or self.gone():
            return
        self.run_delayed(now)
        period = self.faults["keepalive_ms"]
        if period and now >= self.next_keep_alive:
            self.next_keep_alive = now + period / 1000
            self.post_async_event(EVENT_KEEP_ALIVE)

    # registers

    def reset(self):
        super().reset()
        self.status = 0 if self.faults["not_ready"] else READY
        self.registers = {}
        self.aq = self.acq = self.aenq = self.readless_answer = 0
        self.aq_depth = self.acq_depth = self.aenq_depth = 0
        self.aq_consumed = self.acq_produced = self.aenq_produced = self.aenq_consumed = 0
        self.acq_vector = self.aenq_vector = 0
        self.event_groups = 0
        self.interrupts_masked = False
        self.pds, self.uars = set(), set()
        self.next_keep_alive = time.monotonic() + self.faults["keepalive_ms"] / 1000

    def write_bar(self, bar, offset, data):
        if len(data) < 4:
            return
        value = struct.unpack_from("<I", data)[0]
        if bar == REGISTERS_BAR:
            self.write_register(offset, value)
        elif bar == DOORBELLS_BAR:
            self.ring(offset, value)

    def read_register(self, offset):
        if offset in (R_VERSION, R_CONTROLLER_VERSION):
            return 1
        if offset == R_CAPS:
            return 10 << 1 | 48 << 8 | (self.faults["admin_to_100ms"] & 15) << 16
        if offset == R_STATUS:
            return self.status
        return self.registers.get(offset, 0)

    def address_in(self, register):
        return self.registers.get(register, 0) | self.registers.get(register + 4, 0) << 32

    def write_register(self, offset, value):
        self.registers[offset] = value
        if offset == R_READLESS:
            self.answer_readless(value & 0xFFFF, value >> 16)
        elif offset in (R_READLESS_ANSWER, R_READLESS_ANSWER + 4):
            self.readless_answer = self.address_in(R_READLESS_ANSWER)
        elif offset == R_CONTROL:
            self.control(value)
        elif offset == R_AQ_CAPS:
            self.aq, self.aq_depth = self.address_in(R_AQ_BASE), value & 0xFFFF
            self.aq_consumed = 0
        elif offset == R_ACQ_CAPS:
            self.acq, self.acq_depth = self.address_in(R_ACQ_BASE), value & 0xFFFF
            self.acq_vector, self.acq_produced = value >> 24, 0
        elif offset == R_AENQ_CAPS:
            self.aenq, self.aenq_depth = self.address_in(R_AENQ_BASE), value & 0xFFFF
            self.aenq_vector = value >> 24
            self.aenq_produced = self.aenq_consumed = 0
        elif offset == R_AENQ_DOORBELL:
            self.aenq_consumed = value
        elif offset == R_INTERRUPT_MASK:
            self.interrupts_masked = bool(value & 1)
        elif offset == R_AQ_DOORBELL:
            self.run_commands(value)
        # the doorbell that arms an event queue needs nothing: every event raises its vector

    def answer_readless(self, request, offset):
        if self.faults["mmio_read"] and self.readless_answer:
            self.dma.write(self.readless_answer + 2, struct.pack("<HI", offset,
                                                                 self.read_register(offset)))
            self.dma.write(self.readless_answer, struct.pack("<H", request))

    def control(self, value):
        if value & 1:
            self.log("reset requested, reason", value >> 28)
            was_ready = self.status & READY
            self.reset()
            self.status = was_ready | (0 if self.faults["reset_stuck"] else RESETTING)
        elif self.status & RESETTING:
            self.status = RESET_DONE | (0 if self.faults["not_ready"] else READY)

    # admin queue and asynchronous events

    def run_commands(self, tail):
        while self.aq_consumed & 0xFFFF != tail & 0xFFFF:
            at = self.aq + self.aq_consumed % self.aq_depth * ADMIN_ENTRY_SIZE
            self.aq_consumed += 1
            self.run_command(self.dma.read(at, ADMIN_ENTRY_SIZE))

    def stays_silent(self, name):
        left = self.faults["admin_silent_after"]
        if left > 0:
            self.faults["admin_silent_after"] = left - 1
        return (left == 0 or self.faults["admin"] == "silent"
                or name in self.faults["admin_silent_ops"])

    def run_command(self, entry):
        request, opcode = struct.unpack_from("<HB", entry)
        name = COMMANDS[opcode - 1] if 1 <= opcode <= len(COMMANDS) else f"OP{opcode}"
        self.commands[name] += 1
        self.log("admin", name, entry[4:].hex(), level=logging.DEBUG)
        if self.stays_silent(name):
            self.log("admin", name, "left unanswered")
            return
        status, answer = self.carry_out(name, entry)
        if status:
            self.log("admin", name, "-> status", status)
        self.later(self.faults["admin_delay_ms"],
                   lambda: self.complete_command(request & 0xFFF, status, answer))

    def carry_out(self, name, entry):
        if self.faults["admin"] == "fail" or name in self.faults["admin_fail_ops"]:
            return UNKNOWN_ERROR, b""
        command = getattr(self, "do_" + name.lower(), None)
        if command is None:
            return UNSUPPORTED_OPCODE, b""
        try:
            return 0, command(entry) or b""
        except Refused as refused:
            return refused.args[0], b""
        except MemoryError as error:
            self.log(name, error)
            return ILLEGAL_PARAMETER, b""

    def complete_command(self, request, status, answer):
        if not self.acq_depth or self.gone():
            return
        entry = struct.pack("<HBBHH", request, status, phase(self.acq_produced, self.acq_depth), 0,
                            self.aq_consumed & 0xFFFF) + answer
        self.dma.write_flagged(self.acq + self.acq_produced % self.acq_depth * ADMIN_ENTRY_SIZE,
                               entry.ljust(ADMIN_ENTRY_SIZE, b"\0"), 3)
        self.acq_produced += 1
        if not self.interrupts_masked:
            self.raise_irq(self.acq_vector)

    def post_async_event(self, group, syndrome=0):
        if not self.aenq_depth or not self.event_groups & 1 << group:
            return
        if (self.aenq_produced - self.aenq_consumed) & 0xFFFFFFFF >= self.aenq_depth:
            return
        entry = struct.pack("<HHB3xQ", group, syndrome, phase(self.aenq_produced, self.aenq_depth),
                            time.monotonic_ns() // 1000)
        try:
            self.dma.write_flagged(self.aenq + self.aenq_produced % self.aenq_depth
                                   * ADMIN_ENTRY_SIZE, entry.ljust(ADMIN_ENTRY_SIZE, b"\0"), 4)
        except MemoryError:
            return
        self.aenq_produced += 1
        if not self.interrupts_masked:
            self.raise_irq(self.aenq_vector)
