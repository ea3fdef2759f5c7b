"""efa-doctor pair by libfabric: what is said where it moves data between two devices, and where it does not
though they move it without. The devices are a file (shared_data.h)."""

import ctypes
import resource
import subprocess
import unittest

from efa_doctor import ENOUGH_S
from pair_case import DEVICES, TOKEN, PairCase

PR_CAPBSET_DROP, CAP_IPC_LOCK = 24, 14


class LibfabricTest(PairCase):
    def ask_both(self, server=None, client=None, engine="both"):
        self.server(faults=server)
        return self.ask(faults=client, engine=engine)

    def of_first(self, **faults):
        return {"engine": "libfabric", "device": self.names[0], **faults}

    @staticmethod
    def states(report):
        return [("library" in pair, pair["state"]) for pair in report["pairs"]]

    def assert_first_fails(self, code, words, server=None, client=None):
        report = self.ask_both(server, client)
        finding = self.assert_cause(report, code)
        self.assertIn(words, finding["message"])
        self.assertIn("libfabric", finding["subject"])
        self.assertEqual(self.states(report), [(False, "ok")] * DEVICES + [(True, "fails"), (True, "ok")])
        self.assertIn(f"{DEVICES - 1} of {DEVICES} pairs of devices work", report["summary"])
        self.assertRegex(finding["message"], "libfabric (0.0|/.*) here, (0.0|/.*) there")

    def test_each_device_is_used_by_both(self):
        report = self.ask_both()
        self.assertEqual((report["verdict"], report["summary"]),
                         ("healthy", f"{DEVICES} of {DEVICES} pairs of devices work"), report["findings"])
        self.assertEqual(self.states(report), [(False, "ok")] * DEVICES + [(True, "ok")] * DEVICES)
        [copy] = report["own"]["copies"]
        for pair in report["pairs"][DEVICES:]:
            self.assertEqual((pair["library"], pair["own_version"], pair["other_version"]),
                             (copy["file"], "0.0", "0.0"))
            self.assertEqual([figure.get("way") for figure in pair["figures"]], ["send", "send", None])
            self.assertGreater(pair["messages"], 20)

    def test_by_libfabric_alone(self):
        report = self.ask_both(engine="libfabric")
        self.assertEqual((report["verdict"], self.states(report)), ("healthy", [(True, "ok")] * DEVICES))

    def test_its_own_word_for_an_error(self):
        self.assert_first_fails("pair.libfabric", "the provider's word", client=self.of_first(status=4126))

    def test_versions_that_do_not_fit(self):
        self.assert_first_fails("pair.version-mismatch", "the provider's word", client=self.of_first(status=4113))

    def test_silence(self):
        self.assert_first_fails("pair.libfabric", "no completion in time", client=self.of_first(silent=True))

    def test_a_process_that_ends(self):
        self.assert_first_fails("pair.libfabric", "on the other node: its process ended: ",
                                server=self.of_first(ends="ibv_modify_qp"))

    def test_other_bytes(self):
        report = self.ask_both(client=self.of_first(corrupts=True))
        self.assertIn("libfabric", self.assert_cause(report, "pair.corrupt")["subject"])

    def test_locked_memory(self):
        self.server()

        def lock_little():
            ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_IPC_LOCK)
            resource.setrlimit(resource.RLIMIT_MEMLOCK, (65536, 65536))

        client = self.start(0, "client", "127.0.0.1", "--token-file", self.token, "--format", "json", "--sizes", "64",
                            faults=self.of_first(ends="ibv_modify_qp"), preexec_fn=lock_little)
        finding = self.assert_cause(self.end_of(client), "pair.memlock")
        self.assertIn("65536 bytes may be locked", finding["message"])

    def test_what_does_not_work_without_it_is_not_tested_by_it(self):
        report = self.ask_both(client={"device": self.names[0], "status": 13})
        self.assert_cause(report, "pair.unreachable")
        self.assertEqual(self.states(report), [(False, "fails"), (False, "ok"), (True, "ok")])

    def test_what_does_not_work_without_it_is_none_of_its_faults(self):
        """Also where nothing but libfabric was asked for: a security group is no fault of an image."""
        report = self.ask_both(client={"device": self.names[0], "status": 13}, engine="libfabric")
        self.assert_cause(report, "pair.unreachable")
        self.assertEqual(self.states(report), [(False, "fails"), (True, "ok")])

    def test_nodes_without_libfabric(self):
        (self.directory / "libexec/efa-doctor/data-pair-fabric").unlink()
        report = self.ask_both()
        self.assertEqual((report["verdict"], self.states(report)), ("healthy", [(False, "ok")] * DEVICES))
        [finding] = [one for one in report["findings"] if one["code"] == "pair.libfabric"][:1]
        self.assertEqual(finding["result"], "not_applicable")
        alone = self.ask(engine="libfabric")
        self.assertEqual((alone["verdict"], alone["summary"]), ("unknown", "this node has no libfabric"))

    def test_what_is_not_compared_says_why(self):
        self.server()
        report = self.ask("--compare", engine="libfabric")
        self.assertEqual(report["verdict"], "healthy", report["findings"])
        [compared] = [pair for pair in report["pairs"] if "not_compared" in pair]
        self.assertIn("fi_pingpong is not there", compared["not_compared"])
        self.assertTrue(all("fi_pingpong_ns" not in figure for figure in compared["figures"]))

    def test_text_for_a_person(self):
        self.server("--once")
        client = self.start(0, "client", "127.0.0.1", "--seconds", "1", stdin=subprocess.PIPE)
        out, _ = client.communicate(TOKEN + "\n", timeout=ENOUGH_S)
        self.assertTrue(out.startswith(f"HEALTHY  {DEVICES} of {DEVICES} pairs of devices work\n"), out)
        self.assertIn("\nlibfabric 0.0 here, 0.0 there, /", out)
        self.assertEqual(out.count("\nok "), 2 * DEVICES, out)


if __name__ == "__main__":
    unittest.main()
