"""A probe that hangs costs neither the pass its deadline nor its neighbours their answers."""

import json
import pathlib
import unittest

from fake_probes import DONE, SHELL, FakeProbes, saying, still_runs

BOOT_ID = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()


class HangingProbes(FakeProbes):
    def pids_told(self, report, *names):
        return [int(report["facts"][name]["pid"]) for name in names]

    def test_each_way_to_hang_is_told_and_ended_in_one_pass(self):
        mine = """echo '{"set":"pid","value":"'$$'"}'\n"""
        self.replace_probe("log", SHELL + mine + "exec sleep 60\n")
        self.replace_probe("jobs", saying('{"doing":"read it","subject":"0000:00:06.0"}') + mine +
                           "exec sleep 60\n")
        self.replace_probe("limits", SHELL + "trap '' TERM INT HUP\n" + mine +
                           "while :; do sleep 1; done\n")
        self.replace_probe("software", SHELL + mine + "kill -STOP $$\n")
        self.replace_probe("net", SHELL + mine + "exec >&-\nexec sleep 60\n")
        self.replace_probe("cloud", SHELL + mine + f"echo '{DONE}'\nexec sleep 60\n")
        report = self.timed_report()
        self.assert_ended(report, "log", "timed_out", "killed at the deadline")
        self.assert_ended(report, "jobs", "timed_out", "killed at the deadline")
        jobs = self.probe(report, "jobs")
        self.assertEqual((jobs["step"], jobs["subject"]), ("read it", "0000:00:06.0"))
        self.assertIn("read it of 0000:00:06.0", [f["message"] for f in self.findings(
            report, "probe.timed-out") if f["subject"] == "jobs"][0])
        self.assert_ended(report, "limits", "timed_out", "killed at the deadline")
        self.assert_ended(report, "software", "timed_out", "killed at the deadline")
        self.assert_ended(report, "net", "timed_out", "did not exit")
        self.assertEqual(self.probe(report, "cloud")["status"], "ok")
        for name in ("pci", "kernel", "rdma", "topology"):
            self.assertEqual(self.probe(report, name)["status"], "ok", name)
        self.assertIn("release", report["facts"]["kernel"])
        for pid in self.pids_told(report, "log", "jobs", "limits", "software", "net", "cloud"):
            self.assertFalse(still_runs(pid), pid)

    def test_what_a_probe_said_before_it_hung_is_kept(self):
        self.replace_probe("kernel", saying('{"set":"release","value":"6.1.0-said"}') +
                           "exec sleep 60\n")
        report = self.timed_report()
        self.assert_ended(report, "kernel", "timed_out")
        self.assertEqual(report["node"]["kernel"], "6.1.0-said")

    def test_a_verdict_counts_for_this_boot_where_the_kernel_probe_does_not_name_it(self):
        for script in (SHELL + "exec sleep 60\n", saying(DONE), SHELL + "exit 3\n"):
            self.replace_probe("kernel", script)
            self.timed_report()
            health = json.loads((self.run_directory / "health.json").read_text())
            self.assert_valid(health, "health")
            self.assertEqual(health["boot_id"], BOOT_ID)
            run = self.efa_doctor("status")
            self.assertEqual(run.returncode, health["exit_code"])
            self.assertNotIn("another boot", run.stdout)

    def test_many_that_linger_after_their_output_do_not_add_up(self):
        linger = saying(DONE) + "exec sleep 60\n"
        for name in ("log", "jobs", "limits", "software", "net", "cloud", "topology"):
            self.replace_probe(name, linger)
        report = self.timed_report()
        self.assertEqual({probe["status"] for probe in report["probes"]}, {"ok"})
        again = self.timed_report()
        self.assertEqual(self.findings(again, "probe.still-hanging"), [])

    def test_what_a_probe_started_ends_with_it(self):
        child = """sleep 60 >/dev/null 2>&1 &\necho '{"set":"pid","value":"'$!'"}'\n"""
        self.replace_probe("log", SHELL + child + f"echo '{DONE}'\n")
        self.replace_probe("jobs", SHELL + child + "exit 3\n")
        self.replace_probe("net", SHELL + child + "exec sleep 60\n")
        report = self.timed_report()
        for pid in self.pids_told(report, "log", "jobs", "net"):
            self.assertFalse(still_runs(pid), pid)

    def test_a_child_that_holds_the_output_open_hangs_its_probe(self):
        self.replace_probe("log", saying('{"doing":"x"}') + "sleep 60 &\nexit 0\n")
        report = self.timed_report()
        self.assert_ended(report, "log", "timed_out")
        self.assertEqual(self.probe(report, "log")["step"], "x")

    def test_a_node_that_could_not_be_seen_for_hanging_is_unknown(self):
        root = self.synthetic_node("c5n.18xlarge")
        for name in ("pci", "kernel", "rdma"):
            self.replace_probe(name, SHELL + "exec sleep 60\n")
        report = self.timed_report("--sysroot", root)
        self.assertEqual(report["verdict"], "unknown")
        for name in ("pci", "kernel", "rdma"):
            self.assert_ended(report, name, "timed_out")


if __name__ == "__main__":
    unittest.main()
