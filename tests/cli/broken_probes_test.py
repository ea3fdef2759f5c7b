"""A probe that crashes, ends early or speaks no protocol is a finding; the pass goes on."""

import unittest

from efa_doctor import write
from fake_probes import BUILT_IN, DONE, EXECUTED, SHELL, FakeProbes, saying

LOADER = ("probe-fabric: error while loading shared libraries: libfabric.so.1: cannot open shared "
          "object file: No such file or directory")


class BrokenProbes(FakeProbes):
    deadline_ms = 5000  # no one waits for it

    def assert_rest_is_fine(self, report, *broken):
        for probe in report["probes"]:
            if probe["name"] not in broken and not probe["name"].startswith("fabric"):
                self.assertEqual(probe["status"], "ok", probe)

    def test_each_way_to_end_early_is_told(self):
        self.replace_probe("log", saying('{"doing":"a","subject":"b"}') + "kill -SEGV $$\n")
        self.replace_probe("jobs", SHELL + "echo 'out of luck' >&2\nexit 1\n")
        self.replace_probe("limits", SHELL + "exit 0\n")
        self.replace_probe("fabric", SHELL + f"echo '{LOADER}' >&2\nexit 127\n")
        self.remove_probe("topology")
        self.replace_probe("cloud", saying(DONE), mode=0o644)
        self.replace_probe("software", "#!/nonexistent/interpreter\n")
        report = self.timed_report()
        self.assert_ended(report, "log", "crashed", "signal 11")
        self.assertEqual(self.probe(report, "log")["step"], "a")
        self.assert_ended(report, "jobs", "failed", "exit code 1: out of luck")
        self.assert_ended(report, "limits", "failed", "exit code 0 without finishing its output")
        self.assertEqual(self.probe(report, "fabric")["status"], "unavailable")
        self.assertIn(LOADER, self.probe(report, "fabric")["detail"])
        self.assert_ended(report, "topology", "unavailable", "No such file")
        self.assert_ended(report, "cloud", "denied", "Permission denied")
        self.assert_ended(report, "software", "failed", "No such file")
        self.assert_rest_is_fine(report, "log", "jobs", "limits", "topology", "cloud",
                                 "software")

    def test_each_breach_of_the_protocol_is_told(self):
        self.replace_probe("log", saying('{"set":"total","value":1}', "{nonsense", DONE))
        self.replace_probe("jobs", SHELL + r"""printf '{"set":"x","value":"\377"}\n'""" + "\n" +
                           f"echo '{DONE}'\n")
        self.replace_probe("limits", saying("[" * 200 + "]" * 200, DONE))
        self.replace_probe("software", saying('{"set":"libraries","value":"many"}', DONE))
        self.replace_probe("net", SHELL + "exec head -c 3000000 /dev/zero\n")
        self.replace_probe("cloud", saying("7", DONE))
        report = self.timed_report()
        self.assert_ended(report, "log", "failed", "line 2 is not a JSON object")
        self.assertEqual(report["facts"]["log"]["total"], 1)
        self.assert_ended(report, "jobs", "failed", "line 1 is not a JSON object")
        self.assert_ended(report, "limits", "failed", "line 1 is not a JSON object")
        self.assert_ended(report, "software", "failed", "wrong type at 'libraries'")
        self.assert_ended(report, "net", "failed", "longer than 1 MiB")
        self.assert_ended(report, "cloud", "failed", "line 1 is not a JSON object")
        self.assert_rest_is_fine(report, "log", "jobs", "limits", "software", "net", "cloud")

    def test_an_endless_output_is_cut_off_before_the_deadline(self):
        line = '{"look":"' + "x" * 100_000 + '"}'
        self.replace_probe("jobs", SHELL + "exec tr '\\0' ' ' </dev/zero\n")
        self.replace_probe("net", SHELL + f"while :; do echo '{line}'; done\n")
        report = self.timed_report()
        self.assert_ended(report, "jobs", "failed", "longer than 1 MiB")
        self.assert_ended(report, "net", "failed", "larger than 8 MiB")

    def test_a_flood_on_standard_error_is_bounded_and_harmless(self):
        self.replace_probe("log", SHELL + "yes complaint | head -c 5000000 >&2\n" +
                           f"echo '{DONE}'\n")
        report = self.timed_report()
        self.assertEqual(self.probe(report, "log")["status"], "ok")
        self.assertLessEqual(len(self.probe(report, "log")["stderr"]), 16384)

    def test_words_of_a_probe_do_not_steer_the_terminal(self):
        self.replace_probe("log", SHELL + r"printf '\033[2J\377bad\n' >&2" + "\nexit 2\n")
        run = self.once()
        self.assertNotIn("\x1b", run.stdout)
        self.assert_valid(self.report())

    def test_a_node_is_never_healthy_when_what_decides_was_not_seen(self):
        root = self.synthetic_node("c5n.18xlarge")
        self.assertEqual(self.report("--sysroot", root)["verdict"], "healthy")
        for name in ("pci", "kernel", "rdma"):
            for fault in (SHELL + "kill -SEGV $$\n", saying(DONE), saying("nonsense")):
                with self.subTest(probe=name, fault=fault):
                    self.replace_probe(name, fault)
                    report = self.timed_report("--sysroot", root)
                    self.assertEqual(report["verdict"], "unknown")
                    self.restore_probe(name)

    def test_a_crash_beside_what_decides_is_degraded(self):
        root = self.synthetic_node("c5n.18xlarge")
        for name in ("net", "limits", "software", "log", "jobs", "topology"):
            with self.subTest(probe=name):
                self.replace_probe(name, SHELL + "kill -SEGV $$\n")
                report = self.timed_report("--sysroot", root)
                self.assertEqual((report["verdict"], report["root_causes"]),
                                 ("degraded", ["probe.crashed"]))
                self.restore_probe(name)

    def test_one_that_may_not_be_executed_is_told(self):
        for name in ("pci", "kernel", "rdma"):
            self.replace_probe(name, saying(DONE), 0o644)
        report = self.timed_report()
        self.assertEqual(report["verdict"], "unknown")
        for name in ("pci", "kernel", "rdma"):
            self.assertEqual(self.probe(report, name)["status"], "denied", name)

    def test_a_library_that_is_missing_is_not_the_metadata_services_fault(self):
        self.configure(deadline_ms=self.deadline_ms, **{"metadata.endpoint": "http://127.0.0.1:9"})
        (self.libexec / "http.so").unlink()
        report = self.timed_report()
        self.assert_ended(report, "cloud", "unavailable", "http.so: cannot open")
        self.assertEqual(report["facts"]["cloud"].get("metadata_status", "not-asked"), "not-asked")

    def test_what_an_older_version_left_is_not_run(self):
        for name in BUILT_IN:
            write(self.libexec / f"probe-{name}", SHELL + "kill -SEGV $$\n", 0o755)
        report = self.timed_report()
        for name in BUILT_IN:
            self.assertEqual(self.probe(report, name)["status"], "ok", name)

    def test_without_its_executables_the_agent_asks_what_is_built_in(self):
        for probe in list(self.libexec.iterdir()):
            probe.unlink()
        report = self.timed_report()
        for name in EXECUTED:
            self.assertEqual(self.probe(report, name)["status"], "unavailable", name)
        for name in BUILT_IN:
            self.assertEqual(self.probe(report, name)["status"], "ok", name)


if __name__ == "__main__":
    unittest.main()
