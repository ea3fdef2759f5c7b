"""Every script of the project by shellcheck; what installs on nodes with an apt of our own."""

import re
import shutil
import subprocess
import unittest

import yaml

from efa_doctor import SOURCE, Case, write

ACTION = SOURCE / "packaging/parallelcluster/on-node-configured.sh"
HYPERPOD = SOURCE / "packaging/hyperpod"


def scripts():
    for directory in ("packaging", "tests", ".ci"):
        for path in sorted((SOURCE / directory).rglob("*")):
            shell = path.is_file() and re.match(rb"#!.*\b(ba)?sh\b", path.read_bytes()[:64])
            if shell:
                yield path


class Versions(unittest.TestCase):
    def test_all_say_the_same(self):
        said = {name: re.search(pattern, (SOURCE / name).read_text(), re.M)[1] for name, pattern in {
            "CMakeLists.txt": r"^project\(efa-doctor VERSION (\S+)", "packaging/efa-doctor.spec": r"^Version: +(\S+)",
            "packaging/deb/changelog": r"^efa-doctor \((\S+)\)", "CHANGELOG.md": r"^## (\S+)",
            "README.md": r"efa-doctor_(\S+)_amd64", "packaging/README.md": r"efa-doctor-(\S+)\.tar",
            "packaging/kubernetes/README.md": r"efa-doctor_(\S+)_amd64"}.items()}
        self.assertEqual(len(set(said.values())), 1, said)


class Scripts(unittest.TestCase):
    def test_shellcheck_finds_nothing(self):
        found = list(scripts())
        self.assertIn(ACTION, found)
        run = subprocess.run(["shellcheck", *found], capture_output=True, text=True, timeout=60)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)


class OnANode(Case):
    manager = "dnf"
    path = ":/usr/bin:/bin"

    def run_action(self, *arguments, action=ACTION, **failing):
        """(exit code, the commands that would have changed the node)"""
        log = self.directory / "log"
        log.unlink(missing_ok=True)
        for name in ("aws", "apt-get", self.manager, "cp", "mkdir", "systemctl", "efa-doctor"):
            write(self.directory / "bin" / name, f'#!/bin/sh\necho {name} "$@" >> "{log}"\n'
                  f'exit {failing.get(name.replace("-", "_"), 0)}\n', 0o755)
        run = subprocess.run([action, *arguments], capture_output=True, text=True, timeout=30,
                             env={"PATH": f"{self.directory}/bin{self.path}"})
        return run.returncode, log.read_text().splitlines() if log.exists() else []


class ParallelCluster(OnANode):
    def test_the_package_is_installed_and_the_service_started(self):
        for kind, installers in (("deb", ["apt-get", "apt-get"]), ("rpm", ["dnf"])):
            code, done = self.run_action(f"s3://b/efa-doctor.{kind}")
            self.assertEqual(code, 0)
            self.assertEqual([line.split()[0] for line in done],
                             ["aws", *installers, "efa-doctor", "systemctl"])
            self.assertRegex(done[len(installers)], rf"install.* /\S+/efa-doctor\.{kind}$")
            self.assertEqual(done[-1], "systemctl enable --now efa-doctor.service")

    def test_lists_of_apt_are_fetched_first_and_one_broken_source_fails_nothing(self):
        code, done = self.run_action("s3://b/efa-doctor.deb", apt_get='$(echo "$*" | grep -c "update$")')
        self.assertEqual(code, 0)
        self.assertRegex(done[1], r"^apt-get .*update$")
        self.assertRegex(done[2], r"^apt-get .*install")

    def test_where_there_is_no_dnf_it_is_yum(self):
        self.manager, self.path = "yum", ""
        for tool in ("mktemp", "rm", "chmod"):
            write(self.directory / "bin" / tool, f'#!/bin/sh\nexec {shutil.which(tool)} "$@"\n', 0o755)
        code, done = self.run_action("s3://b/efa-doctor.rpm")
        self.assertEqual(code, 0)
        self.assertRegex(done[1], r"^yum install -y /\S+/efa-doctor\.rpm$")

    def test_the_configuration_is_there_before_the_package(self):
        _, done = self.run_action("s3://b/efa-doctor.deb", "s3://b/config.toml")
        self.assertEqual(done[1], "aws s3 cp --only-show-errors s3://b/config.toml "
                         "/etc/efa-doctor/config.toml")
        self.assertTrue(done[2].startswith("aws s3 cp --only-show-errors s3://b/efa-doctor.deb"))

    def test_a_failure_fails_the_bootstrap(self):
        for name in ("aws", "apt_get", "efa_doctor", "systemctl"):
            self.assertNotEqual(self.run_action("s3://b/efa-doctor.deb", **{name: 1})[0], 0, name)
        self.assertNotEqual(self.run_action()[0], 0)
        self.assertNotEqual(self.run_action("s3://b/efa-doctor.tar")[0], 0)

    def test_the_snippet_names_what_is_installed_here(self):
        snippet = SOURCE / "packaging/parallelcluster/cluster-snippet.yaml"
        scheduling = yaml.safe_load(snippet.read_text())["Scheduling"]
        settings = {}
        for setting in scheduling["SlurmSettings"]["CustomSlurmSettings"]:
            settings.update(setting)
        installed = settings["HealthCheckProgram"].replace("/usr/share/efa-doctor", "packaging")
        self.assertTrue((SOURCE / installed).exists())
        script = scheduling["SlurmQueues"][0]["CustomActions"]["OnNodeConfigured"]["Script"]
        self.assertEqual(script.rpartition("/")[2], ACTION.name)


class HyperPod(OnANode):
    def setUp(self):
        super().setUp()
        for path in (HYPERPOD / "lifecycle-part.sh", ACTION):
            shutil.copy(path, self.directory)

    def run_part(self, *arguments, **failing):
        return self.run_action(*arguments, action=self.directory / "lifecycle-part.sh", **failing)

    def test_the_package_is_installed_and_the_timer_started(self):
        code, done = self.run_part("s3://b/efa-doctor.deb")
        self.assertEqual(code, 0)
        self.assertEqual(done[-3:], [
            "systemctl enable --now efa-doctor.service",
            "systemctl link /usr/share/efa-doctor/hyperpod/efa-health-check.service",
            "systemctl enable --now /usr/share/efa-doctor/hyperpod/efa-health-check.timer"])
        for line in done[-2:]:  # the directory is installed whole
            self.assertTrue((HYPERPOD / line.rpartition("/")[2]).exists(), line)

    def test_a_failure_is_one_of_the_part_and_starts_no_timer(self):
        for name in ("aws", "apt_get", "efa_doctor", "systemctl"):
            code, done = self.run_part("s3://b/efa-doctor.deb", **{name: 1})
            self.assertNotEqual(code, 0, name)
            self.assertFalse(any("timer" in line for line in done), done)

    @unittest.skipUnless(shutil.which("systemd-analyze"), "not installed: systemd-analyze (systemd)")
    def test_the_units_are_ones_and_run_what_is_installed(self):
        program = "/usr/share/efa-doctor/slurm/efa-health-check"
        root = self.directory / "root"
        units = root / "etc/systemd/system"
        units.mkdir(parents=True)
        for unit in HYPERPOD.glob("efa-health-check.*"):
            shutil.copy(unit, units)
        (root / program[1:]).parent.mkdir(parents=True)
        shutil.copy(SOURCE / "packaging/slurm/efa-health-check", root / program[1:])
        for name in ("sysinit.target", "basic.target", "shutdown.target", "timers.target"):
            write(units / name, "[Unit]\nDefaultDependencies=no\n")
        verify = ["systemd-analyze", "verify", f"--root={root}", "--man=no", "--recursive-errors=yes",
                  "efa-health-check.timer", "efa-health-check.service"]
        run = subprocess.run(verify, capture_output=True, text=True, timeout=60)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        (root / program[1:]).unlink()
        run = subprocess.run(verify, capture_output=True, text=True, timeout=60)
        self.assertNotEqual(run.returncode, 0, "the program is looked for")


if __name__ == "__main__":
    unittest.main()
