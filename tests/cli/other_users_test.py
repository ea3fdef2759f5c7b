"""What another user puts in the way decides neither where root writes, nor what it reads as its own."""

import json
import os
import shutil
import socket
import stat
import subprocess
import threading
import time
import unittest

from efa_doctor import ENOUGH_S, USAGE, Case, environment, write

NOBODY = 65534


def as_nobody(*command, **options):
    return subprocess.Popen(list(map(str, command)), user=NOBODY, group=NOBODY, extra_groups=[],
                            **options)


def mode_of(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


class MeetsAnotherUser(Case):
    """Root in directories that user 65534 writes to as well."""

    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("only root can be another user too")
        super().setUp()
        self.directory.chmod(0o755)
        self.victim = write(self.directory / "victim", "root's own\n", 0o600)

    def directory_of_nobody(self, path, mode=0o755):
        path.mkdir(parents=True)
        path.chmod(mode)
        os.chown(path, NOBODY, NOBODY)
        return path

    def by_nobody(self, function):
        """Runs it as user 65534, in a process of its own."""
        pid = os.fork()
        if pid == 0:
            try:
                os.setgroups([])
                os.setresgid(NOBODY, NOBODY, NOBODY)
                os.setresuid(NOBODY, NOBODY, NOBODY)
                function()
                os._exit(0)
            finally:
                os._exit(1)
        self.assertEqual(os.waitpid(pid, 0)[1], 0)

    def in_the_way(self, path):
        """Name and maker of each thing that may lie where a file is to be written."""
        def make_socket():
            place = socket.socket(socket.AF_UNIX)
            os.chdir(path.parent)  # a socket's path is short
            place.bind(path.name)
            place.close()
        yield "a link to a file of root's", lambda: path.symlink_to(self.victim)
        yield "a link to a device", lambda: path.symlink_to("/dev/full")
        yield "a link to nothing", lambda: path.symlink_to(self.directory / "not-there")
        yield "a pipe", lambda: os.mkfifo(path, 0o666)
        yield "a socket", make_socket
        yield "a file", lambda: path.write_text("of nobody")

    def assert_victim_untouched(self):
        self.assertEqual((self.victim.read_text(), mode_of(self.victim)), ("root's own\n", 0o600))
        self.assertFalse((self.directory / "not-there").exists())

    def health(self):
        return json.loads((self.run_directory / "health.json").read_text())


class Deliveries(MeetsAnotherUser):
    def test_what_lies_in_the_place_of_the_metrics_is_replaced_and_never_opened(self):
        self.directory_of_nobody(self.metrics)
        path = self.metrics / "efa-doctor.prom"
        for name, make in self.in_the_way(path):
            with self.subTest(name):
                path.unlink(missing_ok=True)
                self.by_nobody(make)
                self.once("--expect", "none")
                self.assert_victim_untouched()
                self.assertTrue(stat.S_ISREG(os.lstat(path).st_mode))
                self.assertIn("efa_doctor_verdict", path.read_text())
                self.assertEqual(self.health()["problems"], [])
                self.assertEqual(os.listdir(self.metrics), ["efa-doctor.prom"])

    def test_a_directory_in_the_place_of_the_metrics_is_told_and_the_verdict_is_there(self):
        self.directory_of_nobody(self.metrics)
        self.by_nobody(lambda: (self.metrics / "efa-doctor.prom").mkdir())
        report = self.report("--expect", "1")
        self.assertEqual(self.health()["verdict"], report["verdict"])
        self.assertIn("efa-doctor.prom: Is a directory", self.health()["problems"][0])

    def test_a_metrics_directory_that_another_user_linked_elsewhere_is_not_followed(self):
        elsewhere = self.directory / "elsewhere"
        elsewhere.mkdir()
        home = self.directory_of_nobody(self.directory / "home")
        self.by_nobody(lambda: (home / "metrics").symlink_to(elsewhere))
        for directory in (home / "metrics", home / "metrics/made", elsewhere / "../home/metrics"):
            self.configure(metrics_directory=str(directory))
            run = self.once("--expect", "none")
            self.assertEqual(run.returncode, 0)
            self.assertEqual(os.listdir(elsewhere), [])
            self.assertIn("is a link owned by user 65534", self.health()["problems"][0])

    def test_one_that_root_linked_is_followed(self):
        self.directory_of_nobody(self.directory / "collector")
        self.metrics.symlink_to("collector")
        self.once("--expect", "none")
        self.assertEqual(self.health()["problems"], [])
        self.assertTrue((self.directory / "collector/efa-doctor.prom").exists())

    def test_reports_in_a_linked_ring_are_neither_written_nor_removed(self):
        elsewhere = self.directory / "elsewhere"
        for number in range(60):
            write(elsewhere / f"{number}.json", "{}")
        self.directory_of_nobody(self.state)
        self.by_nobody(lambda: (self.state / "reports").symlink_to(elsewhere))
        self.once("--expect", "none")
        self.assertEqual(len(os.listdir(elsewhere)), 60)
        self.assertEqual(self.health()["verdict"], "not_applicable")


class State(MeetsAnotherUser):
    def test_a_state_that_root_did_not_write_is_not_believed(self):
        self.directory_of_nobody(self.state, 0o777)
        path = self.state / "state.json"
        forged = json.dumps({"sequence": 41, "devices": ["0000:00:06.0"]})
        things = [*self.in_the_way(path), ("a forged one", lambda: path.write_text(forged)),
                  ("a large one", lambda: path.write_bytes(b"[" * (8 << 20)))]
        for name, make in things:
            with self.subTest(name):
                path.unlink(missing_ok=True)
                self.by_nobody(make)
                self.assertEqual(self.report("--expect", "none")["run"]["sequence"], 1)
                self.assert_victim_untouched()
                self.assertEqual(os.lstat(path).st_uid, 0)

    def test_a_directory_in_which_another_user_decides_is_told_by_config_check(self):
        self.assertEqual(self.efa_doctor("config-check").stderr, "")
        self.directory_of_nobody(self.state)
        self.run_directory.mkdir()
        self.run_directory.chmod(0o777)
        run = self.efa_doctor("config-check")
        self.assertEqual(run.returncode, 0)
        self.assertIn(f'state_directory = "{self.state}": {self.state} belongs to user 65534',
                      run.stderr)
        self.assertIn(f"{self.run_directory} may be written by users other than root", run.stderr)


class Locks(MeetsAnotherUser):
    def test_no_reader_of_reports_can_hold_one(self):
        self.once("--expect", "none")
        for lock in [*self.state.glob("*.lock"), *self.run_directory.glob("*.lock")]:
            self.assertEqual(mode_of(lock), 0o600, lock)

    def test_one_that_readers_hold_since_an_older_version_is_replaced(self):
        self.once("--expect", "none")
        lock = self.state / "state.json.lock"
        lock.chmod(0o640)
        os.chown(lock, 0, NOBODY)
        holder = as_nobody("flock", "--no-fork", lock, "sh", "-c", "echo held; exec sleep 60",
                           stdout=subprocess.PIPE, text=True)
        self.addCleanup(holder.stdout.close)
        self.addCleanup(holder.wait)
        self.addCleanup(holder.kill)
        self.assertEqual(holder.stdout.readline(), "held\n")
        begun = json.loads((self.state / "state.json").read_text())["sequence"]
        run = self.once("--expect", "none")
        self.assertNotIn("held by another process", run.stderr)
        self.assertEqual(mode_of(lock), 0o600)
        self.assertEqual(json.loads((self.state / "state.json").read_text())["sequence"], begun + 1)
        self.assertNotEqual(as_nobody("flock", "-n", lock, "true",
                                      stderr=subprocess.DEVNULL).wait(ENOUGH_S), 0)


class Health(MeetsAnotherUser):
    def test_status_believes_root_and_who_owns_the_directory_only(self):
        self.once("--expect", "none")
        path = self.run_directory / "health.json"
        self.assertEqual(self.efa_doctor("status").returncode, 0)
        os.chown(path, NOBODY, NOBODY)
        run = self.efa_doctor("status")
        self.assertEqual(run.returncode, 3)
        self.assertIn("belongs to user 65534", run.stdout)
        os.chown(self.run_directory, NOBODY, NOBODY)
        self.assertEqual(self.efa_doctor("status").returncode, 0)

    def test_a_pipe_in_its_place_holds_up_nobody(self):
        self.run_directory.mkdir()
        os.mkfifo(self.run_directory / "health.json")
        self.assertEqual(self.efa_doctor("status").returncode, 3)
        self.once("--expect", "none")
        self.assertEqual(self.efa_doctor("status").returncode, 0)


class Output(MeetsAnotherUser):
    """--output and record, where the user has named the file."""

    def setUp(self):
        super().setUp()
        self.shared = self.directory / "shared"
        self.shared.mkdir()
        self.shared.chmod(0o1777)

    def writers(self, path):
        yield "--once", ["--once", "--no-deliver", "--expect", "none", "--output", path]
        yield "record", ["record", path]

    def test_what_another_user_left_in_its_place_is_refused_or_replaced(self):
        path = self.shared / "out"
        for verb, arguments in self.writers(path):
            for name, make in self.in_the_way(path):
                with self.subTest(verb=verb, thing=name):
                    path.unlink(missing_ok=True)
                    self.by_nobody(make)
                    run = self.efa_doctor(*arguments)
                    self.assert_victim_untouched()
                    if name == "a file":
                        self.assertEqual((run.returncode, os.lstat(path).st_uid), (0, 0))
                    else:
                        self.assertIn(f"efa-doctor: error: {path}: ", run.stderr)

    def test_a_directory_on_the_way_that_another_user_linked_is_refused(self):
        elsewhere = self.directory / "elsewhere"
        elsewhere.mkdir()
        self.by_nobody(lambda: (self.shared / "there").symlink_to(elsewhere))
        for _, arguments in self.writers(self.shared / "there/out"):
            run = self.efa_doctor(*arguments)
            self.assertIn(f"{self.shared}/there is a link owned by user 65534", run.stderr)
        self.assertEqual(os.listdir(elsewhere), [])

    def test_a_recording_is_root_s_alone(self):
        self.efa_doctor("record", self.shared / "out.tar.zst")
        self.assertEqual(mode_of(self.shared / "out.tar.zst"), 0o600)


class OwnOutput(Case):
    """As any user."""

    def arguments(self, path):
        return [str(self.binary), "--config", str(self.config), "--once", "--no-deliver",
                "--expect", "none", "--output", str(path)]

    def test_standard_output_by_its_name_stays_where_it_is(self):
        for name in ("/dev/stdout", "/proc/self/fd/1", "/dev/fd/1"):
            run = self.once("--no-deliver", "--expect", "none", "--output", name)
            self.assertTrue(run.stdout.startswith("NOT APPLICABLE  "), name)
            kept = self.directory / "kept"
            with open(kept, "w") as file:
                print("before", file=file, flush=True)
                subprocess.run(self.arguments(name), stdout=file, timeout=ENOUGH_S, check=True)
                print("after", file=file, flush=True)
            lines = kept.read_text().splitlines()
            self.assertEqual((lines[0], lines[-1]), ("before", "after"))
            self.assertIn("NOT APPLICABLE", lines[1])
        self.assertTrue(os.path.islink("/dev/stdout"))

    def test_a_socket_that_is_standard_output_is_written_to(self):
        ours, theirs = socket.socketpair()
        subprocess.run(self.arguments("/dev/stdout"), stdout=theirs, timeout=ENOUGH_S, check=True)
        theirs.close()
        self.assertTrue(ours.recv(1 << 16).startswith(b"NOT APPLICABLE"))
        ours.close()

    def test_one_s_own_pipe_and_one_s_own_link_are_written_through(self):
        pipe = self.directory / "pipe"
        os.mkfifo(pipe)
        said = []
        reader = threading.Thread(target=lambda: said.append(pipe.read_text()))
        reader.start()
        subprocess.run(self.arguments(pipe), timeout=ENOUGH_S, check=True)
        reader.join(ENOUGH_S)
        self.assertTrue(said[0].startswith("NOT APPLICABLE"))
        (self.directory / "null").symlink_to("/dev/null")
        subprocess.run(self.arguments(self.directory / "null"), timeout=ENOUGH_S, check=True)
        self.assertTrue((self.directory / "null").is_symlink())
        (self.directory / "link").symlink_to("there")
        subprocess.run(self.arguments(self.directory / "link"), timeout=ENOUGH_S, check=True)
        self.assertIn("NOT APPLICABLE", (self.directory / "there").read_text())

    def test_its_mode_is_what_the_umask_leaves(self):
        for mask in (0o077, 0o022):
            os.umask(mask)
            path = self.directory / f"out-{mask:o}"
            subprocess.run(self.arguments(path), timeout=ENOUGH_S, check=True)
            self.assertEqual(mode_of(path), 0o666 & ~mask)


class OtherFiles(Case):
    def test_only_what_a_killed_write_of_ours_left_is_removed(self):
        def old(path):
            os.utime(write(path, "{"), (time.time() - 120,) * 2)
            return path
        ours = old(self.state / ".report.json.efa-doctor-0123456789abcdef")
        others = [old(self.state / "state.json.backup"), old(self.state / "report.json.abcdef"),
                  old(self.metrics / "efa-doctor.prom.master"),
                  old(self.run_directory / ".health.json.efa-doctor"),
                  old(self.run_directory / "health.json.old123")]
        self.once("--expect", "none")
        self.assertEqual(([path.exists() for path in others], ours.exists()),
                         ([True] * len(others), False))


class StateDirectory(MeetsAnotherUser):
    def test_made_anew_it_is_readable_by_the_group_again(self):
        groups = write(self.directory / "group", "root:x:0:\nefa-doctor:x:4711:\n")
        inside = ["unshare", "--mount", "sh", "-c",
                  'mount --bind "$0" /etc/group && exec "$@"', str(groups)]
        if subprocess.run([*inside, "true"], stderr=subprocess.DEVNULL).returncode != 0:
            self.skipTest("no mount namespace of its own")
        subprocess.run([*inside, self.binary, "--config", self.config, "--once"],
                       stdout=subprocess.DEVNULL, timeout=ENOUGH_S)
        self.assertEqual((mode_of(self.state), os.stat(self.state).st_gid), (0o2755, 4711))
        report = os.stat(self.state / "report.json")
        self.assertEqual((mode_of(self.state / "report.json"), report.st_gid), (0o640, 4711))


if __name__ == "__main__":
    unittest.main()
