"""A replay reads the recorded files again, and nothing of the machine that it runs on."""

import os
import pathlib
import shutil
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "support"))
import recordings  # noqa: E402
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
            entries = recordings.entries_of(path)
            for index, probe in enumerate(recordings.head_of(entries)["probes"]):
                said = recordings.facts_of(entries[f"probes/{index}.said.jsonl"])
                said.pop("xml", None)  # hwloc's, which a report leaves out
                self.assertEqual(report["facts"][probe["name"]], said, probe["name"])
                self.assertEqual(outcome(report, probe["name"])["duration_ms"],
                                 probe["duration_ms"])

    def test_recording_a_node_that_expects_says_so_again(self):
        path = self.record("--sysroot", self.sysroot("t3.micro"), "--expect", "1")
        report = self.assert_report(self.replay(path))
        self.assertEqual(report["verdict"], "unhealthy")

    @unittest.skipUnless(shutil.which("zstd"), "needs zstd")
    def test_probe_that_had_failed_fails_in_the_replay(self):
        path = self.record("--sysroot", self.sysroot())
        entries = recordings.entries_of(path)
        head = recordings.head_of(entries)
        head["probes"][recordings.index_of(entries, "rdma")].update(
            status="timed_out", step="read hw_counters", subject="0000:4f:00.0")
        recordings.pack(recordings.with_head(entries, head), path)
        report = self.assert_report(self.replay(path))
        self.assertNotEqual(outcome(report, "rdma")["status"], "ok")
        self.assertEqual(outcome(report, "rdma")["subject"], "0000:4f:00.0")
        self.assertNotIn("healthy", [report["verdict"]])
        self.assertTrue(claims(report))


if __name__ == "__main__":
    unittest.main()
