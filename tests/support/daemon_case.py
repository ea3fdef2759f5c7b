"""A daemon in a directory of its own, and what it tells."""

import json
import os
import socket
import subprocess
import time

from efa_doctor import Case

ENOUGH_S = 30


def wait_for(what, seconds=ENOUGH_S):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("did not come in time")


class DaemonCase(Case):
    held = ()  # descriptors that the daemon inherits

    def start(self, **settings):
        self.configure(expect="none", **settings)
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.notify.close)
        self.address = str(self.directory / "notify")
        self.notify.bind(self.address)
        self.notify.setblocking(False)
        self.log = open(self.directory / "log", "a+")
        self.addCleanup(self.log.close)
        return self.launch()

    def launch(self, **environment):
        daemon = subprocess.Popen([str(self.binary), "--daemon", "--config", str(self.config)],
                                  env={**os.environ, "NOTIFY_SOCKET": self.address, **environment},
                                  stderr=self.log, pass_fds=self.held)
        self.addCleanup(daemon.wait)
        self.addCleanup(daemon.kill)
        return daemon

    def told(self):
        """What the daemon has told the service manager since it was last asked."""
        lines = []
        while True:
            try:
                lines += self.notify.recv(4096).decode().split("\n")
            except BlockingIOError:
                return lines

    def health(self):
        try:
            return json.loads((self.run_directory / "health.json").read_text())
        except FileNotFoundError:
            return {}

    def sequence(self):
        return self.health().get("sequence", 0)

    def newest_report(self):
        return json.loads((self.state / "report.json").read_text())

    def logged(self):
        return (self.directory / "log").read_text()
