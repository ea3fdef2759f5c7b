"""An efa-doctor beside probes of the test's own: real ones, and scripts in the place of some."""

import os
import pathlib
import shutil
import time

from efa_doctor import EFA_DOCTOR, LIBEXEC, Case, write

SHELL = "#!/bin/sh\n"
DONE = '{"done":true}'
# what the agent forks
BUILT_IN = ("pci", "kernel", "rdma", "net", "gpu", "limits", "software", "log", "cloud",
            "jobs")
EXECUTED = ("verbs", "fabric", "topology")


def saying(*lines):
    """A shell script that prints these lines."""
    return SHELL + "".join(f"echo '{line}'\n" for line in lines)


def still_runs(pid):
    """Zombies do not count: whoever adopted them has not looked yet."""
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


class FakeProbes(Case):
    """The agent finds its probes beside itself, so a copy of it finds these."""

    deadline_ms = 3000

    def setUp(self):
        super().setUp()
        self.install()
        self.configure(deadline_ms=self.deadline_ms)

    def install(self):
        self.binary = self.directory / "efa-doctor"
        try:
            os.link(EFA_DOCTOR, self.binary)
        except OSError:  # another file system
            shutil.copy(EFA_DOCTOR, self.binary)
        self.libexec = self.directory / "libexec/efa-doctor"
        self.libexec.mkdir(parents=True)
        self.directory.chmod(0o711)  # a script is run by its path, also by nobody
        for program in LIBEXEC.iterdir():
            (self.libexec / program.name).symlink_to(program)

    def place_of(self, name):
        """Of the executable; for what is forked, of one that is run instead."""
        return self.libexec / (("probe-" if name in EXECUTED else "instead-of-") + name)

    def remove_probe(self, name):
        self.place_of(name).unlink(missing_ok=True)

    def replace_probe(self, name, script, mode=0o755):
        self.remove_probe(name)
        write(self.place_of(name), script, mode)

    def silence_probes(self):
        """Passes that cost next to nothing, on a node without EFA."""
        for name in BUILT_IN + EXECUTED:
            self.replace_probe(name, saying(DONE))

    def restore_probe(self, name):
        self.remove_probe(name)
        if name in EXECUTED:
            self.place_of(name).symlink_to(LIBEXEC / f"probe-{name}")

    def timed_report(self, *arguments, **options):
        """A pass that must end within its deadline; starting and writing get a second more."""
        start = time.monotonic()
        report = self.report(*arguments, **options)
        took_ms = (time.monotonic() - start) * 1000
        self.assertLess(report["run"]["duration_ms"], self.deadline_ms)
        self.assertLess(took_ms, self.deadline_ms + 1000)
        self.assert_valid(report)
        return report

    def assert_ended(self, report, name, status, detail=""):
        """The outcome is in the report, and the finding that it becomes."""
        probe = self.probe(report, name)
        self.assertEqual(probe["status"], status, f"{name}: {probe}")
        self.assertIn(detail, probe["detail"])
        code = "probe." + status.replace("_", "-")
        self.assertIn(name, [finding["subject"] for finding in self.findings(report, code)])
