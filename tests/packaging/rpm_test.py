"""packaging/efa-doctor.spec builds an rpm from a source archive; rpm and dnf install it. Debian has
neither the names of what is required to build, so these are not looked at, nor systemd's macros, for
which others stand. The libraries that rpm distributions lack are built in, from sources made of what is
installed here."""

import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest

import debian_root
from debian_root import SOURCE, kept_root, run
from signed_repository import Repository, change, served

SKIPPED = 77
TO_TAKE_IT = {"gpg": "gnupg", "createrepo_c": "createrepo-c", "dnf": "dnf"}
CONFIG = "/etc/efa-doctor/config.toml"
# name: headers below /usr/include, target of its CMake, what else the target says
FETCHED = {
    "nlohmann_json": ("nlohmann", "nlohmann_json", ""),
    "CLI11": ("CLI", "CLI11", ""),
    "tomlplusplus": ("toml++", "tomlplusplus", ""),
    "fmt": ("fmt", "fmt-header-only", "target_compile_definitions(source-fmt INTERFACE FMT_HEADER_ONLY)"),
    "spdlog": ("spdlog", "spdlog_header_only", ""),
    "pugixml": ("pugi*.hpp", "pugixml", "target_link_libraries(source-pugixml INTERFACE pugixml)"),
}
# Debian's brp-compress is written for bash and run by another shell. Systemd's macros come to this:
# units are told to its helper on the first installation, before the last removal, after an upgrade.
MACROS = """
%__os_install_post bash %{_rpmconfigdir}/brp-compress /usr && %{_rpmconfigdir}/brp-elfperms
%efa_doctor_tell() helper=/usr/lib/systemd/systemd-update-helper; [ ! -x $helper ] || $helper %* || :
%systemd_post() [ $1 -ne 1 ] || { %{efa_doctor_tell install-system-units %*}; }
%systemd_preun() [ $1 -ne 0 ] || { %{efa_doctor_tell remove-system-units %*}; }
%systemd_postun_with_restart() [ $1 -lt 1 ] || { %{efa_doctor_tell mark-restart-system-units %*}; }
"""
# The rest of a distribution, as rpm knows it: all that is required, and nothing in it.
DISTRIBUTION = """
Name: distribution
Version: 0
Release: 1
Summary: stands for it
License: Apache-2.0
BuildArch: noarch
%description
Debian's own files are those that are meant.
%files
"""


def why_not():
    if shutil.which("rpmbuild") is None:
        return "not installed: rpmbuild (rpm)"
    if not (SOURCE / ".git").exists():
        return "not a git tree: no source archive can be made"
    return ""


def make_source(name, directory):
    """The installed headers of a library, as a source that CMake takes in."""
    headers, target, more = FETCHED[name]
    (directory / "include").mkdir(parents=True)
    for header in pathlib.Path("/usr/include").glob(headers):
        run("cp", "-r", header, directory / "include")
    (directory / "CMakeLists.txt").write_text(f"""
add_library(source-{name} INTERFACE)
target_include_directories(source-{name} INTERFACE ${{CMAKE_CURRENT_SOURCE_DIR}}/include)
{more}
add_library({name}::{target} ALIAS source-{name})
install(DIRECTORY include DESTINATION .)
""")


def fetched_options(top):
    options = ["-DCMAKE_CXX_FLAGS_RELEASE=-O0"]  # it is built to be looked at, not to be fast
    for name in FETCHED:
        make_source(name, top / name)
        options += [f"-DCMAKE_DISABLE_FIND_PACKAGE_{name}=ON",
                    f"-DFETCHCONTENT_SOURCE_DIR_{name.upper()}={top / name}"]
    return " ".join(options)


class Root:
    """A minimal Debian as rpm sees it: a shell and no systemd."""

    def __init__(self, path):
        self.path = path
        run("cp", "-a", kept_root("bookworm", "bookworm", "--variant=minbase"), path)
        self.rpm("--initdb")

    def rpm(self, *arguments):
        """What it says; Debian's names are not those that the rpm requires."""
        return run("rpm", "--root", self.path, "--dbpath", "/var/lib/rpm", *arguments)

    def files(self):
        """But for rpm's book; directories too where they are ours."""
        return {f"/{path.relative_to(self.path)}" for path in self.path.rglob("*")
                if (not path.is_dir() or path.name == "efa-doctor")
                and self.path / "var/lib/rpm" not in path.parents}


class Rpm(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.top = pathlib.Path(tempfile.mkdtemp(prefix="efa-doctor-rpm-"))
        cls.addClassCleanup(shutil.rmtree, cls.top, ignore_errors=True)
        (cls.top / "SOURCES").mkdir()
        spec = (SOURCE / "packaging/efa-doctor.spec").read_text()
        name = "efa-doctor-" + re.search(r"^Version: +(\S+)$", spec, re.M)[1]
        run("git", "-C", SOURCE, "archive", f"--prefix={name}/", "-o",
            cls.top / f"SOURCES/{name}.tar.gz", "HEAD")
        (cls.top / "macros").write_text(MACROS)
        run("nice", "rpmbuild", "-ba", "--nodeps", "--load", cls.top / "macros", "--define",
            f"_topdir {cls.top}", "--define", "_unitdir /usr/lib/systemd/system",
            "--define", "_presetdir /usr/lib/systemd/system-preset", "--define",
            "_sysusersdir /usr/lib/sysusers.d", "--define", "_tmpfilesdir /usr/lib/tmpfiles.d",
            "--with", "fetched", "--define", f"efa_doctor_options {fetched_options(cls.top / 'fetched')}",
            SOURCE / "packaging/efa-doctor.spec",
            env={**os.environ, "CCACHE_BASEDIR": str(cls.top)})  # where ccache is used
        cls.rpm = next(path for path in cls.top.glob(f"RPMS/*/{name}-*.rpm"))

    def ask(self, *what):
        return run("rpm", "-qp", *what, self.rpm).splitlines()

    def test_it_has_what_the_service_needs(self):
        files = self.ask("-l")
        for path in ["/usr/bin/efa-doctor", "/usr/libexec/efa-doctor/efa-doctord",
                     "/usr/libexec/efa-doctor/probe-verbs", CONFIG,
                     "/usr/lib/systemd/system/efa-doctor.service"]:
            self.assertIn(path, files)
        self.assertEqual([path for path in files if "/include/" in path], [], "of a library built in")

    def test_a_changed_configuration_is_kept(self):
        flags = run("rpm", "-qp", "--queryformat", "[%{FILENAMES} %{FILEFLAGS:fflags}\n]", self.rpm)
        self.assertIn(CONFIG + " cn", flags.splitlines())

    def test_rpmlint_finds_nothing(self):
        if shutil.which("rpmlint") is None:
            self.skipTest("not installed: rpmlint")
        done = subprocess.run(
            ["rpmlint", "-c", SOURCE / "packaging/rpmlint.toml", SOURCE / "packaging/efa-doctor.spec",
             *self.top.glob("RPMS/*/*.rpm"), *self.top.glob("SRPMS/*.rpm")],
            capture_output=True, text=True, timeout=300)
        self.assertRegex(done.stdout, "[2-9] packages and 1 specfiles checked")
        self.assertEqual((done.returncode, re.findall(r"^.*: [EW]: .*$", done.stdout, re.M)), (0, []),
                         done.stdout + done.stderr)

    def test_it_is_installed_and_erased_without_systemd(self):
        if debian_root.why_not():
            self.skipTest(debian_root.why_not())
        root = Root(self.top / "root")
        before = root.files()
        said = root.rpm("-i", "--nodeps", self.rpm)
        self.check_files(root)
        said += root.rpm("-e", "efa-doctor")
        self.assertEqual(root.files(), before)

        said += root.rpm("-i", "--nodeps", self.rpm)
        config = root.path / CONFIG[1:]
        settings = 'interval_s = 120\nmetrics_directory = "/srv"\n'
        config.write_text(settings)
        metrics = root.path / "srv/efa-doctor.prom"
        metrics.write_text("efa_doctor_build_info 1\n")
        said += root.rpm("-U", "--nodeps", "--replacepkgs", self.rpm)
        self.assertEqual(config.read_text(), settings, "kept")
        self.assertTrue(metrics.exists(), "of a package that is there")
        said += root.rpm("-e", "efa-doctor")
        self.assertFalse(metrics.exists(), "what no pass renews is gone")
        self.assertEqual(root.files() - before, {"/etc/efa-doctor", CONFIG + ".rpmsave"})
        self.assertNotIn("scriptlet failed", said)

    def make_distribution(self):
        """Where the rpm of DISTRIBUTION lies, which provides what ours requires."""
        provided = "".join(f"Provides: {name}\n" for name in sorted(set(self.ask("--requires")))
                           if not name.startswith(("rpmlib(", "config(")))
        directory = self.top / "distribution"
        directory.mkdir()
        (directory / "it.spec").write_text(DISTRIBUTION.replace("BuildArch", provided + "BuildArch", 1))
        run("rpmbuild", "-bb", "--define", f"_topdir {directory}", directory / "it.spec")
        run("createrepo_c", "--quiet", directory)
        return directory

    def test_dnf_installs_it_from_a_repository_and_takes_nothing_that_was_changed(self):
        missing = debian_root.why_not() or ", ".join(
            f"not installed: {tool} ({package})" for tool, package in TO_TAKE_IT.items() if not shutil.which(tool))
        if missing:
            self.skipTest(missing)
        repository = Repository(self.top)
        self.addCleanup(repository.close)
        root = Root(self.top / "dnf-root")
        before = root.files()
        (self.top / ".rpmmacros").write_text("%_dbpath /var/lib/rpm\n")  # Debian's is in the home directory

        def dnf(*command):
            shutil.rmtree(root.path / "var/cache/dnf", ignore_errors=True)
            return subprocess.run(
                ["dnf", "--noplugins", "--installroot", root.path, "--releasever=0", "-y",
                 f"--setopt=reposdir={repository.path}/rpm", f"--repofrompath=distribution,file://{distribution}",
                 "--setopt=distribution.gpgcheck=0", *command], text=True, timeout=300, check=False,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, "HOME": str(self.top)})

        distribution = self.make_distribution()
        with served(self.top) as url:
            for file, said in (("rpm/*.rpm", "checksum"), ("rpm/repodata/repomd.xml", "repomd.xml GPG signature")):
                repository.make(f"{url}/repository", self.rpm)
                change(next(repository.path.glob(file)))
                done = dnf("install", "efa-doctor")
                self.assertNotEqual(done.returncode, 0, done.stdout)
                self.assertIn(said, done.stdout)
            repository.make(f"{url}/repository", self.rpm)
            done = dnf("install", "efa-doctor")
            self.assertEqual(done.returncode, 0, done.stdout)
        self.check_files(root)
        removed = dnf("remove", "efa-doctor")
        self.assertEqual(removed.returncode, 0, removed.stdout)
        self.assertNotIn("scriptlet failed", done.stdout + removed.stdout)
        of_dnf = ("/var/lib/dnf", "/var/log/", "/var/cache/")
        self.assertEqual({name for name in root.files() ^ before if not name.startswith(of_dnf)}, set())

    def check_files(self, root):
        """They are on the disk as the rpm has them, root's, and for nobody else to change; the program runs."""
        version = run("chroot", root.path, "efa-doctor", "--version")
        self.assertIn(run("rpm", "-qp", "--queryformat", "%{VERSION}", self.rpm), version)
        self.assertEqual(root.rpm("-V", "--nodeps", "efa-doctor"), "")
        programs = set()
        for name in self.ask("-l"):
            there = (root.path / name[1:]).lstat()
            self.assertEqual((there.st_uid, there.st_gid), (0, 0), name)
            if not stat.S_ISLNK(there.st_mode):  # as those of build ids, which have all bits
                self.assertEqual(there.st_mode & 0o7022, 0, name)
            if stat.S_ISREG(there.st_mode):
                self.assertIn(there.st_mode & 0o777, (0o644, 0o755), name)
                if there.st_mode & 0o111:
                    programs.add(name)
        self.assertLessEqual({"/usr/bin/efa-doctor", "/usr/libexec/efa-doctor/efa-doctord"}, programs)
        self.assertEqual([name for name in programs if name.startswith(("/etc/", "/usr/lib/"))], [])

    def test_what_is_required_every_node_has_and_no_rdma_library(self):
        required = {re.sub(r"[(].*", "", name) for name in self.ask("--requires")}
        shells = {"/bin/sh", "/bin/bash", "/usr/bin/sh", "/usr/bin/bash"}
        libraries = {name for name in required - shells if not name.startswith(("rpmlib", "config", "rtld"))}
        # of Amazon Linux 2023 and RHEL 9 without any further repository
        self.assertLessEqual(libraries, {
            "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1", "libarchive.so.13", "libc.so.6", "libcrypto.so.3",
            "libcurl.so.4", "libgcc_s.so.1", "libm.so.6", "libssl.so.3", "libstdc++.so.6", "libsystemd.so.0",
            "libudev.so.1", "libz.so.1",
            "libpugixml.so.1"})  # of Debian, which stands for the source that is built in
        self.assertIn("libcurl.so.4", libraries)  # they are found at all
        self.assertEqual(set(self.ask("--recommends")), {"ca-certificates", "hwloc-libs", "yaml-cpp"})
        self.assertEqual(set(self.ask("--suggests")), {"libfabric", "libibverbs", "rdma-core"})


if __name__ == "__main__":
    if why_not():
        print("skipped:", why_not())
        sys.exit(SKIPPED)
    unittest.main()
