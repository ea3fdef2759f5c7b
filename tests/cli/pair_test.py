"""efa-doctor pair: what is said of two nodes whose devices reach each other, and do not."""

import ctypes
import resource
import subprocess
import time
import unittest

from efa_doctor import ENOUGH_S, LIBEXEC, USAGE, write
from pair_case import DEVICES, TOKEN, PairCase


class HealthyTest(PairCase):
    def test_all_pairs_work_and_are_measured(self):
        self.server()
        report = self.ask()
        self.assertEqual((report["verdict"], report["summary"]),
                         ("healthy", f"{DEVICES} of {DEVICES} pairs of devices work"), report["findings"])
        for pair in report["pairs"]:
            self.assertEqual(pair["state"], "ok")
            self.assertEqual(pair["own"]["address"], pair["other"]["address"], "rail to rail")
            self.assertGreater(pair["messages"], 20)
            small, middle, large = pair["figures"]
            self.assertLessEqual(small["latency"]["least_ns"], small["latency"]["median_ns"])
            self.assertLessEqual(small["latency"]["median_ns"], small["latency"]["p99_ns"])
            self.assertEqual([figure["way"] for figure in (small, middle, large)], ["write"] * 3)
            self.assertNotIn("latency", large)
            self.assertGreater(large["bits_per_second"], small["bits_per_second"])
        self.assertIn(f"{DEVICES} of {DEVICES} pairs of devices work", self.server_said())
        self.assertNotIn(TOKEN, self.server_said())

    def test_without_rdma_messages_are_sent(self):
        self.server(faults={"writes": False})
        for pair in self.ask()["pairs"]:
            small, middle, large = pair["figures"]
            self.assertEqual((small["way"], middle["way"]), ("send", "send"))
            self.assertIn("not_taken", large)

    def test_text_for_a_person(self):
        self.server("--once")
        client = self.start(0, "client", "127.0.0.1", "--seconds", "1", stdin=subprocess.PIPE)
        out, _ = client.communicate(TOKEN + "\n", timeout=ENOUGH_S)
        self.assertEqual(client.returncode, 0, out)
        self.assertTrue(out.startswith(f"HEALTHY  {DEVICES} of {DEVICES} pairs of devices work\n"), out)
        self.assertNotIn(TOKEN, out)
        self.assertNotIn("###", out, "bars are for terminals")
        self.assertIn("1 MiB write: ", out)

    def test_a_server_may_serve_once_with_a_token_of_its_own(self):
        server = self.start(1, "server", "--bind", "127.0.0.1", "--once")
        lines = [server.stdout.readline() for _ in range(2)]
        token = write(self.directory / "printed", lines[1].removeprefix("token: "))
        self.assertEqual(self.ask(token=token)["verdict"], "healthy")
        self.assertEqual(server.wait(timeout=ENOUGH_S), 0)

    def test_one_device_of_each(self):
        self.server()
        report = self.ask("--device", self.names[1])
        self.assertEqual([(pair["own"]["name"], pair["other"]["rail"]) for pair in report["pairs"]],
                         [(self.names[1], 1)])
        client = self.start_client("--device", "none-such")
        self.assertEqual((client.wait(timeout=ENOUGH_S), client.stdout.read()), (USAGE, ""))


class WithoutLibraryTest(PairCase):
    def test_one_that_is_missing_is_named(self):
        program = self.directory / "libexec/efa-doctor/data-pair"
        program.unlink()
        program.write_bytes((LIBEXEC / "data-pair").read_bytes().replace(b"libibverbs.so.1\0", b"libibverbz.so.1\0"))
        program.chmod(0o755)
        server = self.start(0, "server")
        err = server.communicate(timeout=ENOUGH_S)[1]
        self.assertIn("libibverbz.so.1, which is not installed", err)
        self.assertEqual(server.returncode, 3)


class FaultTest(PairCase):
    def first_only(self, **faults):
        return {"device": self.names[0], **faults}

    def assert_first_fails(self, faults, code, words, *, of=0):
        """Of the client (0) or the server; the other pair works."""
        server = self.server(faults=self.first_only(**faults) if of else None)
        report = self.ask(faults=None if of else self.first_only(**faults))
        finding = self.assert_cause(report, code)
        self.assertIn(words, finding["message"])
        self.assertEqual([pair["state"] for pair in report["pairs"]], ["fails", "ok"])
        self.stop(server)
        return report

    def test_what_does_not_arrive_names_the_way(self):
        for status in (13, 15):
            words = f"vendor_err {status} "
            report = self.assert_first_fails({"status": status}, "pair.unreachable", words)
            self.assertIn("likely the way there", report["findings"][3]["message"])
            self.assert_first_fails({"status": status, "arrives": True}, "pair.unreachable", "likely the way back")
        self.assert_first_fails({"silent": True}, "pair.unreachable", "no completion in time")

    def test_what_the_device_says(self):
        for status, code in ((9, "pair.wrong-queue"), (10, "pair.not-ready"),
                             (18, "pair.version-mismatch"), (2, "pair.fails")):
            self.assert_first_fails({"status": status}, code, f"vendor_err {status} ")

    def test_what_is_lost_midway(self):
        self.assert_first_fails({"status": 13, "after": 40}, "pair.lost-midway", "messages had arrived")
        self.assert_first_fails({"status": 13, "after": 40}, "pair.lost-midway", "on the other node", of=1)
        self.assert_first_fails({"silent": True, "after": 40}, "pair.lost-midway", "no completion")

    def test_other_bytes(self):
        self.assert_first_fails({"corrupts": True}, "pair.corrupt", "other bytes")
        self.assert_first_fails({"loses": True}, "pair.corrupt", "received nothing")

    def test_what_cannot_be_set_up(self):
        self.assert_first_fails({"fails": "ibv_create_ah", "os_error": 22}, "pair.address-refused", "GID")
        self.assert_first_fails({"fails": "ibv_alloc_pd", "os_error": 5}, "pair.cannot-create", "this node")
        self.assert_first_fails({"fails": "ibv_alloc_pd", "os_error": 5}, "pair.cannot-create",
                                "the other node", of=1)

    def test_locked_memory(self):
        self.server()

        def lock_little():
            pr_capbset_drop, cap_ipc_lock = 24, 14
            ctypes.CDLL(None).prctl(pr_capbset_drop, cap_ipc_lock)
            resource.setrlimit(resource.RLIMIT_MEMLOCK, (4096, 4096))

        client = self.start(0, "client", "127.0.0.1", "--token-file", self.token, "--format", "json",
                            faults=self.first_only(fails="ibv_reg_mr", os_error=12), preexec_fn=lock_little)
        finding = self.assert_cause(self.end_of(client), "pair.memlock")
        self.assertIn("4096 may be locked", finding["message"])

    def test_a_device_that_holds_its_caller(self):
        self.assert_first_fails({"hangs": "ibv_open_device"}, "pair.hang", "ibv_open_device", of=1)

    def test_a_process_that_ends(self):
        server = self.server(faults=self.first_only(ends="ibv_create_cq"))
        report = self.ask()
        finding = self.assert_cause(report, "pair.peer-gone", "degraded")
        self.assertIn("signal 6", finding["message"])
        self.assertEqual([pair["state"] for pair in report["pairs"]], ["?", "ok"])
        self.assertIsNone(server.poll())

    def test_slow_in_two_rounds(self):
        self.server()
        report = self.ask(faults=self.first_only(delay_us=5000))
        self.assert_cause(report, "pair.slow", "degraded")
        self.assertEqual([pair["state"] for pair in report["pairs"]], ["slow", "ok"])

    def start_job(self):
        process = self.roots[1] / "proc/4711"
        (process / "fd").mkdir(parents=True)
        (process / "exe").symlink_to("/usr/bin/job")
        (process / "fd/5").symlink_to("/dev/infiniband/uverbs0")

    def test_a_job_that_comes_ends_the_test(self):
        self.server()
        client = self.start_client(seconds=4)
        end = time.monotonic() + ENOUGH_S
        while "tests " not in self.server_said() and time.monotonic() < end:
            time.sleep(0.02)
        time.sleep(0.5)
        self.start_job()
        finding = self.assert_cause(self.end_of(client), "pair.in-use", "degraded")
        self.assertIn("the other node was opened during the test by PID 4711", finding["message"])

    def test_a_device_in_use_is_left_alone(self):
        self.start_job()
        self.server()
        report = self.ask()
        finding = self.assert_cause(report, "pair.in-use", "degraded")
        self.assertIn("the other node is in use by PID 4711", finding["message"])


if __name__ == "__main__":
    unittest.main()
