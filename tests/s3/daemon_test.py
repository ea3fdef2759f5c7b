"""The daemon and S3: each pass is delivered, an outage is outlived, the end is soon."""

import json
import signal
import subprocess
import time
import unittest

import http_service
import s3_server
from efa_doctor import write
from fake_probes import SHELL, FakeProbes
from process import children, holdings
from s3_case import S3Case
from s3_server import S3Server

ENOUGH_S = 30


class Daemon(S3Case):
    def start(self, endpoint, **settings):
        self.use(endpoint, **settings)
        return self.launch()

    def launch(self):
        with open(self.directory / "log", "w") as log:
            daemon = subprocess.Popen([str(self.binary), "--daemon", "--config", str(self.config)],
                                      env=self.environment, stderr=log)
        self.addCleanup(daemon.wait)
        self.addCleanup(daemon.kill)
        return daemon

    def wait_for(self, what):
        end = time.monotonic() + ENOUGH_S
        while not what():
            self.assertLess(time.monotonic(), end, (self.directory / "log").read_text())
            time.sleep(0.05)

    def health_sequence(self):
        try:
            return json.loads((self.run_directory / "health.json").read_text())["sequence"]
        except FileNotFoundError:
            return 0

    @staticmethod
    def dated(bucket):
        return [path for path in bucket.objects if "/date%3D" in path]


class DaemonTest(Daemon):
    def test_each_pass_is_delivered(self):
        with S3Server() as bucket:
            daemon = self.start(bucket.endpoint)
            self.wait_for(lambda: len(self.dated(bucket)) == 1)
            daemon.send_signal(signal.SIGUSR1)
            self.wait_for(lambda: len(self.dated(bucket)) == 2)
            self.wait_for(lambda: not self.waiting())
            latest = next(body for path, body in bucket.objects.items() if "/latest/" in path)
            self.assertEqual(json.loads(latest)["run"]["sequence"], 2)
            daemon.terminate()
            self.assertEqual(daemon.wait(6), 0)

    def test_a_pass_does_not_wait_for_a_server_that_hangs(self):
        with S3Server(always=http_service.hang) as bucket:
            daemon = self.start(bucket.endpoint)
            self.wait_for(lambda: bucket.asked)
            daemon.send_signal(signal.SIGUSR1)
            self.wait_for(lambda: self.health_sequence() == 2)
            begin = time.monotonic()
            daemon.terminate()
            self.assertEqual(daemon.wait(ENOUGH_S), 0)
            self.assertLess(time.monotonic() - begin, 6)
        self.assertEqual(len(self.waiting()), 2)

    def test_a_request_does_not_wait_as_earlier_tries_decided(self):
        with S3Server(always=s3_server.refuse(403, "AccessDenied")) as bucket:
            daemon = self.start(bucket.endpoint)
            self.wait_for(lambda: bucket.asked)
            bucket.always = None  # the permission is there
            begin = time.monotonic()
            daemon.send_signal(signal.SIGUSR1)
            self.wait_for(lambda: len(self.dated(bucket)) == 2)
            self.assertLess(time.monotonic() - begin, 20)  # the pause is 30 s at least

    def test_what_an_outage_left_is_sent_at_the_end(self):
        with S3Server() as gone:
            pass
        daemon = self.start(gone.endpoint)
        self.wait_for(lambda: "not delivered" in (self.directory / "log").read_text())
        daemon.send_signal(signal.SIGUSR1)
        self.wait_for(lambda: self.health_sequence() == 2 and len(self.waiting()) == 2)
        with S3Server(port=gone.port) as bucket:
            daemon.terminate()
            self.assertEqual(daemon.wait(6), 0)
        self.assertEqual(len(self.dated(bucket)), 2)
        self.assertEqual(self.waiting(), [])


class QuickPasses(Daemon, FakeProbes):
    """Passes that cost little, and uploaders of the test's own."""

    PASSES = 50

    def setUp(self):
        super().setUp()
        self.silence_probes()

    def replace_uploader(self, script):
        (self.libexec / "deliver-s3").unlink()
        write(self.libexec / "deliver-s3", SHELL + script, 0o755)

    def logged(self):
        return (self.directory / "log").read_text()

    def idle(self, daemon, passes):
        self.wait_for(lambda: self.health_sequence() >= passes and not children(daemon.pid))
        return holdings(daemon.pid)

    def test_passes_and_deliveries_leave_nothing_in_the_daemon(self):
        with S3Server() as bucket:
            daemon = self.start(bucket.endpoint)
            self.idle(daemon, 1)
            daemon.send_signal(signal.SIGUSR1)
            before = self.idle(daemon, 2)
            for number in range(3, 3 + self.PASSES):
                daemon.send_signal(signal.SIGUSR1)
                self.wait_for(lambda: self.health_sequence() >= number)  # pylint: disable=W0640
            self.assertEqual(self.idle(daemon, 2 + self.PASSES), before)
            self.assertEqual((before["threads"], before["zombies"]), (1, 0))
            self.assertEqual(len(self.dated(bucket)), 2 + self.PASSES)
        self.assertNotIn("uses too much", self.logged())

    def test_an_uploader_that_does_not_end_is_killed_and_told(self):
        self.replace_uploader("trap '' TERM\nwhile :; do sleep 1; done\n")
        self.use("http://127.0.0.1:9")
        self.config.write_text("interval_s = 10\n" + self.config.read_text())
        daemon = self.launch()
        self.wait_for(lambda: "a delivery to S3 did not end in time and is killed" in self.logged())
        self.wait_for(lambda: "the uploader ended with signal 9 (Killed)" in self.logged())
        self.assertIn("the uploader ended with signal 9", self.efa_doctor("status").stdout)
        self.assert_said("uploader ended", "signal 9")
        self.wait_for(lambda: children(daemon.pid))  # the next delivery

    def test_an_uploader_that_crashes_is_told(self):
        self.replace_uploader("kill -SEGV $$\n")
        self.start("http://127.0.0.1:9")
        self.wait_for(lambda: "delivery to S3: the uploader ended with signal 11" in self.logged())
        self.wait_for(lambda: "signal 11" in self.efa_doctor("status").stdout)
        self.once(env=self.environment)
        self.assert_said("uploader ended", "signal 11")


if __name__ == "__main__":
    unittest.main()
