"""A replay reads the recorded files again, and nothing of the machine that it runs on."""

import shutil
import unittest

import recordings
from efa_doctor import Case, claims


class ReplayTest(Case):
    def record(self, *more):
        path = self.directory / "recording.tar.zst"
        run = self.efa_doctor("record", path, *more)
        self.assertEqual(run.returncode, 0, run.stderr)
        return path

    def replay(self, path, **options):
        return self.efa_doctor("--replay", path, "--format", "json", configured=False, **options)

    def test_other_surroundings_change_nothing(self):
        node = self.synthetic_node("p5.48xlarge")
        path = self.record("--sysroot", node)
        first = self.replay(path)
        shutil.rmtree(node)
        moved = self.directory / "elsewhere.tar.zst"
        path.rename(moved)
        other = self.replay(moved, env={"TZ": "Asia/Tokyo", "LC_ALL": "tr_TR.UTF-8",
                                        "TMPDIR": "/nowhere", "HOME": "/nowhere"})
        self.assertEqual(first.stdout, other.stdout)

    @unittest.skipUnless(shutil.which("zstd"), "needs zstd")
    def test_files_read_again_say_what_they_said(self):
        for more in ([], ["--sysroot", self.synthetic_node("p5.48xlarge")]):
            path = self.record(*more)
            report = self.report_of(self.replay(path))
            entries = recordings.entries_of(path)
            for index, probe in enumerate(recordings.head_of(entries)["probes"]):
                said = recordings.facts_of(entries[f"probes/{index}.said.jsonl"])
                said.pop("xml", None)  # hwloc's, which a report leaves out
                self.assertEqual(report["facts"][probe["name"]], said, probe["name"])
                self.assertEqual(self.probe(report, probe["name"])["duration_ms"],
                                 probe["duration_ms"])

    def test_recording_a_node_that_expects_says_so_again(self):
        path = self.record("--sysroot", self.synthetic_node("t3.micro"), "--expect", "1")
        report = self.report_of(self.replay(path))
        self.assertEqual(report["verdict"], "unhealthy")

    @unittest.skipUnless(shutil.which("zstd"), "needs zstd")
    def test_probe_that_had_failed_fails_in_the_replay(self):
        path = self.record("--sysroot", self.synthetic_node("p5.48xlarge"))
        entries = recordings.entries_of(path)
        head = recordings.head_of(entries)
        head["probes"][recordings.index_of(entries, "rdma")].update(
            status="timed_out", step="read hw_counters", subject="0000:4f:00.0")
        recordings.pack(recordings.with_head(entries, head), path)
        report = self.report_of(self.replay(path))
        self.assertNotEqual(self.probe(report, "rdma")["status"], "ok")
        self.assertEqual(self.probe(report, "rdma")["subject"], "0000:4f:00.0")
        self.assertNotIn("healthy", [report["verdict"]])
        self.assertTrue(claims(report))


if __name__ == "__main__":
    unittest.main()
