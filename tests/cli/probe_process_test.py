"""What a probe's process is given: no secret, no more rights, descriptors or room than it needs."""

import os
import unittest

from efa_doctor import environment, write
from fake_probes import DONE, FakeProbes, saying

SECRET = "correct-horse-battery-staple"
# a fact for each property of the process
SELF = """#!/usr/bin/python3 -IS
import json, os, resource
def say(name, value):
    print(json.dumps({"set": name, "value": value}))
def limit(kind):
    return [n if n != resource.RLIM_INFINITY else -1 for n in resource.getrlimit(kind)]
say("environment", dict(os.environ))
say("leads_its_session", os.getsid(0) == os.getpid() == os.getpgid(0))
say("limits", {"core": limit(resource.RLIMIT_CORE), "file": limit(resource.RLIMIT_FSIZE),
               "descriptors": limit(resource.RLIMIT_NOFILE), "memory": limit(resource.RLIMIT_AS)})
say("stdin", os.readlink("/proc/self/fd/0"))
links = {}
for fd in os.listdir("/proc/self/fd"):
    try:
        links[fd] = os.readlink("/proc/self/fd/" + fd)
    except OSError:
        pass
say("descriptors", links)
say("status", dict(l.split(":\\t", 1) for l in open("/proc/self/status").read().splitlines()
                   if ":\\t" in l))
print('{"done":true}')
"""
# what capabilities(7) calls CAP_DAC_READ_SEARCH and CAP_SYSLOG
MAY_BE_KEPT_BY_LOG = 1 << 2 | 1 << 34


class ProbeProcess(FakeProbes):
    def of(self, name, **options):
        self.replace_probe(name, SELF)
        report = self.report(**options)
        self.assertEqual(self.probe(report, name)["status"], "ok")
        return report["facts"][name], report

    def test_the_callers_environment_is_not_passed_on(self):
        secrets = {"AWS_SECRET_ACCESS_KEY": SECRET, "LD_PRELOAD_X": SECRET,
                   "FI_PROVIDER": SECRET, "RDMAV_FORK_SAFE": SECRET, "HOME": SECRET}
        facts, report = self.of("log", env=environment(**secrets))
        known = {"PATH", "LC_ALL", "ASAN_OPTIONS", "LC_CTYPE"}  # Python adds the last
        self.assertEqual(set(facts["environment"]) - known, set())
        self.assertEqual(facts["environment"]["LC_ALL"], "C")
        self.assertNotIn(SECRET, str(report))
        self.assertNotIn(SECRET, (self.state / "report.json").read_text())

    def test_it_leads_a_session_of_its_own(self):
        self.assertTrue(self.of("log")[0]["leads_its_session"])

    def test_its_limits_are_set(self):
        limits = self.of("log")[0]["limits"]
        self.assertEqual(limits["core"], [0, 0])
        self.assertEqual(limits["file"], [16 << 20, 16 << 20])
        self.assertLessEqual(max(limits["descriptors"]), 4096)

    def test_it_holds_only_the_standard_descriptors(self):
        with open(self.config) as extra:
            os.set_inheritable(extra.fileno(), True)
            facts, _ = self.of("log", pass_fds=[extra.fileno()])
        self.assertEqual(facts["stdin"], "/dev/null")
        links = sorted(facts["descriptors"].values())
        self.assertEqual([link.split(":")[0] for link in links], ["/dev/null", "pipe", "pipe"])

    def test_it_keeps_no_right_that_it_does_not_need(self):
        status = self.of("log")[0]["status"]
        for kind in ("CapEff", "CapPrm", "CapInh"):
            self.assertEqual(int(status[kind], 16) & ~MAY_BE_KEPT_BY_LOG, 0, kind)
        self.assertEqual(status["NoNewPrivs"], "1")
        self.restore_probe("log")
        status = self.of("net")[0]["status"]
        self.assertEqual({int(status[kind], 16) for kind in ("CapEff", "CapPrm", "CapInh")}, {0})


class SiteProbes(FakeProbes):
    def site(self, name, script, mode=0o755):
        return write(self.site_probes / name, script, mode)

    def test_a_critical_finding_of_a_site_makes_the_node_unhealthy(self):
        finding = ('{"finding":{"code":"site.gpu-count","result":"fail","severity":"critical",'
                   '"subject":"node","message":"7 of 8 GPUs","remedy":"Replace it.",'
                   '"command":"nvidia-smi -L"}}')
        self.site("gpus", saying(finding, '{"set":"gpus","value":7}', DONE))
        report = self.timed_report()
        self.assertEqual((report["verdict"], report["root_causes"]),
                         ("unhealthy", ["site.gpu-count"]))
        self.assertEqual(report["facts"]["site:gpus"], {"gpus": 7})
        remedy = self.findings(report, "site.gpu-count")[0]["remedy"]
        self.assertEqual((remedy["text"], remedy["command"]), ("Replace it.", "nvidia-smi -L"))

    def test_a_malformed_finding_is_told_and_the_others_are_kept(self):
        self.site("mixed", saying(
            '{"finding":{"code":"pci.none-found","result":"fail"}}',
            '{"finding":{"code":"site.a","result":"broken"}}',
            '{"finding":{"code":"site.b","result":"fail","severity":"awful"}}',
            '{"finding":{"code":"site.c","result":"fail","subject":""}}',
            '{"finding":"site.d"}',
            '{"finding":{"code":"site.e","result":"fail","severity":"info"}}', DONE))
        report = self.timed_report()
        self.assertEqual(len(self.findings(report, "probe.malformed-finding")), 5)
        self.assertEqual([f["code"] for f in report["findings"] if f["code"].startswith("site.")],
                         ["site.e"])

    def test_what_others_may_write_is_not_run(self):
        self.site("open", saying('{"set":"ran","value":true}', DONE), mode=0o777)
        report = self.timed_report()
        self.assert_ended(report, "site:open", "denied", "may be written by users other")
        self.assertNotIn("ran", str(report["facts"]))

    def test_what_others_may_replace_is_not_run_either(self):
        elsewhere = write(self.directory / "elsewhere/script",
                          saying('{"set":"ran","value":true}', DONE), 0o755)
        self.site_probes.mkdir()
        (self.site_probes / "linked").symlink_to(elsewhere)
        for directory in (elsewhere.parent, self.site_probes):
            directory.chmod(0o777)
            self.assert_ended(self.timed_report(), "site:linked", "denied",
                              "may be written by users other")
            directory.chmod(0o755)
        self.assertEqual(self.timed_report()["facts"]["site:linked"], {"ran": True})

    def test_a_flood_of_findings_is_bounded(self):
        finding = '{"finding":{"code":"site.x","result":"fail","subject":"y"}}'
        self.site("many", saying(*[finding] * 300, DONE))
        self.assertEqual(len(self.findings(self.timed_report(), "site.x")), 200)

    def test_a_finding_without_a_remedy_or_a_message_is_one(self):
        self.site("terse", saying('{"finding":{"code":"site.x","result":"fail"}}', DONE))
        finding, = self.findings(self.timed_report(), "site.x")
        self.assertEqual((finding["severity"], finding["subject"]), ("warning", "node"))
        self.assertRegex(self.once().stdout, "(?m)^WARNING   site.x$")

    def test_what_is_not_executable_is_no_probe(self):
        self.site("README", "how to\n", mode=0o644)
        (self.site_probes / "directory").mkdir()
        (self.site_probes / "dangling").symlink_to("/nonexistent")
        report = self.timed_report()
        names = [probe["name"] for probe in report["probes"]]
        self.assertEqual([name for name in names if name.startswith("site:")], [])

    def test_one_that_hangs_is_told_as_ours_are(self):
        self.site("slow", saying('{"doing":"ask the tape robot"}') + "exec sleep 60\n")
        report = self.timed_report()
        self.assert_ended(report, "site:slow", "timed_out")
        self.assertEqual(self.probe(report, "site:slow")["step"], "ask the tape robot")

    def test_none_is_run_on_another_machines_files(self):
        self.site("gpus", saying(DONE))
        report = self.timed_report("--sysroot", self.synthetic_node("c5n.18xlarge"))
        self.assertNotIn("site:gpus", report["facts"])


if __name__ == "__main__":
    unittest.main()
