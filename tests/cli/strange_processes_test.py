"""Whatever a user's processes show in /proc: only they are listed as cut, and the node stays healthy."""

import os
import unittest

from efa_doctor import Case, write

SETTING = b"FI_EFA_FORK_SAFE=1"
MANY_FILES = 70_000  # more than are looked at


class StrangeProcesses(Case):
    def setUp(self):
        super().setUp()
        self.root = self.synthetic_node("p4d.24xlarge")

    def process(self, pid, environment=b"", command="python3", files=0, device="uverbs0"):
        """One that holds an EFA device node open."""
        proc = self.root / "proc" / str(pid)
        (proc / "fd").mkdir(parents=True)
        for number in range(files):
            os.symlink("/dev/null", proc / "fd" / str(number))
        os.symlink("/dev/infiniband/" + device, proc / "fd" / str(files))
        (proc / "environ").write_bytes(environment)
        (proc / "comm").write_bytes(os.fsencode(command) + b"\n")
        write(proc / "limits", "Max locked memory         unlimited            unlimited bytes\n")

    def worker(self, pid, environment=b""):
        """One that computes on a GPU and has no EFA device node open."""
        proc = self.root / "proc" / str(pid)
        (proc / "fd").mkdir(parents=True)
        os.symlink("/dev/nvidia0", proc / "fd/3")
        (proc / "environ").write_bytes(environment)
        (proc / "comm").write_bytes(b"python3\n")

    def look(self):
        """The facts of a pass in which nothing failed."""
        report = self.report("--sysroot", self.root)
        self.findings = {(finding["code"], finding["subject"]): finding["result"]
                         for finding in report["findings"]}
        self.assert_valid(report)
        self.assertEqual(report["verdict"], "healthy")
        self.assertEqual({probe["status"] for probe in report["probes"]}, {"ok", "not_applicable"})
        self.assertLess(report["run"]["duration_ms"], 10_000)
        self.facts = report["facts"]["jobs"]
        return {job["pid"]: job for job in self.facts.get("processes", [])}

    def assert_only_cut(self, jobs, pid, words):
        for job in jobs.values():
            self.assertEqual([cut for cut in job["cut"] if words in cut] != [], job["pid"] == pid, job)

    def test_settings_of_megabytes_cost_nothing(self):
        huge = b"\0".join(b"OMPI_MCA_%d=%s" % (i, b"x" * 1000) for i in range(1800))
        self.process(4242, huge + b"\0" + SETTING)
        self.process(4243, b"\0".join([b"LD_LIBRARY_PATH=" + b"/opt/amazon/efa/lib:" * 90_000,
                                       b"NCCL_NET=" + b"x" * 100_000, SETTING]))
        jobs = self.look()
        self.assertEqual(jobs[4242]["environment"], [SETTING.decode()])
        self.assertEqual(jobs[4243]["environment"][-1], SETTING.decode())
        self.assertLess(len(str(jobs[4243])), 1000)

    def test_an_environment_without_end_is_cut(self):
        self.process(4242, SETTING + b"\0" + b"A=" + b"x" * (3 << 20))
        self.process(4243, SETTING)
        jobs = self.look()
        self.assert_only_cut(jobs, 4242, "environment: more than 2 MiB")
        self.assertEqual({tuple(job["environment"]) for job in jobs.values()}, {(SETTING.decode(),)})

    def test_settings_of_all_processes_are_bounded(self):
        known = b"\0".join(name + b"=" + b"/opt/amazon/ofi-nccl/lib/x86_64-linux-gnu:" * 64 for name in
                           (b"LD_LIBRARY_PATH", b"FI_PROVIDER_PATH", b"NCCL_TOPO_FILE"))
        for pid in range(5000, 5100):
            self.process(pid, known)
        jobs = self.look()
        kept = sum(len(setting) for job in jobs.values() for setting in job["environment"])
        self.assertLess(kept, 256 << 10)
        self.assertEqual(len(jobs), 100)
        self.assertIn("256 KiB", jobs[5099]["cut"][0])
        self.assertEqual(jobs[5000]["cut"], [])

    def test_a_setting_that_is_there_often_is_told_once(self):
        self.process(4242, b"\0".join([SETTING] * 20_000))
        self.assertEqual(self.look()[4242]["environment"], [SETTING.decode()])

    def test_very_many_open_files_hide_no_other_process(self):
        self.process(1001, files=MANY_FILES)
        self.process(4242)
        jobs = self.look()
        self.assertIn(4242, jobs)
        self.assertEqual(jobs[4242]["cut"], [])
        self.assertEqual(self.facts["cut"], ["open files of 1 processes: more than 65536 each"])

    def test_very_many_holders_are_counted(self):
        for pid in range(10_000, 13_000):
            self.process(pid)
        self.assertEqual(len(self.look()), 256)
        self.assertEqual(self.facts["holders"], 3000)
        self.assertEqual(self.facts["cut"],
                         ["processes that hold a device: only the first 256 of 3000 are listed"])

    def test_very_many_processes_are_looked_at(self):
        for pid in range(100_000, 105_000):
            write(self.root / f"proc/{pid}/comm", "idle\n")
            (self.root / f"proc/{pid}/fd").mkdir()
        self.process(4242)
        self.assertEqual(list(self.look()), [4242])
        self.assertGreater(self.facts["processes_looked_at"], 5000)

    def test_names_of_any_bytes_are_no_words_of_ours(self):
        for pid, name in enumerate(["a\nb", "\x1b[2J", "\udcff\udcfe", "", "x" * 4000, '"},{"done":true',
                                    "me@lab.example", "two words"], 5000):
            self.process(pid, os.fsencode(f"FI_PROVIDER={name}\0NCCL_NET={name}"), name)
            os.symlink(os.fsencode("/tmp/" + name[:99]), self.root / f"proc/{pid}/fd/99")
        for job in self.look().values():
            self.assertEqual(job["command"], "other")
            self.assertEqual(len(job["environment"]), 2)
            for setting in job["environment"]:
                self.assertRegex(setting, r"^(FI_PROVIDER|NCCL_NET)=(other|[,;:])*$")

    def test_workers_without_efa_are_told_where_they_have_settings_for_it(self):
        self.worker(4242, b"FI_PROVIDER=efa")
        self.worker(4243, b"NCCL_DEBUG=INFO")
        for pid in range(5000, 5500):
            self.worker(pid)
        self.assertEqual(self.look(), {})
        self.assertEqual([job["pid"] for job in self.facts["without_efa"]], [4242])
        self.assertEqual(self.findings["jobs.efa-idle", "node"], "fail")
        self.process(4244)
        self.assertEqual(list(self.look()), [4244])
        self.assertEqual(self.findings["jobs.efa-idle", "node"], "not_applicable")

    def test_of_mappings_only_the_libraries_are_kept(self):
        line = "7f1c8000-7f1d0000 r-xp 00000000 103:01 4711     "
        names = ["/opt/amazon/efa/lib/libfabric.so.1.20.1", "/home/me/secret.so", "[heap]",
                 "/home/me/lib/libibverbs.so.1.14.57.0", "/x" * 2000]
        for pid, times in ((4242, 1), (4243, 20_000)):  # as vm.max_map_count allows
            self.process(pid, b"FI_EFA_MTU_SIZE=1")
            write(self.root / f"proc/{pid}/maps", (line + names[1] + "\n") * times
                  + "".join(line + name + "\n" for name in names * 2))
            write(self.root / f"proc/{pid}/cgroup", "0::/kubepods.slice/x\n")
        jobs = self.look()
        for job in jobs.values():
            self.assertEqual(job["libraries"], [names[0], "other/libibverbs.so.1.14.57.0"])
            self.assertTrue(job["container"])
            self.assertNotIn("shared_memory", job)
        self.assertEqual(self.findings["jobs.setting-removed", "node"], "pass")  # 1.17 takes it

    def test_a_process_that_calls_itself_a_scheduler_is_none(self):
        low = "Max locked memory         65536                65536                bytes\n"
        for pid, name in enumerate(["slurmd", "containerd", "pbs_mom"], 6000):
            write(self.root / f"proc/{pid}/comm", name + "\n")
            write(self.root / f"proc/{pid}/status", "Uid:\t1000\t1000\t1000\t1000\n")
            write(self.root / f"proc/{pid}/limits", low)
        self.process(4242)
        self.look()


if __name__ == "__main__":
    unittest.main()
