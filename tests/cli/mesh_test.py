"""efa-doctor mesh: ranks that find each other over loopback; what they say of nodes that fail, and of
what parts nodes. Tests of two nodes are played (played_engine.h), or run on devices that are a file."""

import json
import os
import pathlib
import select
import signal
import socket
import subprocess
import threading
import time
import unittest

from efa_doctor import ENOUGH_S, USAGE, write
from pair_case import TOKEN, PairCase

UNKNOWN = 3


class MeshCase(PairCase):
    def start_rank(self, rank, ranks, *arguments, token=TOKEN, environment=None, form="json", wait=120):
        """Without --rank where the environment says which it is."""
        said = [] if environment else ["--rank", rank, "--ranks", ranks]
        process = subprocess.Popen(
            [self.binary, "--config", self.configs[min(rank, 1)], "mesh", *map(str, said), "--leader", "127.0.0.1",
             "--port", str(self.port), "--wait", str(wait), "--format", form, *map(str, arguments)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**self.environment_of(rank), "EFA_DOCTOR_MESH_TOKEN": token, **(environment or {})})
        self.addCleanup(self.stop, process)
        return process

    def environment_of(self, rank):
        return self.node_environment(min(rank, 1), {})

    def report_of(self, leader):
        out, err = leader.communicate(timeout=ENOUGH_S)
        self.assertNotIn(TOKEN, out + err)
        self.assertTrue(out, err)
        report = json.loads(out)
        self.assert_valid(report, "mesh")
        self.assertEqual(report["exit_code"], leader.returncode)
        return report

    def mesh(self, ranks, absent=(), environment=None, wait=120):
        started = [self.start_rank(rank, ranks, environment=environment and environment(rank), wait=wait)
                   for rank in range(ranks) if rank not in absent]
        report = self.report_of(started[0])
        for process in started[1:]:
            process.wait(timeout=ENOUGH_S)
        self.codes = [process.returncode for process in started[1:]]
        return report


class PlayedCase(MeshCase):
    def environment_of(self, rank):
        return {**super().environment_of(rank), "PLAYED_MESH": str(self.directory / "played.json")}

    def play(self, ranks, absent=(), environment=None, wait=120, **played):
        write(self.directory / "played.json", json.dumps(played))
        return self.mesh(ranks, absent, environment, wait)


class PlayedTest(PlayedCase):
    @staticmethod
    def indexed_job(rank):
        return {"JOB_COMPLETION_INDEX": str(rank), "EFA_DOCTOR_MESH_RANKS": "64"}

    @staticmethod
    def srun(nodes):
        return lambda rank: {
            "SLURM_JOB_ID": "9", "SLURM_PROCID": str(rank), "SLURM_STEP_NUM_TASKS": str(nodes),
            "SLURM_STEP_NUM_NODES": str(nodes), "SLURM_STEP_NODELIST": f"p5-[01-{nodes:02}]",
            "SLURMD_NODENAME": f"p5-{rank + 1:02}"}

    def test_dead_nodes_of_64_are_a_list_for_scontrol(self):
        report = self.play(64, environment=self.srun(64), dead=[3, 17, 18, 40, 63])
        self.assertEqual(report["root_causes"], ["mesh.node-fails"])
        self.assertEqual(report["hosts"]["fails"], "p5-[04,18-19,41,64]")
        self.assertEqual(len(report["findings"]), 5)
        self.assertLessEqual(report["rounds"], 5)
        self.assertEqual(set(self.codes), {0})

    def test_a_zone_parts_64_nodes(self):
        report = self.play(64, environment=self.indexed_job, zones=["use1-az1"] * 50 + ["use1-az2"] * 14)
        self.assertEqual((report["root_causes"], report["verdict"]), (["mesh.split-by-place"], "unhealthy"))
        self.assertIn("use1-az2: 14 nodes", report["findings"][0]["message"])
        self.assertNotIn("fails", report["hosts"])

    def test_all_work(self):
        report = self.play(8, environment=self.srun(8))
        self.assertEqual((report["verdict"], report["hosts"]), ("healthy", {"works": "p5-[01-08]"}))

    def test_a_name_that_no_host_has_stands_in_no_command(self):
        def named(rank):
            return {**self.srun(4)(rank), **({"SLURMD_NODENAME": "p5;reboot"} if rank == 2 else {})}
        report = self.play(4, environment=named, dead=[2])
        self.assertEqual(report["hosts"], {"fails": "p5-03", "works": "p5-[01-02,04]"})

    def test_an_absent_rank_is_named_by_its_node(self):
        report = self.play(8, absent=[5], environment=self.srun(8), wait=10)
        self.assertEqual((report["root_causes"], report["verdict"]), (["mesh.absent"], "degraded"))
        self.assertEqual(report["hosts"]["absent"], "p5-06")

    def test_ranks_that_end_are_lost_and_the_others_go_on(self):
        """They end when they lead a test: of four in the first round at least two are led by one of these."""
        ends = range(2, 8)
        report = self.play(8, environment=self.srun(8), ends=list(ends))
        self.assertEqual(report["root_causes"], ["mesh.lost"])
        lost = [node["rank"] for node in report["nodes"] if node["state"] == "lost"]
        self.assertGreaterEqual(len(lost), 2)
        self.assertLessEqual(set(lost), set(ends))
        self.assertNotIn("fails", report["hosts"])

    def test_a_version_a_slow_and_a_busy_node(self):
        report = self.play(16, drivers=["2.13.0g"] * 10 + ["1.5.0"] * 6)
        self.assertEqual(report["root_causes"], ["mesh.split-by-software"])
        report = self.play(16, environment=self.srun(16), slow=[4], busy=[7])
        self.assertEqual((report["root_causes"], report["verdict"]), (["mesh.slow"], "degraded"))
        self.assertEqual((report["hosts"]["slow"], report["hosts"]["unknown"]), ("p5-05", "p5-08"))

    def test_a_picture(self):
        write(self.directory / "played.json", json.dumps({"dead": [1]}))
        ranks = [self.start_rank(rank, 4, form="svg") for rank in range(4)]
        out, _ = ranks[0].communicate(timeout=ENOUGH_S)
        self.assertTrue(out.startswith("<svg ") and out.endswith("</svg>\n"), out)
        self.assertIn('class="fails"', out)
        self.assertEqual(ranks[0].returncode, 2)


class Relay:
    """Between a rank and rank 0: knows when it has joined, and can fall silent."""

    def __init__(self, port):
        self.leader = ("127.0.0.1", port)
        self.joined, self.silent, self.ended = threading.Event(), threading.Event(), threading.Event()
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.thread = threading.Thread(target=self.serve)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()
        self.server.close()

    def serve(self):
        self.server.settimeout(0.1)
        while not self.ended.is_set():
            try:
                rank = self.server.accept()[0]
            except TimeoutError:
                continue
            with rank:
                try:
                    leader = socket.create_connection(self.leader, timeout=ENOUGH_S)
                except OSError:
                    continue  # it is not there yet
                with leader:
                    self.carry(rank, leader)

    def carry(self, rank, leader):
        said = b""
        while not self.ended.is_set():
            readable = [] if self.silent.is_set() else select.select([rank, leader], [], [], 0.1)[0]
            for one in readable:
                data = one.recv(65536)
                if not data:
                    return
                (leader if one is rank else rank).sendall(data)
                said += data if one is rank else b""
            if any(b'"rank"' in line for line in said.split(b"\n")[:-1]):  # MeshJoin
                self.joined.set()
            self.ended.wait(0.05 if self.silent.is_set() else 0)


class ConnectionTest(PlayedCase):
    def test_a_rank_with_another_token_is_refused_and_absent(self):
        write(self.directory / "played.json", "{}")
        ranks = [self.start_rank(rank, 4, wait=10, token=TOKEN if rank != 2 else "x" * 20) for rank in range(4)]
        _, err = ranks[2].communicate(timeout=ENOUGH_S)
        self.assertEqual(ranks[2].returncode, UNKNOWN)
        self.assertIn("token", err)
        report = self.report_of(ranks[0])
        self.assertEqual(report["hosts"]["absent"], "rank-2")

    def test_one_rank_twice_is_refused(self):
        write(self.directory / "played.json", "{}")
        ranks = [self.start_rank(rank, 4, wait=30) for rank in (1, 1, 2, 3)]  # the one too many may find rank 0 gone
        leader = self.start_rank(0, 4)
        self.assertEqual(self.report_of(leader)["verdict"], "healthy")
        self.assertEqual(sorted(rank.wait(timeout=ENOUGH_S) for rank in ranks), [0, 0, 0, UNKNOWN])

    def test_ranks_that_come_all_at_once_wait_for_a_slow_rank_0(self):
        write(self.directory / "played.json", "{}")
        leader = self.start_rank(0, 400)
        self.await_members(1)
        os.kill(leader.pid, signal.SIGSTOP)
        ranks = [socket.create_connection(("127.0.0.1", self.port), timeout=ENOUGH_S) for _ in range(300)]
        self.addCleanup(lambda: [rank.close() for rank in ranks])
        os.kill(leader.pid, signal.SIGCONT)
        for rank in ranks:
            self.assertIn(b'"nonce"', rank.makefile("rb").readline())

    def test_a_rank_whose_greeting_breaks_off_tries_again(self):
        write(self.directory / "played.json", "{}")
        with socket.create_server(("127.0.0.1", self.port)) as other:
            rank = self.start_rank(1, 2)
            other.accept()[0].close()
        leader = self.start_rank(0, 2)
        self.assertEqual(self.report_of(leader)["verdict"], "healthy")
        self.assertEqual(rank.wait(timeout=ENOUGH_S), 0)

    def test_rank_0_may_come_last_and_its_end_ends_all(self):
        write(self.directory / "played.json", "{}")
        port = self.port
        with Relay(port) as relay:
            self.port = relay.port
            rank = self.start_rank(1, 3)  # the third never comes
            self.port = port
            self.start_rank(0, 3)
            self.assertTrue(relay.joined.wait(ENOUGH_S))
            relay.silent.set()  # as a machine that is gone: no end of its connections
            _, err = rank.communicate(timeout=ENOUGH_S)
        self.assertEqual(rank.returncode, UNKNOWN)
        self.assertIn("rank 0: ", err)

    def await_members(self, count):
        """Connections to rank 0's port: proc_net_tcp(5), state 01."""
        end = time.monotonic() + ENOUGH_S
        port = f":{self.port:04X}"
        while time.monotonic() < end:
            lines = [line.split() for name in ("tcp", "tcp6")
                     for line in pathlib.Path("/proc/net", name).read_text().splitlines()[1:]]
            if sum(line[1].endswith(port) and line[3] == "01" for line in lines) >= count:
                return
            time.sleep(0.02)
        self.fail("the ranks do not connect")

    def test_what_is_missing_is_said(self):
        mpirun = {"PMI_RANK": "0", "PMI_SIZE": "2"}
        for environment, arguments, words in (
                ({**mpirun, "EFA_DOCTOR_MESH_TOKEN": "short"}, (), "16 to 256 visible letters"),
                (mpirun, (), "all ranks must know one token"), ({"SLURM_JOB_ID": "1"}, (), "by srun"),
                (mpirun, ("--ranks", "1"), "from 2 to"), (mpirun, ("--sizes", "9M"), "1 to 8M")):
            done = subprocess.run([self.binary, "--config", self.configs[0], "mesh", *arguments], text=True,
                                  capture_output=True, env={**self.environment_of(0), **environment}, timeout=ENOUGH_S)
            self.assertEqual(done.returncode, USAGE, words)
            self.assertIn(words, done.stderr)


class DevicesTest(MeshCase):
    """Two ranks that move bytes: each other's device is a file."""

    def start_rank(self, rank, ranks, *arguments, **options):
        return super().start_rank(rank, ranks, "--sysroot", self.roots[rank], *arguments, **options)

    def environment_of(self, rank):
        return self.node_environment(rank, self.faults)

    faults = {}

    def test_two_nodes_work(self):
        report = self.mesh(2)
        self.assertEqual((report["verdict"], report["summary"]), ("healthy", "2 of 2 nodes work"), report)
        [meeting] = report["meetings"]
        self.assertEqual((meeting["device_pairs"], meeting["device_pairs_work"]), (2, 2))
        self.assertGreater(meeting["bits_per_second"], 0)

    def test_what_fails_is_named_and_neither_node(self):
        self.faults = {"status": 13}
        report = self.mesh(2)
        self.assertEqual(report["root_causes"], ["mesh.none-works"])
        self.assertIn("pair.unreachable", report["findings"][0]["message"])


if __name__ == "__main__":
    unittest.main()
