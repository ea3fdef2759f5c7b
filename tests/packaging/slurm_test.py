"""The Slurm script on a Slurm of one host: drains with the root cause, resumes what it drained."""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time
import unittest

from efa_doctor import EFA_DOCTOR, SOURCE, Case, machine_without_driver, machine_without_efa, write

PROGRAMS = ("slurmctld", "slurmd", "scontrol", "sinfo", "munged")
SKIPPED = 77
WITHIN_S = 60
CONFIG = """ClusterName=t
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
AuthType=auth/munge
AuthInfo=socket={dir}/munge.socket
ProctrackType=proctrack/pgid
TaskPlugin=task/none
StateSaveLocation={dir}/state
SlurmdSpoolDir={dir}/spool
SlurmctldPidFile={dir}/slurmctld.pid
SlurmdPidFile={dir}/slurmd.pid
SlurmctldLogFile={dir}/slurmctld.log
SlurmdLogFile={dir}/slurmd.log
ReturnToService=2
CommunicationParameters=NoInAddrAny
HealthCheckProgram={dir}/health-check
HealthCheckInterval=1
HealthCheckNodeState=ANY
MpiDefault=none
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} State=UNKNOWN
PartitionName=p Nodes={host} Default=YES State=UP
"""


def why_not():
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        return "not installed: " + ", ".join(missing)
    return "" if os.geteuid() == 0 else "Slurm is started as root only"


def utc(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class SlurmTest(Case):
    def setUp(self):
        super().setUp()
        self.host = socket.gethostname().split(".")[0]
        self.dir = self.directory / "slurm"
        for name in ("state", "spool"):
            (self.dir / name).mkdir(parents=True)
        self.slurm_conf = write(self.dir / "slurm.conf", CONFIG.format(
            host=self.host, dir=self.dir, ports=free_ports(2), cpus=os.cpu_count()))
        # the script as it is shipped, with this build's efa-doctor and this test's health file
        write(self.dir / "bin/efa-doctor",
              f'#!/bin/sh\nexec {EFA_DOCTOR} --config {self.config} "$@"\n', 0o755)
        settings = write(self.dir / "settings", f"export SLURM_CONF={self.slurm_conf}\n")
        write(self.dir / "health-check", "#!/bin/sh\n"
              f"PATH={self.dir}/bin:/usr/sbin:/usr/bin:/sbin:/bin EFA_DOCTOR_SLURM_CONF={settings} "
              f"exec {SOURCE}/packaging/slurm/efa-doctor-slurm\n", 0o755)
        self.processes = []
        self.addCleanup(self.stop)
        self.start_slurm()

    def start(self, *command):
        log = open(self.dir / (command[0] + ".out"), "w")
        self.addCleanup(log.close)
        self.processes.append(subprocess.Popen(
            [*map(str, command)], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            env={**os.environ, "SLURM_CONF": str(self.slurm_conf)}))

    def start_slurm(self):
        key = self.dir / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        self.start("munged", "-F", "--force", f"--socket={self.dir}/munge.socket",
                   f"--key-file={key}", f"--pid-file={self.dir}/munge.pid",
                   f"--log-file={self.dir}/munge.log", f"--seed-file={self.dir}/munge.seed")
        self.wait("munge", lambda: (self.dir / "munge.socket").exists())
        self.start("slurmctld", "-D", "-f", self.slurm_conf)
        self.start("slurmd", "-D", "-f", self.slurm_conf, "-N", self.host)
        self.wait("an idle node", lambda: self.node()[0] == "idle")

    def stop(self):
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def wait(self, what, ready):
        end = time.monotonic() + WITHIN_S
        while not ready():
            self.assertLess(time.monotonic(), end, f"waited for {what}; it is {self.node()}")
            time.sleep(0.2)

    def slurm(self, *command):
        return subprocess.run([*command], text=True, timeout=30, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE,
                              env={**os.environ, "SLURM_CONF": str(self.slurm_conf)}).stdout

    def node(self):
        """State and reason."""
        state, _, reason = self.slurm("sinfo", "-h", "-N", "-o", "%T|%E").strip().partition("|")
        return state, reason

    def look(self, make, expect):
        """What a pass over a machine of files says, as the health file of this one."""
        root = self.directory / make.__name__
        if not root.exists():
            make(root)
        report = self.report("--sysroot", root, "--expect", expect)
        now = time.time()
        health = {"generated_at": utc(now), "valid_until": utc(now + 600), "boot_id": pathlib.Path(
            "/proc/sys/kernel/random/boot_id").read_text().strip()}
        for member in ("verdict", "summary", "root_causes"):
            health[member] = report[member]
        write(self.run_directory / "health.json", json.dumps(health))

    def sick(self):
        self.look(machine_without_driver, "1")

    def well(self):
        self.look(machine_without_efa, "none")

    def test_it_drains_and_resumes_what_it_drained(self):
        self.sick()
        self.wait("the drain", lambda: self.node()[0] == "drained")
        state, reason = self.node()
        print(state, reason)
        self.assertRegex(reason, r"^efa-doctor: .+ \[(kernel|driver)\.[a-z-]+\]$")
        self.well()
        self.wait("the resume", lambda: self.node()[0] == "idle")

    def test_a_node_that_was_drained_by_hand_stays_so(self):
        self.well()
        self.slurm("scontrol", "update", f"nodename={self.host}", "state=drain", "reason=a new disk")
        self.wait("the drain", lambda: self.node()[0] == "drained")
        self.sick()
        time.sleep(4)
        self.assertEqual(self.node(), ("drained", "a new disk"))
        self.well()
        time.sleep(4)
        self.assertEqual(self.node(), ("drained", "a new disk"))


if __name__ == "__main__":
    reason = why_not()
    if reason:
        print(reason)
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
