"""A recording replays to one report, wherever and as often as it is asked for."""

import os
import pathlib
import shutil
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "support"))
import recording  # noqa: E402
from doctor import DoctorTest, claims, outcome, run  # noqa: E402


def make_node(name, directory):
    subprocess.run([os.environ["MAKE_NODE"], str(ROOT / "nodes" / name / "node.json"),
                    str(directory)], check=True)


class ReplayTest(DoctorTest):
    def record(self, *more, environment=None):
        path = self.directory / "recording.tar.zst"
        result = run("record", path, "--config", self.config(), *more, environment=environment)
        self.assertEqual(result.code, 0, result.err)
        return path

    def replay(self, path, *more, environment=None):
        return run("--replay", path, "--format", "json", *more, environment=environment)

    def sysroot(self, name="p5.48xlarge"):
        node = self.directory / "node"
        make_node(name, node)
        return node

    def test_this_machine_replays_to_the_same_bytes(self):
        path = self.record()
        first = self.replay(path)
        self.assert_report(first)
        self.assertEqual(first.out, self.replay(path).out)

    def test_other_surroundings_change_nothing(self):
        path = self.record("--sysroot", self.sysroot())
        first = self.replay(path)
        shutil.rmtree(self.directory / "node")
        moved = self.directory / "elsewhere.tar.zst"
        path.rename(moved)
        other = self.replay(moved, environment={"TZ": "Asia/Tokyo", "LC_ALL": "tr_TR.UTF-8",
                                                "TMPDIR": "/nowhere", "HOME": "/nowhere"})
        self.assertEqual(first.out, other.out)

    @unittest.skipUnless(shutil.which("zstd"), "needs zstd")
    def test_files_read_again_say_what_they_said(self):
        for more in ([], ["--sysroot", self.sysroot()]):
            path = self.record(*more)
            report = self.assert_report(self.replay(path))
            entries = recording.unpack(path)
            for index, probe in enumerate(recording.head_of(entries)["probes"]):
                said = recording.facts_of(entries[f"probes/{index}.said.jsonl"])
                self.assertEqual(report["facts"][probe["name"]], said, probe["name"])
                self.assertEqual(outcome(report, probe["name"])["duration_ms"],
                                 probe["duration_ms"])

    def test_a_sysroot_replays_to_what_was_said_of_it(self):
        node = self.sysroot()
        live = self.assert_report(run("--once", "--sysroot", node, "--format", "json"))
        path = self.record("--sysroot", node)
        replayed = self.assert_report(self.replay(path))
        self.assertEqual(outcome(live, "rdma")["status"], "ok")
        replayed["facts"]["topology"].pop("xml")  # is kept for a recording only
        for part in ("verdict", "summary", "root_causes", "funnel", "findings", "devices",
                     "facts", "node"):
            self.assertEqual(live[part], replayed[part], part)

    def test_verdict_follows_what_is_expected_now(self):
        path = self.record("--sysroot", self.sysroot())
        self.assertEqual(self.replay(path).report["verdict"], "healthy")
        missing = self.replay(path, "--expect", "33")
        self.assertEqual(self.assert_report(missing)["verdict"], "unhealthy")
        self.assertIn("pci.fewer-than-expected", missing.report["root_causes"])
        self.assertEqual(self.replay(path, "--expect", "many").code, 64)

    def test_recording_a_node_that_expects_says_so_again(self):
        path = self.record("--sysroot", self.sysroot("t3.micro"), "--expect", "1")
        report = self.assert_report(self.replay(path))
        self.assertEqual(report["verdict"], "unhealthy")

    def test_nothing_is_written_by_a_replay(self):
        path = self.record()
        shutil.rmtree(self.directory / "state", ignore_errors=True)
        before = sorted(self.directory.rglob("*"))
        self.replay(path, "--config", self.config(), environment={"TMPDIR": str(self.directory)})
        self.assertEqual(before, sorted(self.directory.rglob("*")))

    @unittest.skipUnless(shutil.which("zstd"), "needs zstd")
    def test_environment_of_the_caller_is_not_recorded(self):
        secret = {**os.environ, "SECRET_X": "hunter2-of-the-caller",
                  "AWS_SECRET_ACCESS_KEY": "hunter2-of-aws"}
        for content in recording.unpack(self.record(environment=secret)).values():
            self.assertNotIn(b"hunter2", content)
            self.assertNotIn(b"SECRET_X", content)

    def test_recording_is_for_its_owner_alone(self):
        self.assertEqual(self.record().stat().st_mode & 0o777, 0o600)

    def test_full_disk_leaves_no_half_recording(self):
        full = run("record", "/dev/full", "--config", self.config())
        self.assertEqual(full.code, 70)
        self.assertIn("/dev/full", full.err)

    @unittest.skipUnless(shutil.which("zstd"), "needs zstd")
    def test_probe_that_had_failed_fails_in_the_replay(self):
        path = self.record("--sysroot", self.sysroot())
        entries = recording.unpack(path)
        head = recording.head_of(entries)
        head["probes"][recording.index_of(entries, "rdma")].update(
            status="timed_out", step="read hw_counters", subject="0000:4f:00.0")
        recording.pack(recording.with_head(entries, head), path)
        report = self.assert_report(self.replay(path))
        self.assertNotEqual(outcome(report, "rdma")["status"], "ok")
        self.assertEqual(outcome(report, "rdma")["subject"], "0000:4f:00.0")
        self.assertNotIn("healthy", [report["verdict"]])
        self.assertTrue(claims(report))


if __name__ == "__main__":
    unittest.main()
