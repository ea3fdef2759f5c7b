"""What is in force when passes, or the daemon itself, do not end as they should."""

import json
import os
import resource
import shutil
import signal
import subprocess
import time
import unittest

from daemon_case import ENOUGH_S, DaemonCase, wait_for
from efa_doctor import EFA_DOCTOR, INTERNAL, write
from fake_probes import DONE, SHELL, FakeProbes, still_runs
from process import children, holdings, state


class InForce(DaemonCase, FakeProbes):
    """Passes that cost little, of a daemon whose next passes can be replaced."""

    def setUp(self):
        super().setUp()
        self.silence_probes()

    def running(self, **settings):
        daemon = self.start(**{"interval_s": 43200, "valid_for_s": 90000, **settings})
        wait_for(lambda: self.sequence() >= 1)
        wait_for(lambda: self.service().get("state") == "running")
        return daemon

    def service(self):
        try:
            return json.loads((self.run_directory / "service.json").read_text())
        except FileNotFoundError:
            return {}

    def replace_passes(self, script):
        """The daemon's next passes; REAL is efa-doctor."""
        real = self.directory / "real/efa-doctor"
        if not real.exists():
            real.parent.mkdir()
            os.rename(self.binary, real)
            (real.parent / "libexec").symlink_to(self.directory / "libexec")
        write(self.directory / "next", SHELL + script.replace("REAL", str(real)), 0o755)
        os.replace(self.directory / "next", self.directory / "efa-doctor")
        self.binary = real

    def status(self, *arguments):
        return self.efa_doctor("status", *arguments)

    def assert_status(self, code, words):
        run = self.status()
        self.assertEqual(run.returncode, code, run.stdout)
        self.assertRegex(run.stdout, words)


class BrokenPasses(InForce):
    def test_one_pass_that_is_killed_changes_no_verdict_and_is_made_again(self):
        daemon = self.running()
        once = self.directory / "once"
        self.replace_passes(f"[ -e {once} ] && exec REAL \"$@\"\n: > {once}\nkill -KILL $$\n")
        daemon.send_signal(signal.SIGUSR1)
        wait_for(lambda: self.sequence() == 2)
        self.assertEqual(self.newest_report()["run"]["trigger"], "retry")
        self.assertIn("the pass ended with signal 9 (Killed)", self.logged())
        self.assertNotIn("verdict: unknown", self.logged())
        self.assert_status(0, "^not_applicable ")

    def test_two_in_a_row_are_unknown_with_the_reason(self):
        daemon = self.running()
        before = self.health()
        self.replace_passes("kill -SEGV $$\n")
        daemon.send_signal(signal.SIGUSR1)
        health = wait_for(lambda: self.health()["verdict"] == "unknown" and self.health())
        self.assert_valid(health, "health")
        self.assertRegex(health["summary"], r"the last \d passes failed, the newest with signal"
                         rf" 11 \(Segmentation fault\); at {before['generated_at']} it was not_appl")
        self.assert_status(3, "^unknown  the last")
        self.replace_passes('exec REAL "$@"\n')
        daemon.send_signal(signal.SIGUSR1)
        wait_for(lambda: self.health()["verdict"] == "not_applicable")

    def test_a_pass_that_does_not_end_is_killed(self):
        daemon = self.running(deadline_ms=1000)
        self.replace_passes("trap '' TERM\nexec sleep 1000\n")
        daemon.send_signal(signal.SIGUSR1)
        wait_for(lambda: "a pass did not end in time and is killed" in self.logged())
        wait_for(lambda: "the pass ended with signal 9" in self.logged())

    def test_passes_that_fail_for_ever_are_not_made_without_pause(self):
        daemon = self.running()
        made = self.directory / "made"
        self.replace_passes(f"echo x >> {made}\nexit 70\n")
        daemon.send_signal(signal.SIGUSR1)
        wait_for(lambda: made.exists() and len(made.read_text().split()) == 3)  # after 0.5 and 5 s
        wait_for(lambda: "the last 3 passes failed" in self.health()["summary"])
        daemon.send_signal(signal.SIGUSR1)
        wait_for(lambda: "the last 4 passes" in self.health()["summary"])
        self.assertEqual(len(made.read_text().split()), 4)


class Unwritten(InForce):
    """Where a pass cannot write its health file, as on a full or read-only /run."""

    def test_the_daemon_writes_what_the_pass_could_not(self):
        daemon = self.running()
        (self.run_directory / "health.json").unlink()
        self.replace_passes('exec REAL "$@" --no-deliver\n')
        daemon.send_signal(signal.SIGUSR1)
        health = wait_for(self.health)
        self.assert_valid(health, "health")
        self.assertEqual(health["verdict"], "not_applicable")
        self.assertIn("health.json", health["problems"][0])

    def test_what_another_pass_had_written_makes_none(self):
        daemon = self.running()
        made = self.directory / "made"
        self.replace_passes(f'echo x >> {made}\nexec REAL "$@" --no-deliver\n')
        health = self.health() | {"recovering": True, "starting": True, "verdict": "unhealthy",
                                  "exit_code": 2, "sequence": 1000}
        write(self.run_directory / "health.json", json.dumps(health))
        daemon.send_signal(signal.SIGUSR1)
        wait_for(made.exists)
        wait_for(lambda: not children(daemon.pid))
        told = []
        wait_for(lambda: told.extend(self.told()) or any("STATUS=not_appl" in t for t in told))
        daemon.send_signal(signal.SIGUSR1)
        wait_for(lambda: len(made.read_text().split()) > 1)
        wait_for(lambda: not children(daemon.pid))
        self.assertEqual(len(made.read_text().split()), 2, "a pass that nobody asked for")


class Service(InForce):
    def test_a_killed_daemon_leaves_no_verdict_in_force(self):
        daemon = self.running()
        self.assert_status(0, "^not_applicable ")
        daemon.kill()
        for reaped in (lambda: state(daemon.pid) == "Z", lambda: daemon.wait() < 0):
            wait_for(reaped)
            self.assert_status(3, r"^unknown  the service ended unexpectedly: its process \d+ is "
                                  "gone; its last verdict was not_applicable")

    def test_a_second_daemon_of_the_same_directory_is_refused(self):
        first = self.running()
        second = self.efa_doctor("--daemon")
        self.assertEqual((second.returncode, second.stdout), (INTERNAL, ""))
        self.assertIn(f"{self.run_directory}: another daemon uses it", second.stderr)
        self.assert_status(0, "^not_applicable ")
        first.kill()
        first.wait()
        self.assert_status(3, "^unknown  the service ended unexpectedly")

    def test_one_that_is_sent_to_the_directory_of_another_ends(self):
        first = self.running()
        here, elsewhere = str(self.run_directory), str(self.directory / "elsewhere")
        config = self.directory / "second.toml"
        config.write_text(self.config.read_text().replace(here, elsewhere))
        second = subprocess.Popen([str(self.binary), "--daemon", "--config", str(config)],
                                  stderr=self.log)
        self.addCleanup(second.wait)
        self.addCleanup(second.kill)
        wait_for(lambda: (self.directory / "elsewhere/health.json").exists())
        config.write_text(self.config.read_text())
        second.send_signal(signal.SIGHUP)
        self.assertEqual(second.wait(ENOUGH_S), INTERNAL)
        self.assertIn("another daemon uses it", self.logged())
        self.assertEqual(self.service()["pid"], first.pid)
        self.assert_status(0, "^not_applicable ")

    def test_a_word_on_itself_that_could_not_be_written_is_written_later(self):
        (self.run_directory / "service.json/in the way").mkdir(parents=True)
        daemon = self.start(interval_s=43200, valid_for_s=90000)
        wait_for(lambda: self.sequence() >= 1)
        shutil.rmtree(self.run_directory / "service.json")
        daemon.send_signal(signal.SIGUSR1)
        wait_for(lambda: self.service().get("state") == "running")

    def test_after_an_unexpected_end_a_verdict_counts_after_a_pass(self):
        daemon = self.running()
        daemon.kill()
        daemon.wait()
        hold = self.directory / "hold"
        write(hold, "")
        self.replace_passes(f'while [ -e {hold} ]; do sleep 0.05; done\nexec REAL "$@"\n')
        again = subprocess.Popen([str(self.libexec / "efa-doctord"), str(self.directory / "efa-doctor"),
                                  str(self.config)], stderr=self.log)
        self.addCleanup(again.wait)
        self.addCleanup(again.kill)
        wait_for(lambda: self.service()["state"] == "starting")
        self.assert_status(3, "^unknown  the service is starting again after it ended unexpectedly")
        hold.unlink()
        wait_for(lambda: self.service()["state"] == "running")
        self.assert_status(0, "^not_applicable ")

    def test_a_daemon_that_crashes_before_it_begins_is_seen(self):
        daemon = self.running()
        daemon.kill()
        daemon.wait()
        crash = subprocess.run([str(self.libexec / "efa-doctord"), str(self.binary), "/nonexistent"],
                               stderr=subprocess.DEVNULL, check=False)
        self.assertNotEqual(crash.returncode, 0)
        self.assertEqual(self.status().returncode, 3)

    def test_a_stopped_service_leaves_its_verdict_and_says_so(self):
        daemon = self.running()
        daemon.terminate()
        self.assertEqual(daemon.wait(ENOUGH_S), 0)
        self.assert_status(0, r"^not_applicable .*\nchecked .*\nservice  stopped at 20.*: this verdict is no longer updated")
        self.assertNotIn("stopped", self.status("--format", "reason").stdout)
        self.launch()
        wait_for(lambda: self.service()["state"] == "running")
        self.assertNotIn("stopped", self.status().stdout)

    def test_a_pid_of_another_namespace_says_nothing(self):
        daemon = self.running()
        daemon.kill()
        daemon.wait()
        write(self.run_directory / "service.json",
              json.dumps(self.service() | {"pid_namespace": 1}))
        self.assert_status(0, "^not_applicable ")


class Growth(InForce):
    def setUp(self):
        super().setUp()
        # a pass, that may have as few, has enough
        self.held = [os.open("/dev/null", os.O_RDONLY) for _ in range(20)]
        for descriptor in self.held:
            self.addCleanup(os.close, descriptor)

    def let_grow(self, daemon):
        """It may have so few descriptors that its own are too many."""
        wait_for(lambda: not children(daemon.pid))
        allowed = resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE)
        few = 2 * (holdings(daemon.pid)["descriptors"] - 1)
        resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, (few, allowed[1]))
        daemon.send_signal(signal.SIGUSR1)
        return allowed

    def test_a_daemon_that_holds_too_many_descriptors_starts_afresh(self):
        daemon = self.running()
        allowed = self.let_grow(daemon)
        wait_for(lambda: "the daemon uses too much" in self.logged())
        wait_for(lambda: self.sequence() == 3)  # the first of the new one
        daemon.send_signal(signal.SIGUSR1)
        wait_for(lambda: self.sequence() == 4)
        self.assertEqual(self.logged().count("restarts itself"), 1, "what a start does not change")
        resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, allowed)
        daemon.send_signal(signal.SIGUSR1)
        wait_for(lambda: self.health()["verdict"] == "not_applicable")
        self.assertEqual(self.service()["pid"], daemon.pid)
        self.assertNotIn("unexpectedly", self.logged())
        daemon.terminate()
        self.assertEqual(daemon.wait(ENOUGH_S), 0)

    def test_one_that_starts_afresh_keeps_the_configuration_that_it_had_accepted(self):
        daemon = self.running()
        self.config.write_text(self.config.read_text() + "\nintervall_s = 5\n")
        self.let_grow(daemon)
        wait_for(lambda: "the previous one stays in force" in self.logged())
        before = self.sequence()
        daemon.send_signal(signal.SIGUSR1)
        wait_for(lambda: self.sequence() > before)


class Signals(InForce):
    def test_what_is_meant_for_the_daemon_ends_neither_pass_nor_probe(self):
        told = "for signal in USR1 HUP; do kill -$signal $PPID; kill -$signal $$; done\n"
        self.replace_probe("log", SHELL + told + f"echo '{DONE}'\n")
        self.running()
        status = {probe["name"]: probe["status"] for probe in self.newest_report()["probes"]}
        self.assertEqual(status["log"], "ok")
        self.assertNotIn("ended with", self.logged())


class LeftBehind(InForce):
    LEAVE = "setsid {} sh -c 'echo $$ > {}; exec sleep 1000' >/dev/null 2>&1 &\n"

    def site(self, name, script):
        return write(self.site_probes / name, SHELL + script, 0o755)

    def left(self, name, wrapper=""):
        """A site probe that leaves a process, and the file with its pid."""
        pid = self.directory / f"{name}.pid"
        self.site(name, self.LEAVE.format(wrapper, pid) +
                  f"while [ ! -s {pid} ]; do sleep 0.01; done\necho '{DONE}'\n")
        return pid

    def assert_gone(self, pid_file):
        pid = int(pid_file.read_text())
        wait_for(lambda: not still_runs(pid))

    def test_what_a_site_probe_leaves_is_killed_and_the_probe_named(self):
        pid = self.left("cleaner")
        self.site("tidy", f"echo '{DONE}'\n")
        report = self.timed_report()
        self.assert_gone(pid)
        finding, = self.findings(report, "probe.left-processes")
        self.assertEqual((finding["subject"], finding["severity"]), ("site:cleaner", "info"))
        self.assertIn("left 1 processes that were killed: ", finding["message"])
        self.assertEqual(self.probe(report, "site:cleaner")["status"], "ok")

    def test_one_that_hides_whose_it_is_is_killed_too(self):
        pid = self.left("hiding", "env -i PATH=/usr/bin:/bin")
        self.timed_report()
        self.assert_gone(pid)

    def test_what_a_hanging_one_leaves_is_killed(self):
        pid = self.directory / "pid"
        self.site("hangs", self.LEAVE.format("", pid) + "exec sleep 1000\n")
        report = self.timed_report()
        self.assert_gone(pid)
        self.assertTrue(self.findings(report, "probe.left-processes"))

    def test_what_a_killed_pass_leaves_is_killed_by_the_daemon(self):
        daemon = self.running()
        pid = self.directory / "pid"
        self.site("hangs", self.LEAVE.format("", pid) + "exec sleep 1000\n")
        daemon.send_signal(signal.SIGUSR1)
        wait_for(lambda: pid.exists() and pid.read_text())
        for child in children(daemon.pid):
            os.kill(child, signal.SIGKILL)
        self.assert_gone(pid)
        wait_for(lambda: "was left by a pass and is killed" in self.logged())
        wait_for(lambda: not [child for child in children(daemon.pid) if state(child) == "Z"])

    def test_children_that_a_pass_had_before_are_not_its_own_to_kill(self):
        shell = subprocess.run(
            ["/bin/sh", "-c", f"sleep 1000 >/dev/null & echo $!; exec {self.binary} --config"
             f" {self.config} --once >/dev/null"], stdout=subprocess.PIPE, text=True, check=False)
        pid = int(shell.stdout)
        self.addCleanup(os.kill, pid, signal.SIGKILL)
        self.assertTrue(still_runs(pid))


if __name__ == "__main__":
    unittest.main()
