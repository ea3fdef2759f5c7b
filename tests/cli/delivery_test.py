"""Where the report goes, and what happens when it cannot go there: never another verdict."""

import json
import os
import stat
import subprocess
import time
import unittest

from daemon_case import ENOUGH_S, wait_for
from efa_doctor import Case, INTERNAL, machine_without_efa, schema, write
from s3_case import folded


class LocalFiles(Case):
    def test_a_pass_leaves_the_report_the_health_and_the_metrics(self):
        report = self.report("--expect", "1")
        kept = json.loads((self.state / "report.json").read_text())
        self.assertEqual(kept, report)
        health = json.loads((self.run_directory / "health.json").read_text())
        self.assert_valid(health, "health")
        self.assertEqual(health["verdict"], "unhealthy")
        self.assertEqual(health["root_causes"], ["pci.none-found"])
        self.assertEqual(health["report"], str(self.state / "report.json"))
        self.assertEqual((health["sequence"], health["problems"]), (1, []))
        self.assertIn("efa_doctor_verdict", (self.metrics / "efa-doctor.prom").read_text())

    def test_the_next_pass_has_the_next_number_and_reports_are_kept(self):
        self.configure(reports_kept=2)
        self.assertEqual([self.report()["run"]["sequence"] for _ in range(3)], [1, 2, 3])
        names = sorted(path.name for path in (self.state / "reports").iterdir())
        self.assertEqual([name[-11:] for name in names], ["000002.json", "000003.json"])

    def test_files_are_replaced_not_rewritten(self):
        self.once()
        paths = [self.state / "report.json", self.run_directory / "health.json",
                 self.metrics / "efa-doctor.prom"]
        before = [(path.stat().st_ino, open(path)) for path in paths]
        old = [file.read() for _, file in before]
        self.once("--expect", "1")
        for path, (inode, file), text in zip(paths, before, old):
            self.assertNotEqual(path.stat().st_ino, inode, path)
            file.seek(0)
            self.assertEqual(file.read(), text, "a reader of the old file keeps it whole")
            file.close()

    def test_nothing_is_left_beside_them(self):
        self.once()
        left = {str(path.relative_to(self.directory)) for path in self.directory.rglob("*")
                if path.is_file()}
        self.assertEqual({name for name in left if not name.startswith("state/reports/")},
                         {"config.toml", "state/report.json", "state/state.json",
                          "state/state.json.lock", "run/health.json", "run/health.json.lock",
                          "metrics/efa-doctor.prom"})

    def test_what_tells_of_the_account_is_not_for_everyone(self):
        self.once()
        mode = stat.S_IMODE((self.state / "report.json").stat().st_mode)
        self.assertEqual(mode & 0o007, 0)
        mode = stat.S_IMODE((self.run_directory / "health.json").stat().st_mode)
        self.assertEqual(mode, 0o644)

    def test_no_deliver_and_another_machine_leave_nothing(self):
        self.once("--no-deliver")
        self.once("--sysroot", machine_without_efa(self.directory / "machine"))
        for directory in (self.state, self.run_directory, self.metrics):
            self.assertFalse(directory.exists(), directory)

    def test_a_state_that_is_damaged_is_begun_anew(self):
        for text in ("", "{", "[]", '{"sequence":"many"}', "\0" * 100, "[" * 100_000):
            write(self.state / "state.json", text)
            run = self.once("--format", "json")
            self.assertEqual((run.returncode, run.stderr), (0, ""))
            self.assertEqual(json.loads(run.stdout)["run"]["sequence"], 1)


    def test_the_health_and_metrics_files_agree_with_what_is_printed(self):
        report = self.report("--expect", "2")
        health = json.loads((self.run_directory / "health.json").read_text())
        for member in ("verdict", "summary", "root_causes"):
            self.assertEqual(health[member], report[member])
        for member in ("sequence", "valid_until", "starting", "recovering"):
            self.assertEqual(health[member], report["run"][member])
        self.assertEqual(health["generated_at"], report["run"]["started_at"])
        printed = self.once("--expect", "2", "--format", "prometheus").stdout
        self.assertEqual((self.metrics / "efa-doctor.prom").read_text(), printed)

    def test_a_health_file_that_contradicts_itself_is_refused_by_its_schema(self):
        self.once("--expect", "2")
        health = json.loads((self.run_directory / "health.json").read_text())
        for member, value in (("exit_code", 0), ("verdict", "healthy"), ("valid_until", "soon"),
                              ("root_causes", "none"), ("sequence", 0), ("problems", [1])):
            self.assertFalse(schema("health").is_valid({**health, member: value}), member)

    def test_a_directory_in_the_place_of_a_file_leaves_no_temporary_file(self):
        (self.run_directory / "health.json").mkdir(parents=True)
        self.assertIn("health.json: Is a directory", self.once().stderr)
        self.assertEqual({path.name for path in self.run_directory.iterdir()},
                         {"health.json", "health.json.lock"})

    def test_what_a_killed_write_left_is_removed_once_nobody_can_be_at_it(self):
        def left(name, age_s):
            path = write(self.state / name, "{")
            os.utime(path, (time.time() - age_s,) * 2)
            return path
        old = left(".report.json.efa-doctor-0123456789abcdef", 120)
        young = left(".report.json.efa-doctor-123456789abcdef0", 0)
        self.once()
        self.assertEqual([path.exists() for path in (old, young)], [False, True])


class ToS3(Case):
    """What waits for S3; nothing is sent: only a pass of the service's own is made."""

    def passes(self, *triggers, expect="none", **settings):
        self.configure(**{"s3.uri": "s3://pics/efa", "s3.endpoint": "http://127.0.0.1:9", **settings})
        for trigger in triggers:
            self.once("--trigger", trigger, "--expect", expect)
        return len(list((self.state / "spool").glob("*Z-*.json")))

    def test_the_service_sends_what_is_new_and_no_more(self):
        self.assertEqual(self.passes("boot", "interval", "event", "recovery"), 1)
        self.assertEqual(self.passes("interval", expect="1"), 2)
        self.assertEqual(self.passes("interval", expect="1"), 2)

    def test_what_somebody_asked_for_is_sent(self):
        self.assertEqual(self.passes("boot", "request", "request"), 3)

    def test_another_bucket_gets_the_next_report(self):
        self.passes("boot")
        self.assertEqual(self.passes("interval", **{"s3.uri": "s3://pics/other"}), 2)

    def test_that_of_each_pass_is_a_setting(self):
        self.assertEqual(self.passes("boot", "interval", "interval", **{"s3.repeat_s": 0}), 3)

    def test_what_is_sent_has_what_passes_folded(self):
        self.passes("boot")
        sent, = (json.loads(path.read_text()) for path in (self.state / "spool").glob("*Z-*.json"))
        kept = json.loads((self.state / "report.json").read_text())
        self.assert_valid(sent)
        self.assertEqual(sent, folded(kept))
        self.assertNotIn("folded", kept)


class Ring(Case):
    def kept_after(self, passes):
        for _ in range(passes):
            self.once("--expect", "none")
        return [json.loads(path.read_text())["run"]["sequence"]
                for path in sorted((self.state / "reports").glob("*"))]

    def test_its_size_is_bounded(self):
        self.configure(reports_kib=0)
        self.assertEqual(self.kept_after(1), [])
        size = (self.state / "report.json").stat().st_size
        self.configure(reports_kib=2 * size // 1024 + 2)
        self.assertEqual(self.kept_after(4), [4, 5])

    def test_the_newest_stays_when_the_clock_was_set_back(self):
        self.configure(reports_kept=1)
        self.once("--expect", "none")
        older, = (self.state / "reports").iterdir()
        older.rename(older.with_name("2099-01-01T000000Z-000001.json"))
        self.assertEqual(self.kept_after(1), [2])

    def test_the_newest_report_takes_its_space_once(self):
        self.once()
        newest, = (self.state / "reports").iterdir()
        self.assertTrue(newest.samefile(self.state / "report.json"))

    def test_without_one_only_the_newest_report_is_there(self):
        self.configure(reports_kept=0)
        self.once()
        self.assertTrue((self.state / "report.json").exists())
        self.assertFalse((self.state / "reports").exists())

    def test_a_pass_that_was_overtaken_replaces_nothing_and_is_kept_as_itself(self):
        begun, go = self.directory / "begun", self.directory / "go"
        write(self.site_probes / "slow", f"#!/bin/sh\n: > {begun}\nwhile [ ! -e {go} ]; do sleep 0.05;"
              " done\necho '{\"done\":true}'\n", 0o755)
        self.configure(deadline_ms=30000)
        slow = subprocess.Popen([self.binary, "--config", self.config, "--once", "--expect", "none"],
                                stdout=subprocess.DEVNULL)
        self.addCleanup(slow.wait)
        self.addCleanup(slow.kill)
        wait_for(begun.exists)
        self.configure(site_probes=str(self.directory / "none"))
        self.once("--expect", "none")
        write(go, "")
        self.assertEqual(slow.wait(ENOUGH_S), 0)
        health = json.loads((self.run_directory / "health.json").read_text())
        newest = json.loads((self.state / "report.json").read_text())
        self.assertEqual((health["sequence"], newest["run"]["sequence"]), (2, 2))
        names = sorted((self.state / "reports").glob("*.json"))
        self.assertEqual(sorted(int(name.stem[-6:]) for name in names), [1, 2])
        for name in names:
            kept = json.loads(name.read_text())
            self.assertEqual(kept["run"]["sequence"], int(name.stem[-6:]))

    def test_after_a_state_that_was_lost_the_newest_pass_is_told(self):
        for _ in range(3):
            self.once("--expect", "none")
        (self.state / "state.json").unlink()
        self.once("--expect", "none")
        health = json.loads((self.run_directory / "health.json").read_text())
        self.assertEqual(health["sequence"], 1)


class WhereNothingCanBeWritten(Case):
    def setUp(self):
        super().setUp()
        below_a_file = write(self.directory / "file", "") / "directory"
        self.configure(state_directory=str(below_a_file), run_directory=str(below_a_file),
                       metrics_directory=str(below_a_file))

    def test_the_report_is_printed_and_the_verdict_stays(self):
        run = self.once("--expect", "1", "--format", "json")
        self.assertEqual(run.returncode, 2)
        report = json.loads(run.stdout)
        self.assert_valid(report)
        self.assertEqual(report["root_causes"], ["pci.none-found"])
        for name in ("state.json", "report.json", "efa-doctor.prom", "health.json"):
            self.assertRegex(run.stderr, f"efa-doctor: warning: .*{name}: Not a directory")

    def test_the_health_file_tells_what_could_not_be_written(self):
        self.configure(state_directory=str(self.directory / "file/directory"))
        self.once()
        health = json.loads((self.run_directory / "health.json").read_text())
        self.assert_valid(health, "health")
        self.assertIn("report.json: Not a directory", health["problems"][0])


class Output(Case):
    def test_a_file_gets_the_report_and_standard_output_nothing(self):
        path = self.directory / "there.json"
        run = self.once("--format", "json", "--output", path)
        self.assertEqual((run.returncode, run.stdout, run.stderr), (0, "", ""))
        self.assert_valid(json.loads(path.read_text()))

    def test_one_that_cannot_be_written_is_told_and_the_report_printed(self):
        for path in ("/dev/full", self.directory, self.config / "below", self.directory / "no/such"):
            run = self.once("--expect", "1", "--format", "json", "--output", path)
            self.assertEqual(run.returncode, 2, path)
            self.assert_valid(json.loads(run.stdout))
            self.assertIn(f"efa-doctor: error: {path}", run.stderr)

    def test_a_device_is_written_to_and_stays_a_device(self):
        self.assertEqual(self.once("--output", "/dev/null").returncode, 0)
        self.assertTrue(stat.S_ISCHR(os.stat("/dev/null").st_mode))


class StandardOutput(Case):
    """Who asked gets an error, who reads the files gets what was seen."""

    def assert_kept_whole(self):
        report = json.loads((self.state / "report.json").read_text())
        self.assert_valid(report)
        failed = [p for p in report["probes"] if p["status"] in ("failed", "crashed")]
        self.assertEqual(failed, [])

    def test_a_full_one_is_an_internal_error(self):
        with open("/dev/full", "w") as full:
            run = self.once("--format", "json", stdout=full)
        self.assertEqual(run.returncode, INTERNAL)
        self.assertIn("standard output: No space left on device", run.stderr)
        self.assert_kept_whole()

    def test_a_reader_that_has_gone_is_an_internal_error(self):
        reader, writer = os.pipe()
        os.close(reader)
        run = self.once("--format", "json", stdout=writer)
        os.close(writer)
        self.assertEqual(run.returncode, INTERNAL)
        self.assertIn("standard output: Broken pipe", run.stderr)
        self.assert_kept_whole()

    def closed(self, redirections, *arguments):
        line = [str(self.binary), "--config", str(self.config), *arguments]
        return subprocess.run(["/bin/sh", "-c", f'exec "$@" {redirections}', "sh", *line],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)

    def test_a_closed_one_is_an_internal_error(self):
        self.assertEqual(self.closed(">&-", "--once").returncode, INTERNAL)
        self.assert_kept_whole()

    def test_closed_descriptors_harm_no_probe_and_no_file(self):
        self.assertEqual(self.closed("<&- >&- 2>&-", "--once").returncode, INTERNAL)
        self.assert_kept_whole()
        path = self.directory / "report.json"
        run = self.closed("<&- >&- 2>&-", "--once", "--format", "json", "--output", str(path))
        self.assertEqual(run.returncode, 0)
        self.assert_valid(json.loads(path.read_text()))


if __name__ == "__main__":
    unittest.main()
