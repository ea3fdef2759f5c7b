"""A PCI function served to QEMU over vfio-user: connection, memory of the guest, config space,
BARs and interrupts. What the function is, a class made from Function says.
"""

import bisect
import collections
import json
import logging
import mmap
import os
import selectors
import socket
import struct

import unix_socket

HEADER = struct.Struct("<HHIII")  # id, command, size, flags, error
(VERSION, DMA_MAP, DMA_UNMAP, GET_INFO, REGION_INFO, REGION_IO_FDS, IRQ_INFO, SET_IRQS, REGION_READ,
 REGION_WRITE, DMA_READ, DMA_WRITE, RESET, DIRTY) = range(1, 15)
IS_REPLY, NO_REPLY, IS_ERROR = 0x1, 0x10, 0x20
READABLE, WRITABLE, MAPPABLE = 1, 2, 4
UNMAP_ALL = 2
IRQ_DATA_NONE, IRQ_DATA_EVENTFD, IRQ_ACTION_TRIGGER = 1, 4, 32
CONFIG_REGION, CONFIG_SIZE = 7, 4096
REGIONS, IRQ_KINDS = 9, 5
IRQ_MSIX = 2
EINVAL, EOPNOTSUPP = 22, 95
TRACE = logging.DEBUG - 1


class VuError(Exception):
    """A request is answered with this errno."""


class Dma:
    """Guest memory as handed over by DMA_MAP (fd and offset)."""

    def __init__(self):
        self.starts, self.regions = [], []

    def map(self, address, size, offset, fd):
        memory = None
        if fd is not None:
            for protection in (mmap.PROT_READ | mmap.PROT_WRITE, mmap.PROT_READ):
                try:
                    memory = mmap.mmap(fd, size, mmap.MAP_SHARED, protection, offset=offset)
                    break
                except (OSError, ValueError) as error:
                    logging.info("dma map %#x %#x: %s", address, size, error)
            os.close(fd)
        place = bisect.bisect_left(self.starts, address)
        self.starts.insert(place, address)
        self.regions.insert(place, (address, size, memory))

    def unmap(self, address, size, everything=False):
        for place in reversed(range(len(self.regions))):
            start, length, memory = self.regions[place]
            if everything or (start >= address and start + length <= address + size):
                if memory is not None:
                    memory.close()
                del self.regions[place], self.starts[place]

    def pieces(self, address, size):
        """(memory, offset, length) for each region that [address, address + size) touches."""
        while size:
            place = bisect.bisect_right(self.starts, address) - 1
            start, length, memory = self.regions[place] if place >= 0 else (0, 0, None)
            if memory is None or address >= start + length:
                raise MemoryError(f"dma at {address:#x}, {size} bytes")
            piece = min(size, start + length - address)
            yield memory, address - start, piece
            address += piece
            size -= piece

    def read(self, address, size):
        return b"".join(memory[offset:offset + length]
                        for memory, offset, length in self.pieces(address, size))

    def write(self, address, data):
        done = 0
        for memory, offset, length in self.pieces(address, len(data)):
            memory[offset:offset + length] = data[done:done + length]
            done += length

    def write_flagged(self, address, data, at):
        """An entry of a ring; the byte that carries the phase goes last."""
        self.write(address, data[:at])
        self.write(address + at + 1, data[at + 1:])
        self.write(address + at, data[at:at + 1])


class Function:
    """Listens at `path`. `bars` are sizes by number; the guest maps BAR `mapped` (self.mapped),
    each write to another comes to write_bar(). To be said by the class made from it: reset(),
    build_config() -> (config space, mask of its writable bits), write_bar(bar, offset, data).
    """

    def __init__(self, selector, path, number, bars, mapped, vectors):
        self.selector, self.number, self.bars, self.mapped_bar = selector, number, bars, mapped
        self.connection = None
        self.fd = os.memfd_create(f"bar-{number}")
        os.ftruncate(self.fd, bars[mapped])
        self.mapped = mmap.mmap(self.fd, bars[mapped])
        self.dma = Dma()
        self.irqs = [None] * vectors
        self.start_over()
        self.listener = unix_socket.listen(path)
        selector.register(self.listener, selectors.EVENT_READ, self.accept)

    def log(self, *words, level=logging.INFO):
        if logging.root.isEnabledFor(level):
            logging.log(level, "dev %d %s", self.number, " ".join(map(str, words)))

    def trace(self, *words):
        self.log(*words, level=TRACE)

    def gone(self):
        """Whether it answers all-ones and does nothing."""
        return False

    def start_over(self):
        self.reset()
        self.config, self.writable = self.build_config()

    # the connection

    def accept(self):
        connection, _ = self.listener.accept()
        if self.connection is not None:
            self.drop("replaced")
        self.connection = connection
        self.received, self.fds = b"", collections.deque()
        self.start_over()
        self.selector.register(connection, selectors.EVENT_READ, self.receive)
        self.log("qemu connected")

    def drop(self, why):
        self.log("connection closed:", why)
        self.selector.unregister(self.connection)
        self.connection.close()
        self.connection = None
        self.dma.unmap(0, 0, everything=True)
        for vector in range(len(self.irqs)):
            self.set_irq(vector, None)

    def receive(self):
        try:
            data, fds, _, _ = socket.recv_fds(self.connection, 65536, 32)
        except OSError as error:
            return self.drop(str(error))
        if not data:
            return self.drop("eof")
        self.fds.extend(fds)
        self.received += data
        while len(self.received) >= HEADER.size:
            request, command, size, flags, _ = HEADER.unpack_from(self.received)
            if len(self.received) < size:
                break
            body, self.received = self.received[HEADER.size:size], self.received[size:]
            answer, fds, error = self.answer(command, body)
            if flags & NO_REPLY:
                continue
            header = HEADER.pack(request, command, HEADER.size + len(answer),
                                 IS_REPLY | (IS_ERROR if error else 0), error)
            try:
                socket.send_fds(self.connection, [header + answer], fds)
            except OSError as failure:
                return self.drop(str(failure))

    def answer(self, command, body):
        """(body of the reply, its file descriptors, errno)"""
        try:
            return (*self.serve(command, body), 0)
        except VuError as error:
            return b"", [], error.args[0]
        except Exception:  # keep serving whatever happens
            logging.exception("dev %d command %d", self.number, command)
            return b"", [], EINVAL

    def serve(self, command, body):
        if command == REGION_WRITE:
            offset, region, size = struct.unpack_from("<QII", body)
            self.write_region(region, offset, body[16:16 + size])
            return body[:16], []
        if command == REGION_READ:
            offset, region, size = struct.unpack_from("<QII", body)
            return body[:16] + self.read_region(region, offset, size), []
        if command == DMA_MAP:
            _, _, offset, address, size = struct.unpack_from("<IIQQQ", body)
            self.dma.map(address, size, offset, self.fds.popleft() if self.fds else None)
            return b"", []
        if command == DMA_UNMAP:
            _, flags, address, size = struct.unpack_from("<IIQQ", body)
            self.dma.unmap(address, size, bool(flags & UNMAP_ALL))
            return body[:24], []
        if command == VERSION:
            able = {"capabilities": {"max_msg_fds": 16, "max_data_xfer_size": 1 << 20,
                                     "max_dma_maps": 65535, "pgsizes": 4096}}
            return body[:4] + json.dumps(able).encode() + b"\0", []  # the client's own version
        if command == GET_INFO:
            return struct.pack("<IIII", 16, 1 | 2, REGIONS, IRQ_KINDS), []
        if command == REGION_INFO:
            return self.region_info(struct.unpack_from("<I", body, 8)[0])
        if command == IRQ_INFO:
            kind = struct.unpack_from("<I", body, 8)[0]
            count = len(self.irqs) if kind == IRQ_MSIX else 0
            return struct.pack("<IIII", 16, 1 | 8, kind, count), []
        if command == SET_IRQS:
            self.set_irqs(body)
            return b"", []
        if command == RESET:
            self.log("pci reset")
            self.start_over()
            return b"", []
        raise VuError(EOPNOTSUPP)

    # config space and BARs

    def region_info(self, region):
        size = CONFIG_SIZE if region == CONFIG_REGION else self.bars.get(region, 0)
        flags = READABLE | WRITABLE if size else 0
        fds = []
        if region == self.mapped_bar:
            flags |= MAPPABLE
            fds = [self.fd]
        return struct.pack("<IIIIQQ", 32, flags, region, 0, size, 0), fds

    def read_region(self, region, offset, size):
        if self.gone():
            return b"\xff" * size
        if region == CONFIG_REGION:
            return bytes(self.config[offset:offset + size])
        if region == self.mapped_bar:
            return self.mapped[offset:offset + size]
        return bytes(size)

    def write_region(self, region, offset, data):
        if self.gone():
            return
        if region == CONFIG_REGION:
            for at, byte in enumerate(data, offset):
                mask = self.writable[at]
                self.config[at] = (self.config[at] & ~mask & 0xFF) | (byte & mask)
        elif region == self.mapped_bar:
            self.mapped[offset:offset + len(data)] = data
        else:
            self.write_bar(region, offset, data)

    # interrupts

    def set_irq(self, vector, fd):
        if self.irqs[vector] is not None:
            os.close(self.irqs[vector])
        self.irqs[vector] = fd

    def set_irqs(self, body):
        _, flags, kind, start, count = struct.unpack_from("<IIIII", body)
        fds = []
        if flags & IRQ_DATA_EVENTFD:
            while self.fds and len(fds) < count:
                fds.append(self.fds.popleft())
        if kind != IRQ_MSIX or not flags & IRQ_ACTION_TRIGGER:
            for fd in fds:
                os.close(fd)
            return
        if flags & IRQ_DATA_NONE and count == 0:
            start, count = 0, len(self.irqs)
        for at, vector in enumerate(range(start, min(start + count, len(self.irqs)))):
            self.set_irq(vector, fds[at] if at < len(fds) else None)

    def raise_irq(self, vector):
        if not self.gone() and vector < len(self.irqs) and self.irqs[vector] is not None:
            os.write(self.irqs[vector], struct.pack("<Q", 1))
