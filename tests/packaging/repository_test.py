"""packaging/make-repository: a deb installed from it in clean Debian roots over loopback; what was changed
behind the signature is refused. What dnf takes from it: rpm_test.py."""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from deb_test import Root
from debian_root import SOURCE, built_package, why_not
from signed_repository import Repository, change, served

SKIPPED = 77
TOOLS = {"gpg": "gnupg", "apt-ftparchive": "apt-utils"}


class RepositoryTest(unittest.TestCase):
    def test_a_deb_is_installed_from_it(self):
        directory = pathlib.Path(tempfile.mkdtemp(prefix="efa-doctor-repository-"))
        self.addCleanup(shutil.rmtree, directory, ignore_errors=True)
        repository = Repository(directory)
        self.addCleanup(repository.close)
        deb = built_package()
        for suite in ("bookworm", "trixie"):
            with self.subTest(suite), served(directory) as url:
                repository.make(f"{url}/repository", deb)
                root = Root(suite, deb, directory)
                keyrings = root.path / "etc/apt/keyrings"
                keyrings.mkdir(parents=True, exist_ok=True)
                shutil.copy(repository.path / "efa-doctor.asc", keyrings)
                shutil.copy(repository.path / "apt/efa-doctor.sources", root.path / "etc/apt/sources.list.d")
                root.run("apt-get", "update", "-q")
                root.install("efa-doctor")
                self.assertIn("EFA", root.run("efa-doctor", "--help").stdout)
                change(next(repository.path.glob("apt/dists/stable/main/*/Packages.gz")))
                next(repository.path.glob("apt/dists/stable/main/*/Packages")).unlink()
                for kept in (root.path / "var/lib/apt/lists").glob("127.0.0.1*"):
                    kept.unlink()
                changed = root.run("apt-get", "update", "-q", "-o", "APT::Update::Error-Mode=any", check=False)
                self.assertNotEqual(changed.returncode, 0, changed.stdout)

    def test_what_is_no_package_is_refused(self):
        with tempfile.TemporaryDirectory(prefix="efa-doctor-repository-") as directory:
            done = subprocess.run([SOURCE / "packaging/make-repository", directory, "key", "https://h", __file__],
                                  capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 64)
        self.assertIn("neither deb nor rpm", done.stderr)


if __name__ == "__main__":
    reason = why_not() or next((f"not installed: {tool} ({package})" for tool, package in TOOLS.items()
                                if shutil.which(tool) is None), "")
    if reason:
        print("skipped:", reason)
        sys.exit(SKIPPED)
    unittest.main()
