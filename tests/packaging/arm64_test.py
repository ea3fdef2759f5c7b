"""Built for aarch64 (Graviton nodes have EFA) in a Debian 12 root with the cross compiler; what a
probe of that build says of a recorded node is what one of this machine said."""

import json
import os
import pathlib
import shutil
import sys
import tempfile
import unittest

from debian_root import SOURCE, kept_root, run, why_not

SKIPPED = 77
TOOLS = "g++-aarch64-linux-gnu cmake ninja-build pkg-config git qemu-user nlohmann-json3-dev libcli11-dev"
LIBRARIES = """libspdlog-dev libtomlplusplus-dev libarchive-dev libcurl4-openssl-dev libssl-dev
  libpugixml-dev libyaml-cpp-dev zlib1g-dev libibverbs-dev libfabric-dev libhwloc-dev
  libsystemd-dev libudev-dev"""
BUILD = """
export PKG_CONFIG_LIBDIR=/usr/lib/aarch64-linux-gnu/pkgconfig:/usr/share/pkgconfig
cmake -S /src -B /b -G Ninja -DBUILD_TESTING=OFF -DCMAKE_CXX_FLAGS_RELEASE=-O0 \\
  -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 -DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++ \\
  -DCMAKE_CROSSCOMPILING_EMULATOR=qemu-aarch64
nice cmake --build /b
"""
# these find and load a library, which has another path there; what that one reads of processes is
# not recorded


def cross_root():
    packages = TOOLS.split() + [name + ":arm64" for name in LIBRARIES.split()]
    return kept_root("arm64", "bookworm", "--variant=apt", "--architectures=amd64,arm64",
                     "--include=" + ",".join(packages))


class Arm64Test(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = cross_root()
        cls.work = pathlib.Path(tempfile.mkdtemp(prefix="efa-doctor-arm64-"))
        cls.addClassCleanup(shutil.rmtree, cls.work, ignore_errors=True)
        for place in ("src", "b"):
            (cls.root / place).mkdir(exist_ok=True)
        cls.there("set -e\n" + BUILD)

    @classmethod
    def there(cls, script):
        """In the root, with the source at /src and this test's directory at /b."""
        mounts = (f"mount --bind -o ro {SOURCE} {cls.root}/src; mount --bind {cls.work} {cls.root}/b; "
                  f"exec env -i PATH=/usr/bin:/bin:/usr/sbin LC_ALL=C.UTF-8 chroot {cls.root} sh -c \"$0\"")
        return run("unshare", "--mount", "--pid", "--fork", f"--mount-proc={cls.root}/proc", "sh",
                   "-ec", mounts, script)

    def test_all_is_built_for_it(self):
        programs = [self.work / "efa-doctor", *(self.work / "libexec/efa-doctor").iterdir()]
        self.assertEqual(len(programs), 1 + 4 + 6 + 2)
        for program in programs:
            machine_of_elf = int.from_bytes(program.read_bytes()[18:20], "little")
            self.assertEqual(machine_of_elf, 183, program.name)
        self.assertTrue((self.work / "manual/efa-doctor.1").exists(), "made by what was built")

    def test_it_says_the_same(self):
        run(os.environ["MAKE_NODE"], SOURCE / "tests/nodes/p5.48xlarge/node.json", self.work / "node")
        recording = self.work / "recording.tar.zst"
        run(os.environ["EFA_DOCTOR"], "record", "--sysroot", self.work / "node", recording)
        replay = "--replay {}/recording.tar.zst --format json || true"
        said = json.loads(self.there("qemu-aarch64 /b/efa-doctor " + replay.format("/b")))
        here = json.loads(run("sh", "-c", os.environ["EFA_DOCTOR"] + " " + replay.format(self.work)))
        for member in ("verdict", "summary", "funnel", "findings", "facts"):
            self.assertEqual(said[member], here[member], member)
        probes = {p["name"]: p["status"] for p in said["probes"]}
        self.assertEqual(probes, {p["name"]: p["status"] for p in here["probes"]})
        self.assertLessEqual({"pci", "rdma", "verbs", "fabric", "topology"}, set(probes))
        checks = self.there("qemu-aarch64 /b/efa-doctor list-checks")
        self.assertEqual(checks, run(os.environ["EFA_DOCTOR"], "list-checks"))


if __name__ == "__main__":
    if why_not():
        print("skipped:", why_not())
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
