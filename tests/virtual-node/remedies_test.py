"""Remedies that a node prints, played on the real efa driver: a fault, the command of the report run
as it is printed, and the fault is over.

Not played: what takes AWS (stopping an instance), the EFA installer, GPUs, or a module that the
running kernel lacks. VIRTUAL_NODE_DEB: a package instead of this tree's.
"""

import json
import unittest

from scenarios_test import Case, DoctorNode
from virtual_node import run_tests

# The guest has no sudo, and its job is root. It is booted once, when all is played.
PLAY = """
no_grace
printf '#!/bin/sh\\n[ "$1" = reboot ] || exec "$@"\\n' > /usr/local/bin/sudo; chmod +x /usr/local/bin/sudo
printed() {  # REPORT CODE: the commands of that check, a line each
  awk -v code="\\"code\\": \\"$2\\"" '
    /"code": / { mine = index($0, code); fails = 0 }
    /"result": "fail"/ { fails = 1 }
    mine && fails && sub(/^ *"command": "/, "") { sub(/",?$/, ""); print }' /tmp/seen/$1 |
    sed 's/\\\\\\(.\\)/\\1/g' | sort -u
}
shown() {  # CODE: the same of the text report, where one loop serves all devices
  efa-doctor --once | awk -v code="$1:" '
    /^[A-Z]/ { mine = index($0, code) }
    mine && sub(/^ *\\$ /, "")'
}
all_nodes() { [ "$(ls /dev/infiniband | grep -c uverbs)" = 4 ]; }
settled() { udevadm settle; until_ok all_nodes; udevadm settle; }
play() {  # NAME CODE: a fault has been made; once, its command, once
  once $1.broken
  case $1 in many-*|blacklisted) once $1.nobody $as_nobody ;; esac
  printed $1.broken $2 > /tmp/seen/$1.command
  case $1 in many-*) shown $2 > /tmp/seen/$1.command ;; esac
  seen $1.run bash /tmp/seen/$1.command
  settled
  once $1.mended
}
"""

DRIVER = "/sys/bus/pci/drivers/efa"
ONE, TWO = "0000:01:00.0", "0000:02:00.0"

# name: (check, its subject or "" for any, shell that makes the fault)
FAULTS = {
    "missing": ("node.missing", ONE, "rm /dev/infiniband/uverbs0"),
    "many-missing": ("node.missing", TWO, "rm /dev/infiniband/uverbs*"),
    "installed-second": ("software.other-libfabric-first", "node",
                         "mkdir -p /opt/amazon/efa/lib; cp $(ldconfig -p |"
                         " awk '/libfabric.so.1 / { print $NF; exit }') /opt/amazon/efa/lib/libfabric.so.1"),
    "wrong-number": ("node.wrong-number", ONE,
                     "rm /dev/infiniband/uverbs0; mknod -m 666 /dev/infiniband/uverbs0 c 1 3"),
    "no-device": ("node.wrong-number", TWO,
                  "rm /dev/infiniband/uverbs1; touch /dev/infiniband/uverbs1"),
    "many-restricted": ("node.restricted-mode", TWO, "chmod 600 /dev/infiniband/uverbs*"),
    "kernels-name": ("rdma.name-not-persistent", ONE,
                     "rdma dev set $(ls /sys/bus/pci/devices/" + ONE + "/infiniband) name efa_0"),
    "many-unbound": ("driver.not-bound", ONE, f"for d in {ONE} {TWO}; do echo $d > {DRIVER}/unbind; done"),
    "reserved": ("pci.driver-override", ONE, f"echo pci-stub > /sys/bus/pci/devices/{ONE}/driver_override"),
    "reserved-unbound": ("pci.driver-override", ONE,
                         f"echo pci-stub > /sys/bus/pci/devices/{ONE}/driver_override;"
                         f" echo {ONE} > {DRIVER}/unbind"),
    "given-away": ("pci.driver-override", TWO, f"give_away {TWO}"),
    "wrong-driver": ("driver.wrong-driver", TWO,
                     f"give_away {TWO}; echo > /sys/bus/pci/devices/{TWO}/driver_override"),
    "not-loaded": ("kernel.driver-not-loaded", "node", "modprobe -r efa"),
    "blacklisted": ("kernel.driver-blocked", "node",
                    "modprobe -r efa; echo 'blacklist efa' > /etc/modprobe.d/site.conf"),
    "installed-as-false": ("kernel.driver-blocked", "node",
                           "modprobe -r efa; echo 'install efa /bin/false' > /etc/modprobe.d/no-efa.conf"),
    "vanished": ("pci.device-vanished", ONE, f"echo 1 > /sys/bus/pci/devices/{ONE}/remove"),
    "silenced": ("rdma.counters-fail", TWO, "silence"),
    "ptrace": ("limits.ptrace-restricted", "node", "sysctl -q kernel.yama.ptrace_scope=1"),
}

# of the driver that is there for any device; and a device that stays closed after one silence
FAULT_WORDS = f"""
give_away() {{
  modprobe pci-stub
  echo pci-stub > /sys/bus/pci/devices/$1/driver_override
  echo $1 > {DRIVER}/unbind; echo $1 > /sys/bus/pci/drivers/pci-stub/bind
}}
silence() {{
  vefa-host fault 1 admin=silent > /dev/null
  cat /sys/bus/pci/devices/{TWO}/infiniband/*/ports/1/hw_counters/rx_bytes
  vefa-host fault 1 admin=ok > /dev/null
}}
"""

# All devices are lost: the cause, the rung.
LOST = {
    "blacklisted": ("kernel.driver-blocked", "driver"),
    "many-missing": ("node.missing", "node"),
    "not-installed": ("kernel.driver-not-installed", "driver"),
}

# What holds from the next boot on: the check, the shell that makes the fault.
AT_BOOT = {
    "netns": ("kernel.rdma-netns-exclusive",
              "echo 'options ib_core netns_mode=0' > /etc/modprobe.d/ib_core.conf;"
              " rdma system set netns exclusive"),
    "huge-pages": ("limits.huge-pages-few", "true"),
    "modules": ("kernel.modules-disabled", "modprobe -r efa; sysctl -q kernel.modules_disabled=1"),
}
FIRST_BOOT = """
modprobe -r efa; file=$(modinfo -n efa); mv $file $file.away; depmod
once not-installed.broken; once not-installed.nobody $as_nobody
mv $file.away $file; depmod; modprobe efa; settled
for_next_boot() {  # NAME CODE
  once $1.broken
  printed $1.broken $2 > /tmp/seen/$1.command
  seen $1.run bash /tmp/seen/$1.command
}
""" + "".join(f"{shell}; for_next_boot {name} {code}\n" for name, (code, shell) in AT_BOOT.items()) + """
cp -r /tmp/seen /var/lib/seen  # /tmp is empty at the next boot
"""


def job():
    played = [f"{{ {shell}; }} > /tmp/seen/{name}.fault 2>&1; play {name} {code}"
              for name, (code, _, shell) in FAULTS.items()]
    first = "\n".join(["settled; once healthy", *played, FIRST_BOOT])
    return f"""{PLAY}{FAULT_WORDS}
if [ $VEFA_BOOT = 1 ]; then
{first}
exit 194
fi
cp /var/lib/seen/* /tmp/seen
settled
once booted
"""


def failing(report, code):
    return [finding for finding in report["findings"]
            if finding["code"] == code and finding["result"] == "fail"]


class RemediesTest(Case):
    @classmethod
    def setUpClass(cls):
        cls.node = DoctorNode(job(), "--fault", "admin_to_100ms=30", "--timeout", 480, limit_s=900)

    @classmethod
    def tearDownClass(cls):
        cls.node.remove()

    def test_the_node_is_healthy_at_first(self):
        self.assert_found(self.node, "healthy", [], "healthy")

    def test_the_printed_command_mends_the_fault(self):
        for name, (code, subject, _) in FAULTS.items():
            with self.subTest(name):
                said = failing(self.node.json(f"{name}.broken"), code)
                told = self.node.text(f"{name}.command")
                self.assertIn(subject, [finding["subject"] for finding in said],
                              self.node.text(f"{name}.fault"))
                self.assertNotEqual(told, "")
                mended = self.node.json(f"{name}.mended")
                ran = self.node.text(f"{name}.run") + self.node.text(f"{name}.run.err")
                why = told + ran + mended["summary"]
                self.assertEqual((mended["verdict"], mended["root_causes"]), ("healthy", []), why)
                self.assertEqual(failing(mended, code), [], why)

    def test_what_is_set_for_the_next_boot_holds_from_then_on(self):
        booted = self.node.json("booted")
        self.assertEqual(booted["verdict"], "healthy", json.dumps(booted["root_causes"]))
        for name, (code, _) in AT_BOOT.items():
            with self.subTest(name):
                self.assertNotEqual(failing(self.node.json(f"{name}.broken"), code), [])
                self.assertEqual(failing(booted, code), [], self.node.text(f"{name}.command"))

    def test_what_loses_all_devices_is_the_only_cause_to_any_user(self):
        for name, (cause, rung) in LOST.items():
            with self.subTest(name):
                for user in ("broken", "nobody"):
                    self.assert_lost(self.assert_found(self.node, f"{name}.{user}", [cause]), rung, 0)
                    self.assertEqual(self.node.text(f"{name}.{user}.code"), "2\n")

    def test_nodes_that_only_root_may_open_are_lost_to_others(self):
        self.assert_found(self.node, "many-restricted.broken", ["node.restricted-mode"], "degraded")
        report = self.assert_found(self.node, "many-restricted.nobody", ["node.restricted-mode"])
        self.assert_lost(report, "node", 0)


if __name__ == "__main__":
    run_tests()
