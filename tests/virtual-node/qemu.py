"""QEMU for a virtual node, run in place out of the tools' root: its command line, its monitor."""

import json
import shlex
import socket
import sys

from virtual_node import CACHE, HERE

TOOLS = CACHE / "tools"
LIBRARIES = TOOLS / "usr/lib/x86_64-linux-gnu"
ENVIRONMENT = {"QEMU_MODULE_DIR": str(LIBRARIES / "qemu")}


def tool(name):
    """A program of the tools' root: its own loader, its own libraries."""
    return [TOOLS / "usr/lib64/ld-linux-x86-64.so.2", "--argv0", name, "--library-path", LIBRARIES,
            TOOLS / "usr/bin" / name]


class Qmp:
    def __init__(self, path):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(str(path))
        self.file = connection.makefile("rw")
        self.file.readline()
        self.execute("qmp_capabilities")

    def execute(self, name, **arguments):
        self.file.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
        self.file.flush()
        while True:
            answer = json.loads(self.file.readline())
            if "return" in answer or "error" in answer:
                return answer


def command(options, kernel, append, disk, fabric, work, out):
    return [*tool("qemu-system-x86_64"), *machine(options, kernel, append), *disks(disk, work),
            *network(options, out), *channels(work, out), *dmi_tables(options),
            *efa_devices(options, fabric)]


def machine(options, kernel, append):
    return ["-L", TOOLS / "usr/share/qemu", "-L", TOOLS / "usr/share/seabios", "-nodefaults",
            "-nographic", "-M", "q35,accel=tcg,memory-backend=mem,hpet=off", "-cpu", "max",
            "-smp", options.smp, "-m", options.mem,
            "-object", f"memory-backend-memfd,id=mem,size={options.mem}M,share=on",
            "-kernel", kernel, "-initrd", str(kernel).replace("vmlinuz-", "initrd-"),
            "-append", append]


def disks(root, work):
    given = []
    for name, drive, serial in (("root", f"format=qcow2,cache=unsafe,file={root}", ""),
                                ("job", f"format=raw,readonly=on,file={work}/job.tar", "vefajob"),
                                ("out", f"format=raw,cache=unsafe,file={work}/out.tar", "vefaout")):
        given += ["-drive", f"if=none,id={name},{drive}",
                  "-device", f"virtio-blk-pci,drive={name},serial={serial}"]
    return given


def channels(work, out):
    return ["-object", "rng-random,id=random,filename=/dev/urandom",
            "-device", "virtio-rng-pci,rng=random",
            "-chardev", f"socket,id=host,path={work}/host.sock", "-device", "virtio-serial-pci",
            "-device", "virtserialport,chardev=host,name=vefa.host",
            "-chardev", f"file,id=console,path={out}/console.log", "-serial", "chardev:console",
            "-qmp", f"unix:{work}/qmp.sock,server=on,wait=off"]


def card(name, backend, mac):
    return ["-netdev", f"{backend},id={name}",
            "-device", f"virtio-net-pci,netdev={name},mac={mac},romfile="]


def network(options, out):
    """restrict=on: the guest reaches nothing but the forwards."""
    relay = f"{sys.executable} {HERE}/relay.py"
    forwards = "".join(f",guestfwd=tcp:10.0.2.100:{port}-cmd:{relay} {port}"
                       for port in options.host_port)
    given = card("host-ports", "user,restrict=on" + forwards, "52:54:00:00:02:15")
    if options.imds != "off":
        served = f"{sys.executable} {HERE}/imds.py --stdio --log {out}/imds.log {options.imds}"
        given += card("imds", "user,net=169.254.0.0/16,host=169.254.0.2,dns=169.254.0.3,"
                      "dhcpstart=169.254.0.15,restrict=on,guestfwd=tcp:169.254.169.254:80-cmd:"
                      + served.replace(",", ",,"), "52:54:00:00:fe:a9")
    if options.lan:  # multicast datagrams on the loopback
        port, number = options.lan.split(":")
        given += card("lan", f"socket,mcast=230.77.0.1:{port},localaddr=127.0.0.1",
                      f"52:54:00:00:77:{int(number):02x}")
    return given


def dmi_tables(options):
    if options.dmi == "off":
        return []

    def of_imds(name, default):
        words = shlex.split(options.imds)
        return words[words.index(name) + 1] if name in words else default
    kind = options.dmi or of_imds("--instance-type", "p5.48xlarge")
    instance = of_imds("--instance-id", "i-0vefa000000000001")
    uuid = "ec2e1916-9099-7caf-fd21-012345abcdef"
    return ["-smbios", "type=0,vendor=Amazon EC2,version=1.0", "-smbios",
            f"type=1,manufacturer=Amazon EC2,product={kind},uuid={uuid},serial={uuid}",
            "-smbios", f"type=2,manufacturer=Amazon EC2,asset={instance}",
            "-smbios", "type=3,manufacturer=Amazon EC2,asset=Amazon EC2"]


def efa_device(fabric, number):
    return {"driver": "vfio-user-pci", "id": f"efa{number}", "bus": f"port{number}",
            "x-no-posted-writes": True,
            "socket": {"type": "unix", "path": f"{fabric}/efa{number}.sock"}}


def efa_devices(options, fabric):
    """A root port for every device that may be plugged in, and those that are at boot."""
    ports = set(options.devs) | set(() if options.fabric else range(options.devices))
    given = []
    for place, number in enumerate(sorted(ports)):
        given += ["-device", f"pcie-root-port,id=port{number},chassis={place + 1},slot={place + 1},"
                  f"addr={0x10 + place // 8:#x}.{place % 8},multifunction=on,x-speed=32,x-width=16,"
                  "pref64-reserve=32M,mem-reserve=2M,io-reserve=0"]
        if number in options.devs:
            given += ["-device", json.dumps(efa_device(fabric, number))]
    return given
