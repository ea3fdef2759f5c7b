"""What passes leave for each other in state.json."""

import calendar
import concurrent.futures
import json
import time
import unittest

from efa_doctor import Case

LAST_BOOT = "00000000-0000-4000-8000-000000000000"


def boottime_ms():
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


def seconds(utc):
    return calendar.timegm(time.strptime(utc, "%Y-%m-%dT%H:%M:%SZ"))


class StateTest(Case):
    def setUp(self):
        super().setUp()
        self.state_file = self.state / "state.json"

    def sequence(self, *more):
        return self.report(*more)["run"]["sequence"]

    def kept_state(self):
        return json.loads(self.state_file.read_text())

    def put_state(self, state):
        self.state_file.parent.mkdir(exist_ok=True)
        self.state_file.write_text(state if isinstance(state, str) else json.dumps(state))

    def test_each_pass_has_the_next_number(self):
        self.assertEqual([self.sequence() for _ in range(3)], [1, 2, 3])
        self.assertEqual(self.kept_state()["sequence"], 3)

    def test_a_pass_that_delivers_nothing_takes_no_number(self):
        self.sequence()
        self.sequence("--no-deliver")
        self.assertEqual(self.kept_state()["sequence"], 1)
        self.assertEqual(self.sequence(), 2)

    def test_a_sysroot_leaves_no_state(self):
        self.sequence("--sysroot", self.directory)
        self.assertFalse(self.state_file.exists())

    def test_passes_at_once_get_different_numbers(self):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            numbers = list(pool.map(lambda _: self.sequence(), range(8)))
        self.assertEqual(sorted(numbers), list(range(1, 9)))
        self.assertEqual(self.kept_state()["sequence"], 8)
        self.assertEqual(len(list((self.state / "reports").glob("*.json"))), 8)

    def test_a_damaged_state_is_no_error(self):
        for damaged in ("", "{", "[]", "null", '"x"', '{"sequence": "one"}', "[" * 100_000,
                        '{"devices": [7]}', "\udcff\udcfe".encode("utf-8", "surrogateescape")
                        .decode("latin-1"), '{"left": {}}'):
            self.put_state(damaged)
            self.assertEqual(self.sequence(), 1, damaged[:40])
            self.assertEqual(self.kept_state()["sequence"], 1)

    def test_numbers_that_cannot_be_counted_on_are_forgotten(self):
        most = 2**63 - 1
        baseline = {"address": "0000:00:06.0", "at_ms": -most, "keep_alive_ms": most}
        for state in ({"sequence": most}, {"sequence": -5}, {"baselines": [baseline]},
                      {"history": {"episodes": [{"code": "a", "subject": "b", "times": most}]}}):
            self.put_state(state)
            self.assertEqual(self.sequence(), 1, state)

    def test_what_is_damaged_costs_itself_alone(self):
        self.sequence()
        bad = {"address": "0000:00:06.0", "at_ms": 5, "keep_alive_period_ms": -3000}
        self.put_state({**self.kept_state(), "devices": ["0000:00:06.0", 7], "left": "x",
                        "baselines": [bad, "x"], "confirming": 5})
        report = self.report()
        self.assertEqual(report["run"]["sequence"], 2)
        self.assertEqual([f["subject"] for f in self.findings(report, "pci.device-vanished")],
                         ["0000:00:06.0"])

    def test_a_state_with_times_of_the_wall_clock_raises_no_alarm(self):
        """As version 0.1.0 kept it, also when that clock was set since."""
        self.report("--expect", "1")
        for by_s in (0, -1, 1, -3600, 3600, -365 * 86400, 365 * 86400):
            with self.subTest(by_s):
                now = round((time.time() + by_s) * 1000)
                state = self.kept_state()
                number = state["sequence"]
                episode = {"code": "pci.none-found", "subject": "node", "since_ms": now,
                           "times": 3, "failing": True}
                state["history"]["episodes"] = [episode]
                state["baselines"] = [{"address": "0000:00:06.0", "at_ms": now,
                                       "keep_alive_ms": now, "values": {"rx_drops": 1}}]
                self.put_state(state)
                report = self.report("--expect", "1")
                self.assertEqual(report["run"]["sequence"], number + 1)
                none_found = self.findings(report, "pci.none-found")[0]
                self.assertEqual(none_found["times"], 3)
                self.assertEqual(self.findings(report, "counters.keep-alive-stopped"), [])

    def test_times_are_of_the_clock_that_nobody_sets(self):
        before = boottime_ms()
        report = self.report("--expect", "1")
        episode = self.kept_state()["history"]["episodes"][0]
        self.assertLessEqual(before, episode["since_boot_ms"])
        self.assertLessEqual(episode["since_boot_ms"], boottime_ms())
        self.assertLess(report["run"]["duration_ms"], 60_000)

    def test_since_is_shown_by_the_clock_as_it_is_set_now(self):
        """Had the clock been set by an hour since the failure, it would be kept as an hour off."""
        since = self.findings(self.report("--expect", "1"), "pci.none-found")[0]["since"]
        for by_s in (-3600, 3600, -365 * 86400, 365 * 86400):
            state = self.kept_state()
            for episode in state["history"]["episodes"]:
                episode["since_ms"] += by_s * 1000
            self.put_state(state)
            again = self.findings(self.report("--expect", "1"), "pci.none-found")[0]
            self.assertLessEqual(abs(seconds(again["since"]) - seconds(since)), 1)
            self.assertEqual(again["times"], 1)

    def test_another_boot_is_forgotten_but_the_numbers_go_on(self):
        episode = {"code": "pci.none-found", "subject": "node", "since_ms": 1, "times": 4}
        self.put_state({"boot_id": LAST_BOOT, "sequence": 41, "devices": ["0000:00:06.0"],
                        "left": [{"probe": "pci", "process": {"pid": 1, "start_time": 1}}],
                        "history": {"episodes": [episode], "verdict": "unhealthy"},
                        "confirming": True})
        report = self.report("--expect", "1")
        self.assertEqual(report["run"]["sequence"], 42)
        state = self.kept_state()
        self.assertNotEqual(state["boot_id"], LAST_BOOT)
        self.assertEqual((state["devices"], state["left"], state["confirming"]), ([], [], False))
        none_found = next(f for f in report["findings"] if f["code"] == "pci.none-found")
        self.assertEqual(none_found["times"], 1)

    def test_this_boot_is_remembered(self):
        first = self.report("--expect", "1")
        second = self.report("--expect", "1")

        def since(report):
            return {f["code"]: f["since"] for f in report["findings"] if "since" in f}
        self.assertTrue(since(first))
        self.assertEqual(since(first), since(second))

    def test_what_another_expectation_found_is_not_as_last_seen(self):
        fresh = self.report("--expect", "max")["verdict"]
        self.state_file.unlink()
        self.report("--expect", "4")
        report = self.report("--expect", "max")
        self.assertEqual(report["verdict"], fresh)
        self.assertNotIn("as last seen", json.dumps(report))

    def test_what_only_the_expectation_changed_neither_came_nor_went(self):
        for expect in ("4", "auto", "4"):
            report = self.report("--expect", expect)
        self.assertNotIn("comes and goes", json.dumps(report))
        self.assertEqual(self.findings(report, "pci.none-found")[0]["times"], 1)

    def test_a_configuration_that_judges_otherwise_begins_anew(self):
        def times():
            return self.findings(self.report("--expect", "1"), "pci.none-found")[0]["times"]
        times()
        state = self.kept_state()
        for episode in state["history"]["episodes"]:
            episode["times"] = 4
        self.put_state(state)
        self.configure(valid_for_s=1200)
        self.assertEqual(times(), 4)
        self.configure(set_aside=["0000:90:1b.0"])
        self.assertEqual(times(), 1)
        self.assertEqual(self.kept_state()["judged_by"]["set_aside"], ["0000:90:1b.0"])

    def test_a_state_of_a_version_that_did_not_say_by_what_it_judged_is_kept(self):
        first = self.findings(self.report("--expect", "1"), "pci.none-found")[0]
        state = self.kept_state()
        del state["judged_by"]
        state["history"]["episodes"][0]["times"] = 4
        self.put_state(state)
        again = next(f for f in self.report("--expect", "1")["findings"] if f.get("times") == 4)
        self.assertEqual(again["since"], first["since"])

    def test_a_device_once_seen_is_missed(self):
        self.report()
        state = self.kept_state()
        self.put_state({**state, "devices": ["0000:00:06.0"]})
        report = self.report()
        self.assertIn("0000:00:06.0", [f["subject"] for f in report["findings"]])
        self.assertEqual(self.kept_state()["devices"], ["0000:00:06.0"])

    def test_a_state_that_cannot_be_written_is_no_error(self):
        (self.directory / "file").write_text("")
        self.configure(state_directory=str(self.directory / "file" / "below"))
        run = self.once("--format", "json")
        self.report_of(run)
        self.assertIn("state was not saved", run.stderr)


if __name__ == "__main__":
    unittest.main()
