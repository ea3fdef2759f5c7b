"""packaging/make-repository: a deb installed from it in clean Debian roots, an rpm taken from it by dnf,
over loopback; what was changed behind the signature is refused by both."""

import contextlib
import functools
import http.server
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

from deb_test import Root
from debian_root import SOURCE, built_package, run, why_not

SKIPPED = 77
TOOLS = {"gpg": "gnupg", "apt-ftparchive": "apt-utils", "createrepo_c": "createrepo-c", "dnf": "dnf",
         "rpmbuild": "rpm"}
SPEC = """
Name: efa-doctor
Version: 0
Release: 1
Summary: stands for the real one
License: Apache-2.0
BuildArch: noarch
%description
It is looked for, not installed.
%files
"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextlib.contextmanager
def served(directory):
    handler = functools.partial(Quiet, directory=str(directory))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class Repository(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="efa-doctor-repository-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        keys = self.directory / "keys"
        keys.mkdir(mode=0o700)
        self.environment = {**os.environ, "GNUPGHOME": str(keys)}
        self.addCleanup(subprocess.run, ["gpgconf", "--kill", "all"], env=self.environment)
        run("gpg", "--batch", "--passphrase", "", "--quick-generate-key", "efa-doctor-test", "rsa3072",
            "sign", env=self.environment)
        self.path = self.directory / "repository"

    def make(self, url, *packages):
        run(SOURCE / "packaging/make-repository", self.path, "efa-doctor-test", url, *packages,
            env=self.environment)

    def change(self, file):
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 1
        file.write_bytes(data)

    def test_a_deb_is_installed_from_it(self):
        deb = built_package()
        for suite in ("bookworm", "trixie"):
            with self.subTest(suite), served(self.directory) as url:
                self.make(f"{url}/repository", deb)
                root = Root(suite, deb, self.directory)
                keyrings = root.path / "etc/apt/keyrings"
                keyrings.mkdir(parents=True, exist_ok=True)
                shutil.copy(self.path / "efa-doctor.asc", keyrings)
                shutil.copy(self.path / "apt/efa-doctor.sources", root.path / "etc/apt/sources.list.d")
                root.run("apt-get", "update", "-q")
                root.install("efa-doctor")
                self.assertIn("EFA", root.run("efa-doctor", "--help").stdout)
                self.change(next(self.path.glob("apt/dists/stable/main/*/Packages.gz")))
                next(self.path.glob("apt/dists/stable/main/*/Packages")).unlink()
                for kept in (root.path / "var/lib/apt/lists").glob("127.0.0.1*"):
                    kept.unlink()
                changed = root.run("apt-get", "update", "-q", "-o", "APT::Update::Error-Mode=any", check=False)
                self.assertNotEqual(changed.returncode, 0, changed.stdout)

    def dnf(self, *command):
        return subprocess.run(
            ["dnf", "--installroot", self.directory / "dnf-root", "--releasever=0", "-y",
             f"--setopt=reposdir={self.path}/rpm", f"--setopt=cachedir={self.directory}/dnf-cache", *command],
            capture_output=True, text=True, cwd=self.directory, timeout=300)

    def test_an_rpm_is_taken_from_it(self):
        (self.directory / "it.spec").write_text(SPEC)
        run("rpmbuild", "-bb", "--define", f"_topdir {self.directory}/rpmbuild", self.directory / "it.spec")
        with served(self.directory) as url:
            self.make(f"{url}/repository", next(self.directory.glob("rpmbuild/RPMS/*/*.rpm")))
            taken = self.dnf("download", "efa-doctor")
            self.assertEqual(taken.returncode, 0, taken.stdout + taken.stderr)
            self.assertTrue(list(self.directory.glob("efa-doctor-0-1*.rpm")), taken.stdout)
            shutil.rmtree(self.directory / "dnf-cache")
            self.change(self.path / "rpm/repodata/repomd.xml")
            self.assertNotEqual(self.dnf("download", "efa-doctor").returncode, 0)

    def test_what_is_no_package_is_refused(self):
        done = subprocess.run([SOURCE / "packaging/make-repository", self.path, "key", "https://h", __file__],
                              capture_output=True, text=True, env=self.environment)
        self.assertEqual(done.returncode, 64)
        self.assertIn("neither deb nor rpm", done.stderr)


if __name__ == "__main__":
    reason = why_not() or next((f"not installed: {tool} ({package})" for tool, package in TOOLS.items()
                                if shutil.which(tool) is None), "")
    if reason:
        print("skipped:", reason)
        sys.exit(SKIPPED)
    unittest.main()
