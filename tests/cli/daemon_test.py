"""The daemon from outside: passes in time, a configuration reloaded, a clean end, and kill -9."""

import json
import random
import signal
import subprocess
import time
import unittest

from daemon_case import ENOUGH_S, DaemonCase, wait_for
from efa_doctor import EFA_DOCTOR, USAGE

KILLS = 200


class Daemon(DaemonCase):
    def test_is_ready_and_says_the_verdict(self):
        self.start()
        wait_for(lambda: self.sequence() >= 1)
        said = []
        wait_for(lambda: said.extend(self.told()) or any("not_applicable" in s for s in said))
        self.assertIn("READY=1", said)
        wait_for(lambda: "verdict: not_applicable" in self.logged())

    def test_a_request_is_looked_at_at_once(self):
        daemon = self.start()
        wait_for(lambda: self.sequence() >= 1)
        daemon.send_signal(signal.SIGUSR1)
        wait_for(lambda: self.newest_report()["run"]["trigger"] == "request")

    def test_a_wrong_configuration_is_refused_and_the_old_stays(self):
        daemon = self.start()
        wait_for(lambda: self.sequence() >= 1)
        right = self.config.read_text()
        self.config.write_text(right + "\nintervall_s = 5\n")
        daemon.send_signal(signal.SIGHUP)
        wait_for(lambda: "configuration rejected" in self.logged())
        self.assertIn("unknown key 'intervall_s'", self.logged())
        daemon.send_signal(signal.SIGUSR1)  # the pass gets the old one, not the file on disk
        wait_for(lambda: self.newest_report()["run"]["trigger"] == "request")
        self.config.write_text(right)
        daemon.send_signal(signal.SIGHUP)
        wait_for(lambda: "configuration reloaded" in self.logged())

    def test_a_wrong_configuration_at_the_start_is_an_error(self):
        path = self.configure(expect="none")
        path.write_text("deadline_ms = 'soon'\n")
        ended = subprocess.run([EFA_DOCTOR, "--daemon", "--config", str(path)], capture_output=True,
                               text=True, timeout=ENOUGH_S, check=False)
        self.assertEqual(ended.returncode, USAGE)
        self.assertIn("config.toml:1", ended.stderr)

    def test_ends_soon_when_asked(self):
        daemon = self.start()
        wait_for(lambda: self.sequence() >= 1)
        daemon.send_signal(signal.SIGUSR1)
        start = time.monotonic()
        daemon.terminate()
        self.assertEqual(daemon.wait(ENOUGH_S), 0)
        self.assertLess(time.monotonic() - start, 6)

    def check_files(self):
        """No reader ever sees half a file."""
        for path in self.directory.rglob("*.json"):
            text = path.read_text()
            self.assertTrue(text.endswith("}\n"), path)
            json.loads(text)

    def test_no_file_is_torn_by_kill_9(self):
        path = self.configure(expect="none")
        seed = random.Random(7)
        for _ in range(KILLS):
            one = subprocess.Popen([EFA_DOCTOR, "--once", "--config", str(path)],
                                   stdout=subprocess.DEVNULL, start_new_session=True)
            time.sleep(seed.uniform(0, 0.35))
            one.kill()
            one.wait()
            self.check_files()
        ended = subprocess.run([EFA_DOCTOR, "--once", "--config", str(path), "--format", "json"],
                               capture_output=True, text=True, check=False)
        self.assertEqual(ended.returncode, 0)
        numbers = [int(p.name.split("-")[-1][:-5])
                   for p in (self.state / "reports").iterdir() if p.suffix == ".json"]
        self.assertEqual(len(numbers), len(set(numbers)), "a report was kept twice")
        self.assertEqual(max(numbers), json.loads(ended.stdout)["run"]["sequence"])

    def test_a_killed_daemon_takes_its_pass_along_and_starts_again(self):
        seed = random.Random(8)
        for _ in range(10):
            daemon = self.start() if _ == 0 else subprocess.Popen(
                [EFA_DOCTOR, "--daemon", "--config", str(self.config)], stderr=self.log)
            time.sleep(seed.uniform(0.05, 0.5))
            daemon.kill()
            daemon.wait()
            self.check_files()
        before = self.sequence()
        last = subprocess.Popen([EFA_DOCTOR, "--daemon", "--config", str(self.config)], stderr=self.log)
        self.addCleanup(last.wait)
        self.addCleanup(last.kill)
        wait_for(lambda: self.sequence() > before)


if __name__ == "__main__":
    unittest.main()
