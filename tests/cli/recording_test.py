"""record and --replay: the same report elsewhere, and nothing that names the host when redacted."""

import json
import os
import pathlib
import time
import unittest

from efa_doctor import Case, USAGE, environment, write
from recordings import ZSTD, entries_of, head, tar, zeros

SECRET = "correct-horse-battery-staple"
TIMES = {"started_at", "duration_ms", "valid_until", "self", "sequence", "uptime_s", "stderr"}


def timeless(value):
    """Without what differs between two looks at the same machine."""
    if isinstance(value, dict):
        return {key: timeless(item) for key, item in value.items() if key not in TIMES}
    return [timeless(item) for item in value] if isinstance(value, list) else value


class Recordings(Case):
    def setUp(self):
        super().setUp()
        self.file = self.directory / "node.tar.zst"

    def record(self, *arguments, **options):
        run = self.efa_doctor("record", self.file, *arguments, **options)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        return run

    def replay(self, *arguments):
        return self.report("--replay", self.file, *arguments)

    def replayed_bytes(self, *arguments):
        return self.efa_doctor("--replay", self.file, "--format", "json", *arguments).stdout


class Replay(Recordings):
    def test_a_recording_of_this_machine_gives_its_report(self):
        self.record()
        replayed = self.replay()
        self.assert_valid(replayed)
        live, again = timeless(self.report("--no-deliver")), timeless(replayed)
        for part in ("agent", "node", "verdict", "summary", "root_causes", "funnel", "devices"):
            self.assertEqual(again[part], live[part], part)
        words = [[(f["code"], f["result"], f["subject"]) for f in report["findings"]]
                 for report in (live, again)]
        self.assertEqual(*words)

    def test_replays_are_equal_byte_for_byte(self):
        self.record()
        self.assertEqual(self.replayed_bytes(), self.replayed_bytes())

    def test_the_run_is_told_as_it_was_recorded(self):
        self.record()
        first, second = self.replay()["run"], self.replay()["run"]
        self.assertEqual(first, second)
        self.assertEqual(first["trigger"], "once")

    def test_a_recorded_sysroot_gives_the_report_of_the_sysroot(self):
        root = self.synthetic_node("p4d.24xlarge")
        live = self.report("--sysroot", root)
        self.record("--sysroot", root)
        self.assertEqual(timeless(self.replay()), timeless(live))

    def test_another_expectation_can_be_asked_of_it(self):
        self.record("--sysroot", self.synthetic_node("c5n.18xlarge"))
        self.assertEqual(self.replay()["verdict"], "healthy")
        self.assertEqual(self.replay("--expect", "4")["verdict"], "unhealthy")
        self.assertEqual(self.replay("--expect", "none")["root_causes"],
                         self.report("--sysroot", self.directory / "c5n.18xlarge",
                                     "--expect", "none")["root_causes"])

    def test_what_was_found_before_is_no_past_of_another_expectation(self):
        self.configure(expect="4")
        self.report()
        self.record()
        self.assertEqual(self.replay("--expect", "4"), self.replay())
        self.assertNotIn("as last seen", json.dumps(self.replay("--expect", "max")))

    def test_a_replay_leaves_no_file(self):
        self.record()
        temporary = self.directory / "temporary"
        temporary.mkdir()
        state = sorted(map(str, self.state.rglob("*")))
        self.replay()
        run = self.efa_doctor("--replay", self.file, env=environment(TMPDIR=str(temporary)))
        self.assertIn(run.returncode, (0, 3))
        self.assertEqual(list(temporary.iterdir()), [])
        self.assertEqual(sorted(map(str, self.state.rglob("*"))), state)
        self.assertFalse(self.run_directory.exists())

    def test_only_its_owner_may_read_one(self):
        self.record()
        self.assertEqual(self.file.stat().st_mode & 0o777, 0o600)

    def test_one_that_cannot_be_written_is_told(self):
        for path in ("/dev/full", self.config / "below"):
            run = self.efa_doctor("record", path)
            self.assertEqual((run.returncode, run.stdout), (70, ""))
            self.assertIn(str(path), run.stderr)


@unittest.skipUnless(ZSTD, "the package zstd is not installed")
class Secrets(Recordings):
    def recorded(self, *arguments, **options):
        self.record(*arguments, **options)
        return b"\n".join(entries_of(self.file).values()).decode()

    def test_nothing_of_the_callers_environment_is_recorded(self):
        text = self.recorded(env=environment(AWS_SECRET_ACCESS_KEY=SECRET, FI_SECRET=SECRET))
        self.assertNotIn(SECRET, text)

    def test_a_redacted_one_gives_the_same_findings(self):
        root = self.synthetic_node("p4d.24xlarge")
        write(root / "proc/sys/kernel/hostname", "vm\n")
        live = self.report("--sysroot", root)
        text = self.recorded("--sysroot", root, "--redact")
        self.assertNotIn('"vm"', text)
        replayed = self.replay()
        self.assertEqual([(f["code"], f["result"], f["subject"]) for f in replayed["findings"]],
                         [(f["code"], f["result"], f["subject"]) for f in live["findings"]])
        self.assertEqual(replayed["funnel"], live["funnel"])
        self.assertNotEqual(replayed["node"]["hostname"], "vm")


class Damage(Recordings):
    """A hostile or damaged file is refused in words, and nothing of it is written anywhere."""

    def assert_content_refused(self, content, what=""):
        if not isinstance(content, pathlib.Path):
            self.file.write_bytes(content)
        before = sorted(map(str, self.directory.rglob("*")))
        start = time.monotonic()
        run = self.efa_doctor("--replay", self.file, cwd=self.directory)
        self.assertLess(time.monotonic() - start, 10)
        self.assertEqual((run.returncode, run.stdout), (USAGE, ""), f"{what}: {run.stderr[:500]}")
        self.assertRegex(run.stderr, rf"^efa-doctor: error: {self.file}: .+\n$")
        self.assertEqual(sorted(map(str, self.directory.rglob("*"))), before)

    def test_what_is_no_recording_is_refused(self):
        for content in (b"", b"\0" * 10_000, b"{}", os.urandom(4096), b"\x28\xb5\x2f\xfd",
                        tar([]), tar([("other.json", "{}")]), tar([("recording.json", "")])):
            self.assert_content_refused(content, content[:8])

    def test_one_that_was_cut_off_is_refused(self):
        self.record()
        whole = self.file.read_bytes()
        for share in (0.01, 0.3, 0.6, 0.99):
            self.assert_content_refused(whole[:int(len(whole) * share)], share)

    def test_flipped_bits_change_no_word(self):
        self.record()
        right = self.efa_doctor("--replay", self.file, "--format", "json")
        whole = self.file.read_bytes()
        for step in range(1, 40):
            damaged = bytearray(whole)
            damaged[len(whole) * step // 40] ^= 1 << step % 8
            self.file.write_bytes(damaged)
            run = self.efa_doctor("--replay", self.file, "--format", "json")
            if run.returncode == USAGE:
                self.assert_refused(run, self.file)
            else:
                self.assertEqual((run.returncode, run.stdout), (right.returncode, right.stdout), step)

    def test_wrong_types_are_refused(self):
        for members in ({"version": "1"}, {"version": 2}, {"version": None}, {"live": 1},
                        {"expect": 4}, {"expect": "many"}, {"sequence": "1"},
                        {"sequence": 1 << 70}, {"started_at_ms": 1e300}, {"before": []},
                        {"before": {"devices": ["eth0"]}}, {"limits": 7}, {"probes": {}},
                        {"probes": [7]}, {"probes": [{"name": 7}]},
                        {"probes": [{"name": "pci", "duration_ms": "long"}]}):
            with self.subTest(members):
                self.file.write_bytes(tar([("recording.json", head(**members))]))
                run = self.efa_doctor("--replay", self.file)
                self.assertEqual((run.returncode, run.stdout), (USAGE, ""))
                self.assertNotEqual(run.stderr, "")
        self.assert_content_refused(tar([("recording.json", "[" * 100_000)]))

    def test_what_a_probe_could_not_have_said_is_refused(self):
        probe = {"name": "net", "status": "ok"}
        for kind in ("said", "looks"):
            for lines in ("{", "nonsense\n", '{"done":true}\n{"se', "\xff\n"):
                self.assert_content_refused(tar([("recording.json", head(probes=[probe])),
                                         (f"probes/0.{kind}.jsonl", lines.encode("latin-1"))]))

    def test_an_empty_one_is_a_machine_of_which_nothing_was_seen(self):
        self.file.write_bytes(tar([("recording.json", head())]))
        self.assertEqual(self.efa_doctor("--replay", self.file).returncode, 3)

    @unittest.skipUnless(ZSTD, "the package zstd is not installed")
    def test_a_small_file_that_unpacks_to_a_huge_one_is_refused(self):
        self.assert_content_refused(zeros(self.file, 1 << 30))
        self.assertLess(self.file.stat().st_size, 1 << 20)

    def test_too_many_entries_are_refused(self):
        self.assert_content_refused(tar([("recording.json", head())] +
                                [(f"probes/{i}.said.jsonl", "") for i in range(10_000)]))

    def test_names_that_lead_elsewhere_write_nothing(self):
        outside = self.directory / "outside"
        names = ("../outside", str(outside), "probes/../../outside", "/tmp/../" + str(outside))
        self.assert_content_refused(tar([(name, "bad") for name in names]))
        self.file.write_bytes(tar([("recording.json", head(probes=[
            {"name": "../../outside", "status": "ok"}]))] + [(name, "bad") for name in names]))
        self.assertEqual(self.efa_doctor("--replay", self.file, cwd=self.directory).returncode, 3)
        self.assertFalse(outside.exists())


if __name__ == "__main__":
    unittest.main()
