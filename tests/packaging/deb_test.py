"""The deb on clean Debian 12 and 13 roots: installed without recommendations, upgraded, removed,
purged."""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from debian_root import built_package, kept_root, run, why_not
from efa_doctor import dead_links

SKIPPED = 77
CONFIG = "etc/efa-doctor/config.toml"
# of dpkg, apt and ldconfig, whatever is installed
NOT_OURS = ("var/lib/dpkg/", "var/lib/apt/", "var/cache/", "var/log/", "etc/ld.so.cache", "tmp/",
            "proc/", "sys/", "dev/", "run/")


def next_version(deb, directory):
    """The same package as a later version would be, with another default in its conffile."""
    tree = directory / "next"
    run("dpkg-deb", "-R", deb, tree)
    control = tree / "DEBIAN/control"
    control.write_text(re.sub(r"^(Version: .*)$", r"\1.1", control.read_text(), flags=re.M))
    with open(tree / CONFIG, "a") as config:
        config.write("\n# a setting of the next version\n")
    run("dpkg-deb", "-b", tree, directory / "next.deb")
    return directory / "next.deb"


class Root:
    """A copy of a minimal Debian that has nothing but the package's dependencies."""

    def __init__(self, suite, deb, directory):
        self.path = directory / suite
        run("cp", "-a", kept_root(suite, suite, "--variant=minbase"), self.path)
        shutil.copy("/etc/resolv.conf", self.path / "etc/resolv.conf")
        self.run("apt-get", "update", "-q")
        depends = run("dpkg-deb", "-f", deb, "Depends")
        self.install(*(name.split()[0] for name in depends.split(",")))

    def run(self, *command, check=True):
        """In namespaces of its own, so that nothing stays mounted."""
        script = f'mount --rbind -o ro /sys {self.path}/sys; exec chroot {self.path} "$@"'
        done = subprocess.run(
            ["unshare", "--mount", "--pid", "--fork", f"--mount-proc={self.path}/proc", "sh", "-c",
             script, "sh", *map(str, command)], text=True, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, timeout=900,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive",
                 "LC_ALL": "C.UTF-8"})
        if check and done.returncode != 0:
            raise AssertionError(f"{command}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done

    def install(self, *what):
        self.run("apt-get", "install", "-q", "-y", "--no-install-recommends", *what)

    def put(self, deb):
        shutil.copy(deb, self.path / "root" / deb.name)
        return "/root/" + deb.name

    def files(self):
        """All that is there, but for the books of dpkg and its like."""
        there = {str(path.relative_to(self.path)) for path in self.path.rglob("*")}
        return {name for name in there if not (name + "/").startswith(NOT_OURS)
                and not name.startswith("root/")}


class DebTest(unittest.TestCase):
    def test_the_life_of_the_package(self):
        deb = built_package()
        for suite in ("bookworm", "trixie"):
            with self.subTest(suite), tempfile.TemporaryDirectory(prefix="efa-doctor-deb-") as name:
                directory = pathlib.Path(name)
                self.live(suite, deb, next_version(deb, directory), directory)

    def test_links_of_guides_lead_to_files_of_the_package(self):
        with tempfile.TemporaryDirectory(prefix="efa-doctor-deb-") as name:
            run("dpkg-deb", "-x", built_package(), name)
            guides = sorted((pathlib.Path(name) / "usr/share/doc/efa-doctor").glob("*.md"))
            self.assertGreater(len(guides), 8)
            self.assertEqual({page.name: dead_links(page) for page in guides}, {page.name: [] for page in guides})

    def test_lintian_finds_nothing(self):
        if shutil.which("lintian") is None:
            self.skipTest("not installed: lintian")
        done = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning", built_package()],
                              capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)

    def live(self, suite, deb, later, directory):
        root = Root(suite, deb, directory)
        before = root.files()
        # as apt does it by itself, with recommendations: a libfabric would be a second one beside
        # that of the EFA installer
        simulated = root.run("apt-get", "install", "-s", root.put(deb)).stdout
        brought = re.findall(r"^Inst (\S+)", simulated, re.M)
        print(f"{suite}: beside its dependencies apt brings:", *brought, flush=True)
        self.assertIn("efa-doctor", brought)
        self.assertLessEqual(set(brought), {"efa-doctor", "ca-certificates", "openssl"})
        root.install(root.put(deb))
        for library in ("libfabric1", "libibverbs1", "libhwloc15"):
            self.assertNotEqual(root.run("dpkg", "-s", library, check=False).returncode, 0)
        self.check_report(root)
        self.assertIn("config.toml: correct", root.run("efa-doctor", "config-check").stdout)
        wanted = root.path / "etc/systemd/system/multi-user.target.wants"
        self.assertTrue((wanted / "efa-doctor.service").is_symlink(), "enabled")
        self.assertFalse((wanted / "efa-doctor-gate.service").is_symlink())

        (root.path / CONFIG).write_text("interval_s = 120\n")
        (wanted / "efa-doctor.service").unlink()  # as systemctl disable does it
        root.run("apt-get", "install", "-q", "-y", "--no-install-recommends", "-o",
                 "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold",
                 root.put(later))
        self.assertEqual((root.path / CONFIG).read_text(), "interval_s = 120\n", "kept")
        self.assertTrue(root.run("dpkg-query", "-W", "-f", "${Version}", "efa-doctor")
                        .stdout.endswith(".1"))
        self.assertFalse((wanted / "efa-doctor.service").is_symlink(), "it stays disabled")
        self.check_report(root)

        metrics = root.path / "var/lib/exporter/efa-doctor.prom"
        metrics.parent.mkdir()
        metrics.write_text("efa_doctor_build_info 1\n")
        with (root.path / CONFIG).open("a") as config:
            config.write("metrics_directory = '/var/lib/exporter'  # of ours\n")
        root.run("apt-get", "remove", "-q", "-y", "efa-doctor")
        self.assertFalse(metrics.exists(), "what no pass renews is gone")
        metrics.parent.rmdir()
        removed = sorted(root.files() - before)
        print(f"{suite}: after remove:", *removed, flush=True)
        for left in removed:
            self.assertRegex(left, r"^(etc/efa-doctor|var/lib/efa-doctor|etc/systemd|var/lib/systemd)")
        self.assertIn("interval_s = 120\n", (root.path / CONFIG).read_text(), "kept")
        root.run("apt-get", "purge", "-q", "-y", "efa-doctor")
        purged = sorted(root.files() - before)
        print(f"{suite}: after purge:", *purged, flush=True)
        self.assertEqual(purged, [])

    def check_report(self, root):
        """Without any of the libraries that are only suggested."""
        done = root.run("efa-doctor", "--once", "--expect", "none", "--format", "json", check=False)
        report = json.loads(done.stdout)
        self.assertEqual((report["verdict"], done.returncode), ("not_applicable", 0), done.stderr)
        unavailable = {probe["name"] for probe in report["probes"]
                       if probe["status"] == "unavailable"}
        self.assertEqual(unavailable, {"verbs"} | unavailable & {"fabric"})
        self.assertEqual(json.loads((root.path / "var/lib/efa-doctor/report.json").read_text()),
                         report)


if __name__ == "__main__":
    reason = why_not()
    if reason:
        print(reason)
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
