"""The image of packaging/oci in the pod of packaging/kubernetes/efa-doctor.yaml, on a node with the real
driver: what it says there is what efa-doctor says on the node itself, healthy and broken, and its
daemon sees the driver go and come again. VIRTUAL_NODE_DEB: a package instead of this tree's.
"""

import json
import pathlib
import re
import shutil
import sys
import tempfile
import unittest

import daemon_set_pod
from debian_root import SOURCE, run
from scenarios_test import COMMON, DEVICES, IMDS, package
from virtual_node import SKIPPED, Node, run_tests

TOOLS = ("mmdebstrap", "umoci", "runc", "dpkg-scanpackages")
POD = "/opt/pod"
SETTINGS = "boot_grace_s = 0\n"

JOB = f"""
runc() {{ env LD_LIBRARY_PATH={POD}/lib {POD}/runc "$@"; }}
pod() {{ cp {POD}/$1.json {POD}/bundle/config.json; runc run "${{@:2}}" --bundle {POD}/bundle $1; }}
both() {{
  seen $1 pod once
  seen $1-outside {POD}/native/usr/bin/efa-doctor --config {POD}/native.toml --once --no-deliver --format json
}}
mkdir -p /run/efa-doctor /var/lib/efa-doctor  # as DirectoryOrCreate
both healthy

pod daemon --detach > /tmp/seen/daemon.log 2>&1
await up healthy
seen status runc exec daemon efa-doctor status
modprobe -r rdma_ucm efa
echo 'blacklist efa' > /etc/modprobe.d/no-efa.conf
await gone unhealthy
seen nodes-gone ls /dev/infiniband
both blocked
rm /etc/modprobe.d/no-efa.conf
modprobe efa
modprobe rdma_ucm
await back healthy
seen verdict cat /run/efa-doctor/health.json
seen nodes runc exec daemon ls /dev/infiniband

bdf=$(basename $(readlink -f /sys/class/infiniband/rdmap2s0/device))
echo $bdf > /sys/bus/pci/drivers/efa/unbind
both unbound
runc kill daemon TERM
"""


def is_missing():
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    return f"not installed: {', '.join(missing)}" if missing else ""


def libraries_of(program):
    """But for those of libc, which the node has."""
    paths = re.findall(r"=> (/\S+)", run("ldd", program))
    return [path for path in paths if not pathlib.Path(path).name.startswith(("libc.", "ld-"))]


def make_pod(directory):
    """The bundle, what runs it, and the package's files for the node itself."""
    run(SOURCE / "packaging/oci/make-image", directory / "image.tar", package())
    (directory / "layout").mkdir()
    run("tar", "-xf", directory / "image.tar", "-C", directory / "layout")
    version = run("dpkg-deb", "-f", package(), "Version").strip()
    pod = directory / "pod"
    pod.mkdir()
    run("umoci", "unpack", "--image", f"{directory}/layout:{version}", pod / "bundle")
    run("dpkg-deb", "-x", package(), pod / "native")
    shutil.copy(shutil.which("runc"), pod / "runc")
    (pod / "lib").mkdir()
    for library in libraries_of(pod / "runc"):
        shutil.copy(library, pod / "lib")
    settings = daemon_set_pod.objects()["ConfigMap"]["data"]["config.toml"]
    (pod / "config.toml").write_text(SETTINGS + settings)
    (pod / "native.toml").write_text(SETTINGS)
    once = ["efa-doctor", "--once", "--no-deliver", "--format", "json"]
    for name, command in (("once", once), ("daemon", None)):
        (pod / f"{name}.json").write_text(daemon_set_pod.config(f"{POD}/config.toml", command))
    return pod


def faults(report):
    return {(finding["code"], finding["subject"]) for finding in report["findings"]
            if finding["result"] == "fail" and finding["severity"] != "info"}


class Container(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = pathlib.Path(tempfile.mkdtemp(prefix="efa-doctor-pod-"))
        cls.addClassCleanup(shutil.rmtree, directory, ignore_errors=True)
        cls.node = Node(COMMON + JOB, "-n", DEVICES, "--imds", IMDS, "--copy", f"{make_pod(directory)}:{POD}")

    @classmethod
    def tearDownClass(cls):
        cls.node.remove()

    def assert_same(self, name, verdict, causes):
        """In the pod and on the node; returns both reports."""
        inside, outside = self.node.json(name), self.node.json(name + "-outside")
        for report in (inside, outside):
            self.assertEqual((report["verdict"], report["root_causes"]), (verdict, causes), report["summary"])
        self.assertEqual(faults(inside), faults(outside))
        self.assertEqual(inside["funnel"], outside["funnel"])
        self.assertEqual(inside["node"], outside["node"])
        self.assertIs(inside["facts"]["limits"]["from_container"], True)
        self.assertNotIn("from_container", outside["facts"]["limits"])
        return inside, outside

    def test_a_healthy_node_is_healthy_from_the_pod(self):
        inside, outside = self.assert_same("healthy", "healthy", [])
        self.assertEqual(faults(inside), set())
        self.assertEqual({stage["count"] for stage in inside["funnel"] if stage["count"] is not None}, {DEVICES})
        failing = {finding["code"] for finding in inside["findings"] if finding["result"] == "fail"}
        natively = {finding["code"] for finding in outside["findings"] if finding["result"] == "fail"}
        self.assertLessEqual(failing, natively, "not even a remark more")
        unknown = {finding["code"] for finding in inside["findings"] if finding["result"] == "unknown"}
        self.assertEqual(unknown, {"cloud.not-seen-from-here", "cloud.rules-not-seen"})

    def test_what_the_nodes_files_do_is_found_in_them(self):
        self.assert_same("blocked", "unhealthy", ["kernel.driver-blocked"])
        finding, = [one for one in self.node.json("blocked")["findings"] if one["code"] == "kernel.driver-blocked"]
        self.assertIn("/etc/modprobe.d/no-efa.conf", json.dumps(finding))

    def test_what_the_kernel_shows_is_the_nodes(self):
        self.assert_same("unbound", "unhealthy", ["driver.not-bound"])

    def test_its_daemon_sees_the_driver_go_and_come_again(self):
        log = self.node.text("daemon.log")
        self.assertRegex(log, "(?s)healthy: 4 of 4.*unhealthy: 0 of 4.*healthy: 4 of 4.*unhealthy: 3 of 4")
        self.assertNotRegex(log, "warning|error")
        self.assertEqual(self.node.text("status.code"), "0\n", self.node.text("status.err"))
        self.assertRegex(self.node.text("status"), "^healthy ")
        self.assertNotIn("uverbs", self.node.text("nodes-gone"))
        self.assertEqual(self.node.json("verdict")["verdict"], "healthy")
        self.assertEqual(self.node.text("nodes").count("uverbs"), DEVICES)


if __name__ == "__main__":
    reason = is_missing()
    if reason:
        print(reason)
        sys.exit(SKIPPED)
    run_tests()
