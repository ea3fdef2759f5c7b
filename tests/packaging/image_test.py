"""packaging/oci/make-image out of the deb: the layout, that it can be made again, and what the agent in
it says in the pod of kubernetes/efa-doctor.yaml, which runc starts here, and in a pod that was given
nothing of the node."""

import hashlib
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest

import daemon_set_pod
from debian_root import SOURCE, built_package, run, why_not

SKIPPED = 77
TOOLS = ("umoci", "skopeo", "runc", "dpkg-scanpackages")


def own_capabilities():
    status = pathlib.Path("/proc/self/status").read_text()
    return int(re.search(r"^CapPrm:\s+(\w+)", status, re.MULTILINE).group(1), 16)


def os_of(root):
    return re.search('^PRETTY_NAME="(.*)"', pathlib.Path(root, "etc/os-release").read_text(),
                     re.MULTILINE).group(1)


class Image(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = pathlib.Path(tempfile.mkdtemp(prefix="efa-doctor-image-"))
        cls.addClassCleanup(shutil.rmtree, cls.directory, ignore_errors=True)
        cls.packages = pathlib.Path("/var/lib/dpkg/status").read_bytes()
        cls.archive = cls.made("image.tar")
        cls.layout = cls.directory / "layout"
        with tarfile.open(cls.archive) as archive:
            archive.extractall(cls.layout)
        cls.version = run("dpkg-deb", "-f", built_package(), "Version").strip()
        cls.bundle = cls.directory / "bundle"
        run("umoci", "unpack", "--image", f"{cls.layout}:{cls.version}", cls.bundle)
        cls.root = cls.bundle / "rootfs"
        settings = daemon_set_pod.objects()["ConfigMap"]["data"]["config.toml"]
        cls.settings = cls.directory / "config.toml"
        cls.settings.write_text(settings)

    @classmethod
    def made(cls, name):
        run(SOURCE / "packaging/oci/make-image", cls.directory / name, built_package())
        return cls.directory / name

    def blob(self, descriptor):
        algorithm, digest = descriptor["digest"].split(":")
        data = (self.layout / "blobs" / algorithm / digest).read_bytes()
        self.assertEqual((len(data), hashlib.sha256(data).hexdigest()), (descriptor["size"], digest))
        return data

    def container(self, config):
        """Ends with what the process in it ends with."""
        (self.bundle / "config.json").write_text(config)
        return subprocess.run(["runc", "--root", self.directory / "runc", "run", "--bundle", self.bundle,
                               self.directory.name], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=120)

    def config(self, *command):
        return daemon_set_pod.config(self.settings, list(command), own_capabilities(),
                                     daemon_set_pod.lacking(), self.directory / "written")

    def in_pod(self, *command):
        for path in ("run", "var/lib"):
            (self.directory / "written" / path / "efa-doctor").mkdir(parents=True, exist_ok=True)
        return self.container(self.config(*command))

    def test_it_is_an_image_with_all_that_a_registry_shows(self):
        self.assertEqual(json.loads((self.layout / "oci-layout").read_text()),
                         {"imageLayoutVersion": "1.0.0"})
        descriptor, = json.loads((self.layout / "index.json").read_text())["manifests"]
        manifest = json.loads(self.blob(descriptor))
        config = json.loads(self.blob(manifest["config"]))
        layer, = manifest["layers"]
        self.blob(layer)
        self.assertEqual(len(list((self.layout / "blobs/sha256").iterdir())), 3, "nothing is left over")
        architecture = run("dpkg-deb", "-f", built_package(), "Architecture").strip()
        self.assertEqual((config["os"], config["architecture"]), ("linux", architecture))
        self.assertEqual(config["config"]["Entrypoint"], ["/usr/bin/efa-doctor"])
        self.assertEqual(config["config"]["Labels"]["org.opencontainers.image.version"], self.version)
        run("skopeo", "copy", f"oci-archive:{self.archive}", f"dir:{self.directory}/copied")

    def test_made_again_it_is_the_same(self):
        self.assertEqual(self.made("again.tar").read_bytes(), self.archive.read_bytes())

    def test_it_leaves_the_machine_that_makes_it_alone(self):
        self.assertEqual(pathlib.Path("/var/lib/dpkg/status").read_bytes(), self.packages)

    def test_nothing_in_it_makes_a_user_root_or_starts_by_itself(self):
        self.assertEqual(run("find", self.root, "-type", "f", "-perm", "/6000"), "")
        self.assertEqual(list((self.root / "etc/systemd").glob("**/*efa-doctor*")), [])
        self.assertEqual(list((self.root / "etc/apt").glob("sources.list*")), [])

    def test_in_the_pod_it_is_run_and_sees_the_node(self):
        ran = self.in_pod("efa-doctor", "--version")
        self.assertEqual((ran.returncode, ran.stdout.split()[0]), (0, self.version), ran.stderr)
        ran = self.in_pod("efa-doctor", "--once", "--format", "json")
        self.assertIn(ran.returncode, (0, 1, 2, 3), ran.stderr)
        report = json.loads(ran.stdout)
        self.assertEqual(report["node"]["os"], os_of("/"))
        self.assertNotEqual(report["node"]["os"], os_of(self.root))
        self.assertIs(report["facts"]["limits"]["from_container"], True)
        self.assertNotEqual(report["facts"]["limits"].get("container"), "oci")
        kept = self.directory / "written/run/efa-doctor/health.json"
        self.assertEqual(json.loads(kept.read_text())["verdict"], report["verdict"])

    def test_in_the_pod_it_writes_nowhere_else(self):
        for path in ("/x", "/dev/x", "/host/x", "/host/tmp/x", "/host/run/x", "/etc/efa-doctor/config.toml"):
            ran = self.in_pod("sh", "-c", f"echo > {path}")
            self.assertEqual(ran.returncode, 2, path)
            self.assertIn("Read-only file system", ran.stderr)
        self.assertEqual(self.in_pod("sh", "-c", "echo > /run/efa-doctor/x").returncode, 0)

    def test_the_daemon_of_the_pod_has_the_rights_of_the_service(self):
        container, = daemon_set_pod.pod()["containers"]
        before = container["command"][:container["command"].index("--") + 1]
        ran = self.in_pod(*before, "grep", "-h", "^CapEff\\|^NoNewPrivs", "/proc/self/status")
        sys_ptrace, syslog, dac = 1 << 19, 1 << 34, 0b110
        self.assertEqual(ran.stdout.split(),
                         ["CapEff:", f"{sys_ptrace | syslog | dac:016x}", "NoNewPrivs:", "1"])

    def test_without_the_nodes_root_it_does_not_judge_the_node(self):
        config = json.loads(self.config("efa-doctor", "--once"))
        without = [one for one in config["mounts"] if one["destination"] != "/host"]
        ran = self.container(json.dumps({**config, "mounts": without}))
        self.assertEqual(ran.returncode, 64)
        self.assertIn("the node's root is not mounted at /host", ran.stderr)
        none = [one for one in without if not one["destination"].startswith(("/etc", "/run"))]
        process = {**config["process"], "args": ["efa-doctor", "--once", "--no-deliver", "--format", "json"]}
        ran = self.container(json.dumps({**config, "mounts": none, "process": process}))
        self.assertEqual(json.loads(ran.stdout)["facts"]["limits"]["container"], "oci", ran.stderr)


if __name__ == "__main__":
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    reason = why_not() or (f"not installed: {', '.join(missing)}" if missing else "")
    if reason:
        print(reason)
        sys.exit(SKIPPED)
    unittest.main()
