"""A Slurm of one node or several on loopback, of the distribution's packages, with directories of its own.

slurm.conf(5), munged(8). The daemons run as root in the foreground, on ports that are free; Debian's
Slurm is built with --enable-multiple-slurmd.
"""

import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

ENOUGH_S = 120
DAEMONS = ("munged", "slurmctld", "slurmd", "scontrol", "sinfo")
SEARCH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


def missing():
    """What it lacks to run here, in words; "" when nothing."""
    if os.geteuid() != 0:
        return "not root"
    try:
        socket.getaddrinfo(socket.gethostname(), None)
    except socket.gaierror:
        return "the name of this host does not resolve, and slurmd wants it to"
    lacking = [name for name in DAEMONS if not shutil.which(name, path=SEARCH)]
    return f"not installed: {', '.join(lacking)}" if lacking else ""


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


class Slurm:
    """`with Slurm(program) as slurm`: the program is its HealthCheckProgram, run every 2 s."""

    def __init__(self, health_check, nodes=1):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="slurm-", dir="/tmp"))
        self.node = "n1"
        self.nodes = [f"n{number}" for number in range(1, nodes + 1)]
        self.config = self.directory / "slurm.conf"
        self.environment = {**os.environ, "PATH": SEARCH, "SLURM_CONF": str(self.config)}
        self._daemons = []
        self._configure(health_check)

    def _configure(self, health_check):
        for name in ("state", "spool", "munge", *(f"spool/{node}" for node in self.nodes)):
            (self.directory / name).mkdir(mode=0o755)
        key = self.directory / "munge/key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        controller, *daemons = free_ports(1 + len(self.nodes))
        host = socket.gethostname().split(".")[0]
        self.config.write_text(f"""ClusterName=t
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmctldPort={controller}
AuthType=auth/munge
AuthInfo=socket={self.directory}/munge/socket
ProctrackType=proctrack/pgid
TaskPlugin=task/none
StateSaveLocation={self.directory}/state
SlurmdSpoolDir={self.directory}/spool/%n
SlurmctldPidFile={self.directory}/slurmctld.pid
SlurmdPidFile={self.directory}/slurmd-%n.pid
ReturnToService=2
SelectType=select/cons_tres
CommunicationParameters=NoInAddrAny
HealthCheckProgram={health_check}
HealthCheckInterval=2
HealthCheckNodeState=ANY
MpiDefault=none
PartitionName=p Nodes={",".join(self.nodes)} Default=YES State=UP
PartitionName=q Nodes={",".join(self.nodes)} State=UP
""" + "".join(
            f"NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=1 State=UNKNOWN\n"
            for node, port in zip(self.nodes, daemons)))

    def _start(self, name, *arguments):
        with open(self.directory / f"{name}.log", "a") as log:
            self._daemons.append(subprocess.Popen(
                [shutil.which(name, path=SEARCH), *map(str, arguments)], stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, env=self.environment))

    def __enter__(self):
        try:
            munge = self.directory / "munge"
            self._start("munged", "-F", "--force", f"--socket={munge}/socket",
                        f"--key-file={munge}/key", f"--log-file={munge}/log",
                        f"--pid-file={munge}/pid", f"--seed-file={munge}/seed")
            self.wait_for(lambda: (munge / "socket").exists())
            self._start("slurmctld", "-D", "-f", self.config)
            for node in self.nodes:
                self._start("slurmd", "-D", "-f", self.config, "-N", node)
            self.wait_for(lambda: all(self.state(node) == "IDLE" for node in self.nodes))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for daemon in reversed(self._daemons):
            daemon.terminate()
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        shutil.rmtree(self.directory, ignore_errors=True)

    def wait_for(self, what):
        end = time.monotonic() + ENOUGH_S
        while not what():
            if time.monotonic() > end:
                logs = [path.read_text()[-2000:] for path in self.directory.glob("*.log")]
                raise TimeoutError("\n".join([self.show(), *logs]))
            time.sleep(0.1)

    def scontrol(self, *arguments):
        return subprocess.run(["scontrol", *arguments], env=self.environment, text=True,
                              capture_output=True, timeout=ENOUGH_S, check=False)

    def show(self, node=None):
        return self.scontrol("--oneliner", "show", "node", node or self.node).stdout

    def state(self, node=None):
        """ "IDLE+DRAIN"; "" when it cannot be told."""
        return self.show(node).partition(" State=")[2].partition(" ")[0]

    def reason(self, node=None):
        """Without who and when; "" when the node has none."""
        return self.show(node).partition(" Reason=")[2].rpartition(" [")[0]
