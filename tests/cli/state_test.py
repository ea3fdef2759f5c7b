"""What passes leave for each other in state.json."""

import concurrent.futures
import json
import unittest

from efa_doctor import Case

LAST_BOOT = "00000000-0000-4000-8000-000000000000"


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
        self.assertIn("state was not kept", run.stderr)


if __name__ == "__main__":
    unittest.main()
