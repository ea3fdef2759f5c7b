"""efa-doctor status: what automation is told from the health file."""

import json
import os
import pathlib
import time
import unittest

from efa_doctor import Case, VERDICTS, write

BOOT_ID = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def boottime_ms(after_s):
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000 + after_s * 1000


def utc(after_s):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + after_s))


class Status(Case):
    def write_health(self, **members):
        health = {"verdict": "healthy", "exit_code": 0, "summary": "all is well",
                  "root_causes": [], "generated_at": utc(-60), "valid_until": utc(600),
                  "boot_id": BOOT_ID, "sequence": 1, "starting": False, "recovering": False,
                  "report": "/somewhere/report.json", "problems": [], **members}
        self.assert_valid(health, "health")
        write(self.run_directory / "health.json", json.dumps(health))

    def write_service(self):
        """Of one that lives: this process."""
        after_name = pathlib.Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()
        service = {"state": "running", "since": utc(-3600), "boot_id": BOOT_ID, "pid": os.getpid(),
                   "start_time": int(after_name[19]), "pid_namespace": os.stat("/proc/self/ns/pid").st_ino}
        write(self.run_directory / "service.json", json.dumps(service))

    def assert_status(self, code, line, *arguments):
        run = self.efa_doctor("status", *arguments)
        self.assertEqual((run.returncode, run.stderr), (code, ""))
        self.assertRegex(run.stdout, rf"^{line}\n")
        return run.stdout

    def test_each_verdict_has_its_exit_code(self):
        for verdict, code in VERDICTS.items():
            self.write_health(verdict=verdict, exit_code=code)
            self.assert_status(code, f"{verdict}  all is well")

    def test_it_tells_codes_age_and_what_comes_next(self):
        self.write_health(verdict="unhealthy", exit_code=2,
                          root_causes=["kernel.driver-not-loaded", "pci.narrow-link"])
        told = self.assert_status(2, "unhealthy  all is well")
        self.assertIn("\ncauses  kernel.driver-not-loaded, pci.narrow-link\n", told)
        self.assertRegex(told, r"\nchecked  \S+Z, 6\d s ago; no service renews it: "
                               r"systemctl start efa-doctor\n$")

    def test_where_a_service_runs_it_tells_when_the_next_pass_comes(self):
        self.configure(interval_s=300)
        for age_s, words in ((60, r"the next pass comes in 2[34]\d s"), (400, "the next pass is due")):
            with self.subTest(age_s):
                self.write_health(generated_at=utc(-age_s))
                self.write_service()
                told = self.assert_status(0, "healthy  all is well")
                self.assertRegex(told, rf"\nchecked  \S+Z, {age_s // 10}\d s ago; {words}\n$")
        (self.run_directory / "service.json").unlink()
        self.assertIn("; no service renews it: ", self.assert_status(0, "healthy  all is well"))

    def test_a_service_that_runs_may_be_at_its_first_pass(self):
        self.write_service()
        self.assert_status(3, r"unknown  .*health\.json: No such file or directory\n"
                              r"checked  not yet; the service is at its first pass")

    def test_a_missing_file_is_unknown(self):
        self.assert_status(3, r"unknown  .*health\.json: No such file or directory\n"
                              r"checked  not yet; no service runs: systemctl start efa-doctor; or efa-doctor --once")

    def test_what_a_pass_writes_is_understood(self):
        verdict = self.report("--expect", "none")["verdict"]
        self.assertEqual(verdict, "not_applicable")
        self.assert_status(0, "not_applicable  .+")

    def test_a_damaged_file_is_unknown(self):
        whole = {"verdict": "healthy", "generated_at": utc(-60), "valid_until": utc(600),
                 "boot_id": BOOT_ID}
        damaged = ["", "{", "[]", "null", "\0" * 40, '"healthy"', "[" * 10000,
                   json.dumps(whole)[:-1], json.dumps(whole) + "}"]
        for member, value in (("verdict", "fine"), ("verdict", 0), ("valid_until", "tomorrow"),
                              ("generated_at", None), ("valid_until", utc(600) + "x")):
            damaged.append(json.dumps({**whole, member: value}))
        for text in damaged:
            write(self.run_directory / "health.json", text)
            self.assert_status(3, "unknown  .+")

    def test_a_file_that_is_no_file_is_unknown(self):
        (self.run_directory / "health.json").mkdir(parents=True)
        self.assert_status(3, "unknown  .+")

    def test_a_stale_file_is_unknown_and_says_what_it_said(self):
        self.write_health(generated_at=utc(-1000), valid_until=utc(-100))
        self.assert_status(3, r"unknown  the health file is stale: 100\d s old; its verdict was healthy")

    def test_a_file_of_another_boot_is_unknown(self):
        self.write_health(boot_id="00000000-0000-4000-8000-0000000000ff")
        self.assert_status(3, "unknown  the health file is from another boot")

    def test_a_file_from_the_future_is_unknown(self):
        self.write_health(generated_at=utc(3600), valid_until=utc(4500))
        self.assert_status(3, "unknown  the timestamp of the health file lies in the future")

    def test_a_clock_that_was_set_makes_it_neither_stale_nor_fresh(self):
        for by_s in (-365 * 86400, -3600, -1, 1, 3600, 365 * 86400):
            with self.subTest(by_s):
                shown = {"generated_at": utc(-60 + by_s), "valid_until": utc(840 + by_s)}
                self.write_health(**shown, generated_boottime_ms=max(0, boottime_ms(-60)),
                                  valid_until_boottime_ms=boottime_ms(840))
                self.assert_status(0, "healthy  .+")
                self.write_health(**shown, generated_boottime_ms=0,
                                  valid_until_boottime_ms=boottime_ms(-1))
                self.assert_status(3, "unknown  the health file is stale: .+")

    def test_a_pass_writes_the_boottime(self):
        before = boottime_ms(0)
        self.report("--expect", "none")
        health = json.loads((self.run_directory / "health.json").read_text())
        self.assert_valid(health, "health")
        self.assertLessEqual(before, health["generated_boottime_ms"])
        self.assertLessEqual(health["generated_boottime_ms"], boottime_ms(0))
        self.assertEqual(health["valid_until_boottime_ms"] - health["generated_boottime_ms"],
                         900_000)

    def test_a_hostile_summary_steers_no_terminal(self):
        self.write_health(summary="a\x1b[2J\nhealthy  b\x9b\u202e\x07")
        self.assert_status(0, r"healthy  a\?\[2J healthy  b\?\?\?")
        write(self.run_directory / "health.json", b"\xff\x1b[2J".decode("latin-1"))
        self.assertNotIn("\x1b", self.efa_doctor("status").stdout)

    def test_max_age_is_stricter_than_the_file(self):
        self.write_health(generated_at=utc(-60))
        self.assert_status(0, "healthy  .+", "--max-age", "120")
        self.assert_status(3, "unknown  the health file is stale: .+", "--max-age", "30")

    def test_degraded_is_accepted_only_on_request(self):
        self.write_health(verdict="degraded", exit_code=1)
        self.assert_status(1, "degraded  .+")
        self.assert_status(0, "degraded  .+", "--accept", "degraded")
        self.write_health(verdict="unhealthy", exit_code=2)
        self.assert_status(2, "unhealthy  .+", "--accept", "degraded")

    def test_data_must_have_moved_where_that_is_required(self):
        require = ("--require", "data")
        self.write_health(devices={"expected": 4, "working": 4})
        self.assert_status(0, "healthy  .+")
        self.assert_status(3, "unknown  no data test was made in this boot: .+", *require)
        self.write_health(devices={"expected": 4, "working": 4, "moved_data": 3})
        self.assert_status(3, "unknown  3 EFA devices moved data in the last test, of 4", *require)
        self.write_health(devices={"expected": 4, "working": 4, "moved_data": 4})
        self.assert_status(0, "healthy  .+", *require)
        self.write_health(verdict="unhealthy", exit_code=2)
        self.assert_status(2, "unhealthy  .+", *require)
        self.write_health(verdict="not_applicable", exit_code=0)
        self.assert_status(0, "not_applicable  .+", *require)

    def test_a_reason_leads_with_the_root_causes(self):
        self.write_health(verdict="unhealthy", exit_code=2, summary="no driver",
                          root_causes=["kernel.driver-not-loaded", "limits.memlock-low"])
        self.assert_status(2, "kernel.driver-not-loaded,limits.memlock-low: no driver",
                           "--format", "reason")
        self.write_health()
        self.assert_status(0, "all is well", "--format", "reason")

    def test_a_reason_is_one_short_line_that_needs_no_quoting(self):
        self.write_health(verdict="unhealthy", exit_code=2, root_causes=["site.x"],
                          summary="the node's \u201cefa\u201d \u2013 a\"b`d$(e)\\f\ng\u00e9" + "x" * 400)
        self.assert_status(2, r"site\.x: the nodes efa - abd\?\(e\)\?f g\?x{150,}\.\.\.",
                           "--format", "reason")
        self.assertEqual(len(self.efa_doctor("status", "--format", "reason").stdout), 201)

    def test_waiting_ends_at_once_when_healthy_or_for_0_seconds(self):
        start = time.monotonic()
        self.assert_status(3, "unknown  .+", "--wait", "0")
        self.write_health()
        self.assert_status(0, "healthy  .+", "--wait", "30")
        self.assertLess(time.monotonic() - start, 15)

    def test_waiting_ends_after_its_time(self):
        start = time.monotonic()
        self.write_health(verdict="unhealthy", exit_code=2)
        self.assert_status(2, "unhealthy  .+", "--wait", "1")
        self.assertGreaterEqual(time.monotonic() - start, 1)

    def test_a_configuration_error_is_no_verdict(self):
        self.write_health()
        self.configure(nonsense=1)
        self.assertEqual(self.efa_doctor("status").returncode, 64)


if __name__ == "__main__":
    unittest.main()
