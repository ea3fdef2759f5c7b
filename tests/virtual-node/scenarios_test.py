"""The package on nodes with the real efa driver: what a healthy node shows from boot on, and that
each fault is found at its rung with one root cause.

VIRTUAL_NODE_KERNELS="trixie:6.12 trixie:7.3 bookworm:6.1" names the nodes of HealthyTest; the
default is every kernel that ./setup has built. The faults are played on the first; those of which
kernels speak otherwise, and with VIRTUAL_NODE_FAULTS=all the others too, on every one.
VIRTUAL_NODE_KERNEL="bookworm:6.1" names the only one for the faults. VIRTUAL_NODE_DEB: a package
instead of this tree's.
"""

import os
import re
import subprocess
import unittest

from debian_root import built_package
from s3_server import S3Server
from virtual_node import Node, chosen_kernel, kernels, run_tests

DEVICES = 4
MACS = ",".join(f"16:b0:33:f8:70:0{number}" for number in range(DEVICES))
IMDS = f"--instance-type p4d.24xlarge --macs {MACS}"

INSTALL = """
mkdir -p /etc/systemd/system/vefa.target.wants /etc/efa-doctor /tmp/seen
systemctl is-enabled efa-doctor.service
ln -sf /usr/lib/systemd/system/efa-doctor.service /etc/systemd/system/vefa.target.wants/
"""

# sourced by every job of these, after what virtual_node.COMMON has
COMMON = """
once() { local name=$1; shift; seen $name "$@" efa-doctor --once --format json; }
no_grace() { mkdir -p /etc/efa-doctor; echo 'boot_grace_s = 0' > /etc/efa-doctor/config.toml; }
verdict() { sed -n 's/.*"verdict": "\\([a-z_]*\\)".*/\\1/p' /run/efa-doctor/health.json; }
await() {  # NAME VERDICT: how long until the health file says so
  local from=$(date +%s%N) round
  for round in $(seq 400); do [ "$(verdict)" = "$2" ] && break; sleep 0.05; done
  echo $(( ($(date +%s%N) - from) / 1000000 )) > /tmp/seen/$1
}
sequence() { sed -n 's/.*"sequence": \\([0-9]*\\).*/\\1/p' ${1:-/run/efa-doctor/health.json}; }
pass() {  # NAME: the report of a pass of the service that is asked for, not of one that an event brought
  local before=$(sequence) round
  systemctl kill --kill-who=main -s USR1 efa-doctor
  for round in $(seq 200); do
    cp /var/lib/efa-doctor/report.json /tmp/seen/$1
    grep -q '"trigger": "request"' /tmp/seen/$1 && [ "$(sequence /tmp/seen/$1)" -gt "$before" ] && break
    sleep 0.1
  done
}
until_ok() { local round; for round in $(seq 200); do "$@" > /dev/null && break; sleep 0.1; done; }
as_nobody="setpriv --reuid nobody --regid nogroup --clear-groups"
"""

BOOTED = """
for round in $(seq 300); do [ "$(verdict)" = healthy ] && break; sleep 0.2; done
seen is-active systemctl is-active efa-doctor
seen journal journalctl -u efa-doctor -o short-monotonic --no-pager
seen health cat /run/efa-doctor/health.json
once once
seen record efa-doctor record /tmp/seen/node.tar.zst
seen here efa-doctor --once --replay /tmp/seen/node.tar.zst --format json
arrived() { efa-doctor status | grep 'last delivered'; }
until_ok arrived
seen status efa-doctor status
seen memory cat /proc/$(systemctl show -P MainPID efa-doctor)/smaps_rollup
seen verify systemd-analyze verify --man=no efa-doctor.service efa-doctor-gate.service efa-healthy.target
seen security systemd-analyze security --no-pager efa-doctor.service

printf '[Unit]\\nRequires=efa-healthy.target\\nAfter=efa-healthy.target\\n[Service]\\nType=oneshot\\nRemainAfterExit=yes\\nExecStart=/bin/true\\n' > /etc/systemd/system/job.service
systemctl daemon-reload
bdf=$(basename $(readlink -f /sys/class/infiniband/rdmap2s0/device))
echo $bdf > /sys/bus/pci/drivers/efa/unbind
await unbound-ms unhealthy
seen unbound cat /run/efa-doctor/health.json
systemctl start --no-block job.service
sleep 5
seen held systemctl is-active job.service
echo $bdf > /sys/bus/pci/drivers/efa/bind
await bound-ms healthy
until_ok systemctl is-active job.service
seen let-go systemctl is-active job.service

pid() { systemctl show -P MainPID efa-doctor; }
before=$(pid)
seen upgrade dpkg -i /var/lib/vefa/job/debs/*.deb
await upgraded-ms healthy
echo $before $(pid) > /tmp/seen/pids

vefa-host fault 1 admin=silent > /dev/null
systemctl kill -s USR1 efa-doctor
sleep 2
from=$(date +%s%N)
systemctl stop efa-doctor
echo $(( ($(date +%s%N) - from) / 1000000 )) > /tmp/seen/stop-ms
seen purge dpkg --purge efa-doctor
seen left ls -d /etc/efa-doctor /var/lib/efa-doctor /run/efa-doctor /usr/lib/systemd/system/efa-doctor*
"""


def fault_kernels(differ=False):
    """Those on which a fault is played; `differ`: kernels do not show it alike."""
    every = differ or os.environ.get("VIRTUAL_NODE_FAULTS") == "all"
    return kernels() if every and "VIRTUAL_NODE_KERNEL" not in os.environ else [chosen_kernel()]


def package():
    return os.environ.get("VIRTUAL_NODE_DEB") or built_package()


class DoctorNode(Node):
    """A node with the package and four devices."""

    def __init__(self, job, *arguments, **guest):
        super().__init__(COMMON + job, "-n", DEVICES, "--imds", IMDS, "--deb", package(), *arguments, **guest)


class Case(unittest.TestCase):
    def assert_found(self, node, name, causes, verdict="unhealthy"):
        """One root cause, found within the deadline of a pass; returns the report."""
        report = node.json(name)
        self.assertEqual((report["verdict"], report["root_causes"]), (verdict, causes))
        self.assertLess(report["run"]["duration_ms"], 10_000)
        return report

    def assert_lost(self, report, rung, count):
        """The rung at which devices are lost first, and how many are left."""
        stage = next(stage for stage in report["funnel"] if stage["lost"])
        self.assertEqual((stage["stage"], stage["count"]), (rung, count))

    def on_each(self, nodes, look):
        for suite, kernel in nodes:
            with self.subTest(suite=suite, kernel=kernel):
                look(suite, kernel)


class HealthyTest(Case):
    def test_from_boot_on(self):
        self.on_each(kernels(), self.look)

    def look(self, suite, kernel):
        with S3Server() as bucket:
            install = INSTALL + f"""
cat > /etc/efa-doctor/config.toml <<'END'
[s3]
uri = "s3://pics/efa"
endpoint = "http://10.0.2.100:{bucket.port}"
END
mkdir /etc/systemd/system/efa-doctor.service.d
printf '[Service]\\nEnvironment=AWS_ACCESS_KEY_ID=AKIDTEST AWS_SECRET_ACCESS_KEY=hush\\n' > /etc/systemd/system/efa-doctor.service.d/keys.conf
exit 194
"""
            node = DoctorNode(f'if [ "$VEFA_BOOT" = 1 ]; then {install}\nfi\n{BOOTED}', "--host-port",
                        bucket.port, suite=suite, kernel=kernel)
        self.assertEqual(node.text("is-active"), "active\n")
        self.check_reports(node, bucket)
        self.check_surroundings(node)
        self.check_events(node)
        self.check_package(node)
        print(f"{suite} {kernel}: healthy {self.healthy_s(node):.1f} s after boot, unbound shown in"
              f" {node.number('unbound-ms')} ms, healthy again in {node.number('bound-ms')} ms, stop"
              f" {node.number('stop-ms')} ms, {self.pss_kib(node)} KiB PSS", flush=True)
        node.remove()

    @staticmethod
    def healthy_s(node):
        line = next(l for l in node.text("journal").splitlines() if "verdict: healthy" in l)
        return float(re.match(r"\[\s*([\d.]+)\]", line).group(1))

    @staticmethod
    def pss_kib(node):
        return int(re.search(r"^Pss:\s+(\d+)", node.text("memory"), re.M).group(1))

    def check_reports(self, node, bucket):
        self.assertEqual(node.json("health")["verdict"], "healthy", node.text("health"))
        report = self.assert_found(node, "once", [], "healthy")
        self.assertEqual([s["count"] for s in report["funnel"] if s["stage"] in
                          ("pci", "driver", "rdma", "node", "verbs", "fabric")], [DEVICES] * 6)
        self.assertEqual({probe["name"]: probe["status"] for probe in report["probes"]
                          if probe["status"] != "ok"}, {})
        there = subprocess.run(
            [os.environ["EFA_DOCTOR"], "--once", "--replay", node.path("node.tar.zst"), "--format",
             "json"], text=True, stdout=subprocess.PIPE, timeout=60)
        def but_the_build(text):
            return re.sub('"commit": "[^"]*"', "", text)
        self.assertEqual(there.returncode, 0)
        self.assertEqual(but_the_build(there.stdout), but_the_build(node.text("here")))
        first = node.json("health")["generated_at"][:10]
        keys = [path for path in bucket.objects if "latest" not in path]
        self.assertGreaterEqual(len(keys), 2, "a report for each verdict since boot")
        for key in keys:
            # a pass before the network is up does not know its region
            self.assertRegex(key, f"^/pics/efa/region%3D(us-east-1|unknown)/date%3D{first}/"
                                  "instance%3Di-0vefa000000000001/20")
        self.assertTrue(any("region%3Dus-east-1" in key for key in keys), keys)
        self.assertIn(": last delivered 20", node.text("status"))

    def check_surroundings(self, node):
        self.assertLess(self.pss_kib(node), 4096)
        self.assertEqual((node.text("verify.err"), node.text("verify.code")), ("", "0\n"))
        exposure = float(re.search(r"exposure level for .*: ([\d.]+)", node.text("security")).group(1))
        self.assertLessEqual(exposure, 3.0)

    def check_events(self, node):
        self.assertEqual(node.json("unbound")["root_causes"], ["driver.not-bound"])
        self.assertIn(node.text("held"), ("inactive\n", "activating\n"))
        self.assertEqual(node.text("let-go"), "active\n")
        self.assertLess(node.number("unbound-ms"), 10_000)
        self.assertLess(node.number("bound-ms"), 15_000)
        self.assertLess(node.number("stop-ms"), 6000)

    def check_package(self, node):
        self.assertEqual(node.text("upgrade.code"), "0\n", node.text("upgrade.err"))
        before, after = map(int, node.text("pids").split())
        self.assertNotIn(after, (0, before), "an upgrade restarts the service")
        self.assertEqual(node.text("purge.code"), "0\n", node.text("purge.err"))
        self.assertEqual(node.text("left"), "")


# What the node shows of its faults without efa-doctor, seen after it: a guest is started once.
ALL_FUNCTIONS = """
for device in /sys/bus/pci/devices/*; do
  [ "$(cat $device/vendor)" = 0x1d0f ] || continue
  driver=$(basename "$(readlink $device/driver)" x)
  echo "$(basename $device) $(cat $device/device) x$(cat $device/current_link_width) ${driver:-none}"
done > /tmp/seen/functions
"""
COUNTERS = """
counters=/sys/class/infiniband/rdmap2s0
drops() { cat $counters/ports/1/hw_counters/rx_drops; }
keep_alives() { cat $counters/hw_counters/keep_alive_rcvd; }
before=$(drops); vefa-host add 1 rx_drops=7; sleep 0.1; echo $(( $(drops) - before )) > /tmp/seen/drops
vefa-host fault 1 keepalive_ms=0; sleep 0.3; before=$(keep_alives); sleep 2.5
echo $(( $(keep_alives) - before )) > /tmp/seen/keep-alives
vefa-host fault 1 admin=silent; seen hung drops
"""
LOG = "dmesg | grep -i 'efa\\|admin' > /tmp/seen/log"


class FaultTest(Case):
    def test_devices_that_are_sick_from_boot_on(self):
        self.on_each(fault_kernels(differ=True), self.look_at_sick_from_boot_on)

    def look_at_sick_from_boot_on(self, suite, kernel):
        node = DoctorNode("no_grace; once root;" + ALL_FUNCTIONS + LOG, "--fault", "admin_to_100ms=15",
                          "--fault", "0:device_id=0xefa9", "--fault", "2:admin=silent", "--fault",
                          "3:link_width=4", suite=suite, kernel=kernel)
        functions = dict(line.split(" ", 1) for line in node.text("functions").splitlines())
        self.assertEqual(functions["0000:01:00.0"], "0xefa9 x8 none")
        self.assertEqual(functions["0000:02:00.0"], "0xefa1 x8 efa")
        self.assertEqual(functions["0000:03:00.0"], "0xefa1 x8 none")
        self.assertEqual(functions["0000:04:00.0"], "0xefa1 x4 efa")
        self.assertRegex(node.text("log"), "(0000:03:00.0: probe with driver efa|probe of 0000:03:00.0)"
                                           " failed with error -62")
        report = self.assert_found(node, "root",
                                   ["driver.probe-failed", "pci.id-unknown", "pci.narrow-link"])
        self.assert_lost(report, "driver", 2)
        node.remove()

    def test_devices_that_fall_sick(self):
        self.on_each(fault_kernels(), self.look_at_falling_sick)

    def look_at_falling_sick(self, suite, kernel):
        node = DoctorNode("""
vefa-pci vanish 3; seen infiniband ls /sys/class/infiniband; once first
vefa-pci return 3; until_ok ls /dev/infiniband/uverbs3; udevadm settle; once healthy
vefa-pci vanish 3; once vanished
vefa-pci return 3; until_ok ls /dev/infiniband/uverbs3; udevadm settle; once returned
vefa-host fault 2 gone=true > /dev/null; once gone
seen link cat /sys/bus/pci/devices/0000:03:00.0/current_link_width
""" + COUNTERS + LOG, suite=suite, kernel=kernel)
        self.assertNotIn("rdmap4s0", node.text("infiniband"))
        self.assertEqual(node.number("link"), 63, "all-ones")
        self.assertEqual((node.number("drops"), node.number("keep-alives")), (7, 0))
        self.assertNotEqual(node.text("hung.code"), "0\n")
        self.assertIn("didn't send any completion", node.text("log"))
        for name in ("first", "vanished"):  # also where no pass saw it before
            self.assert_lost(self.assert_found(node, name, ["pci.device-vanished"]), "pci", 3)
        self.assert_found(node, "healthy", [], "healthy")
        self.assert_found(node, "returned", [], "healthy")
        self.assert_lost(self.assert_found(node, "gone", ["pci.config-space-dead"]), "pci", 3)
        node.remove()

    def test_one_silent_device_does_not_hide_the_healthy_three(self):
        self.on_each(fault_kernels(), self.look_at_one_silent)

    def look_at_one_silent(self, suite, kernel):
        node = DoctorNode("vefa-host fault 1 admin=silent > /dev/null; once first; once second",
                          suite=suite, kernel=kernel)
        for name in ("first", "second"):
            report = self.assert_found(node, name, ["rdma.counters-hang"])
            self.assert_lost(report, "verbs", 3)
            devices = {finding["subject"] for finding in report["findings"]
                       if finding["code"] == "rdma.counters-hang" and finding["result"] == "fail"}
            self.assertEqual(devices, {"0000:02:00.0"})
        node.remove()


if __name__ == "__main__":
    run_tests()
