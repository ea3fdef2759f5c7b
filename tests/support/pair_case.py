"""efa-doctor pair: a server and a client over loopback, on devices that are a file (shared_data.h)."""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import time

from efa_doctor import EFA_DOCTOR, ENOUGH_S, LIBEXEC, Case, environment, write

SHARED = {name: pathlib.Path(os.environ["MAKE_NODE"]).parent / shared
          for name, shared in (("data-pair", "shared-pair"), ("data-pair-fabric", "shared-fabric"))}
DEVICES = 2
TOKEN = "a-token-of-the-test-0123456789"


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class PairCase(Case):
    def setUp(self):
        super().setUp()
        self.binary = self.directory / "efa-doctor"
        shutil.copy(EFA_DOCTOR, self.binary)
        libexec = self.directory / "libexec/efa-doctor"
        libexec.mkdir(parents=True)
        for program in LIBEXEC.iterdir():
            (libexec / program.name).symlink_to(SHARED.get(program.name, program))
        (self.directory / "a").mkdir()
        (self.directory / "b").mkdir()
        home = self.directory
        self.roots = []
        for name in ("a", "b"):
            self.directory = home / name
            self.roots.append(self.synthetic_node("p4d.24xlarge", DEVICES))
        self.directory = home
        self.names = sorted(path.name for path in (self.roots[0] / "sys/class/infiniband").iterdir())
        self.token = write(home / "token", TOKEN + "\n", 0o600)
        self.port = free_port()
        self.configs = [self.config_of(node) for node in range(2)]

    def config_of(self, node, **settings):
        """Each node has its own locks."""
        directory = self.directory / f"run-{node}"
        directory.mkdir(exist_ok=True)
        return shutil.copy(self.configure(run_directory=str(directory), **settings),
                           self.directory / f"config-{node}.toml")

    def node_environment(self, node, faults):
        """What takes time is the device and not the machine, so that all are equally fast."""
        faults = {"delay_us": 200, "others_delay_us": 200, **faults}
        path = write(self.directory / f"faults-{node}.json", json.dumps(faults))
        # no other process sees into one that holds the token, so leaks cannot be looked for
        sanitizer = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
        return environment(ASAN_OPTIONS=sanitizer, SHARED_DATA=str(self.directory / "shared"), SHARED_NODE=str(node),
                           SHARED_ROOTS=":".join(map(str, self.roots)), SHARED_FAULTS=str(path))

    def start(self, node, *arguments, faults=None, **options):
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
                   "text": True, "env": self.node_environment(node, faults or {}), **options}
        process = subprocess.Popen(
            [self.binary, "--config", self.configs[node], "pair", *map(str, arguments), "--port",
             str(self.port), "--sysroot", self.roots[node]], **options)
        self.addCleanup(self.stop, process)
        return process

    @staticmethod
    def stop(process):
        if process.poll() is None:
            process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream:
                stream.close()

    def server(self, *arguments, faults=None):
        with open(self.directory / "server.out", "w") as out:
            process = self.start(1, "server", "--bind", "127.0.0.1", "--token-file", self.token, *arguments,
                                 faults=faults, stdout=out)
        self.await_port(process)
        return process

    def server_said(self):
        return (self.directory / "server.out").read_text()

    def await_port(self, process):
        end = time.monotonic() + ENOUGH_S
        while "pair server: port" not in self.server_said():
            self.assertIsNone(process.poll(), self.server_said())
            self.assertLess(time.monotonic(), end)
            time.sleep(0.02)

    def start_client(self, *arguments, faults=None, token=None, seconds=1, engine="verbs"):
        return self.start(0, "client", "127.0.0.1", "--token-file", token or self.token, "--format", "json",
                          "--sizes", "64,4096,1M", "--seconds", str(seconds), "--engine", engine, *arguments,
                          faults=faults)

    def end_of(self, client):
        out, err = client.communicate(timeout=ENOUGH_S)
        self.assertNotIn(TOKEN, out + err)
        report = json.loads(out)
        self.assert_valid(report, "pair")
        self.assertEqual(report["exit_code"], client.returncode)
        return report

    def ask(self, *arguments, **options):
        return self.end_of(self.start_client(*arguments, **options))

    def assert_cause(self, report, code, verdict="unhealthy"):
        self.assertEqual((report["root_causes"][:1], report["verdict"]), ([code], verdict), report["findings"])
        return next(finding for finding in report["findings"] if finding["code"] == code)

    def assert_serves(self):
        """Bytes move between all devices, at whatever rate: that is the machine's."""
        report = self.ask()
        self.assertIn(report["exit_code"], (0, 1), report["findings"])
        self.assertEqual(len(report["pairs"]), DEVICES, report["summary"])
        for pair in report["pairs"]:
            self.assertGreater(sum(figure.get("bits_per_second", 0) for figure in pair["figures"]), 0, pair)
