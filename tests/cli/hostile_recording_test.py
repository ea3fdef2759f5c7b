"""A damaged or hostile recording is refused by name or reported on honestly, no more."""

import json
import os
import pathlib
import random
import resource
import shutil
import subprocess
import tarfile
import tempfile
import unittest

import recordings
from efa_doctor import EFA_DOCTOR, USAGE, Case, environment
from recordings import HEAD

PEAK_KIB = 450 * 1024  # under AddressSanitizer; a tenth of it without
# what it keeps of memory that was given back says nothing of what is needed
SANITIZER = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=64"
CPU_S = 20  # of a replay under AddressSanitizer; a tenth of it without


@unittest.skipUnless(shutil.which("zstd"), "needs zstd")
class HostileTest(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        directory = tempfile.TemporaryDirectory(prefix="efa-doctor-")
        cls.addClassCleanup(directory.cleanup)
        cls.good = pathlib.Path(directory.name) / "good.tar.zst"
        root = pathlib.Path(directory.name) / "root"
        (root / "proc").mkdir(parents=True)
        (root / "sys/class/infiniband").mkdir(parents=True)
        subprocess.run([EFA_DOCTOR, "record", cls.good, "--sysroot", root], check=True,
                       stdout=subprocess.DEVNULL)
        cls.entries = recordings.entries_of(cls.good)

    def setUp(self):
        super().setUp()
        self.path = self.directory / "hostile.tar.zst"

    def replay(self):
        files = sorted(self.directory.rglob("*"))
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run = self.efa_doctor("--replay", self.path, "--format", "json", timeout=30,
                              env=environment(TMPDIR=str(self.directory), ASAN_OPTIONS=SANITIZER))
        self.assertEqual(files, sorted(self.directory.rglob("*")), "nothing is written")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.assertLess(after.ru_maxrss, PEAK_KIB)
        self.assertLess(after.ru_utime - before.ru_utime, CPU_S)
        return run

    def replay_of(self, entries):
        recordings.pack(entries, self.path)
        return self.replay()

    def assert_refused_or_report(self, run):
        if run.returncode == USAGE:
            self.assert_refused(run, self.path)
        else:
            self.report_of(run)

    def report_of(self, run):
        report = super().report_of(run)
        self.assert_valid(report)
        return report

    def refuse(self, entries):
        self.assert_refused(self.replay_of(entries), self.path)

    def head(self, **members):
        return recordings.with_head(self.entries, {**recordings.head_of(self.entries), **members})

    def with_probe(self, name, **members):
        """The recording with something else of one probe."""
        head = recordings.head_of(self.entries)
        head["probes"][recordings.index_of(self.entries, name)].update(members)
        return recordings.with_head(self.entries, head)

    def part(self, name, kind, content):
        index = recordings.index_of(self.entries, name)
        return {**self.entries, f"probes/{index}.{kind}.jsonl": content}


class ArchiveTest(HostileTest):
    def test_truncated_archives_are_refused(self):
        whole = self.good.read_bytes()
        for length in [0, 1, 3, 4, 17, *range(64, len(whole), len(whole) // 12), len(whole) - 1]:
            self.path.write_bytes(whole[:length])
            self.assert_refused(self.replay(), self.path)

    def test_flipped_bits_are_refused_or_reported_on(self):
        whole = self.good.read_bytes()
        seeded = random.Random(20)
        for _ in range(100):
            bit = seeded.randrange(len(whole) * 8)
            flipped = bytearray(whole)
            flipped[bit // 8] ^= 1 << bit % 8
            self.path.write_bytes(flipped)
            with self.subTest(bit=bit):
                self.assert_refused_or_report(self.replay())

    def test_what_is_no_archive_is_refused(self):
        for content in (b"", b"\n", b"{}", b"\x1f\x8b" * 50, os.urandom(4096), b"\0" * 10240):
            self.path.write_bytes(content)
            self.assert_refused(self.replay(), self.path)
        recordings.compress(b"no tar at all" * 100, self.path)
        self.assert_refused(self.replay(), self.path)
        self.path.unlink()
        self.assert_refused(self.replay(), self.path)
        self.path.mkdir()
        self.assert_refused(self.replay(), self.path)

    def test_a_gibibyte_of_zeros_is_refused(self):
        self.refuse([(HEAD, b"\0" * (32 << 20))])
        with open(self.directory / "zeros", "wb") as zeros:
            zeros.truncate(1 << 30)  # a hole
        subprocess.run(["zstd", "-qf1", "--rm", zeros.name, "-o", self.path], check=True)
        self.assert_refused(self.replay(), self.path)

    def test_many_large_entries_are_refused(self):
        self.refuse([(f"probes/{i}.said.jsonl", b"\n" * (15 << 20)) for i in range(10)])

    def test_ten_thousand_entries_are_refused(self):
        self.refuse([*self.entries.items(), *((f"probes/x{i}", b"") for i in range(10_000))])

    def test_entries_of_one_name_are_counted(self):
        entry = tarfile.TarInfo(HEAD).tobuf()
        recordings.compress(entry * 200_000 + bytes(1024), self.path)
        self.assert_refused(self.replay(), self.path)

    def test_a_hole_is_as_large_as_what_it_stands_for(self):
        sparse = tarfile.TarInfo(HEAD)
        sparse.pax_headers = {"GNU.sparse.major": "0", "GNU.sparse.minor": "1",
                              "GNU.sparse.name": HEAD, "GNU.sparse.size": str(1 << 40),
                              "GNU.sparse.map": "0,0", "GNU.sparse.numblocks": "1"}
        recordings.compress(sparse.tobuf(tarfile.PAX_FORMAT) + bytes(1024), self.path)
        self.assert_refused(self.replay(), self.path)

    def test_a_window_of_128_mib_is_no_memory(self):
        with open(self.directory / "zeros", "wb") as zeros:
            zeros.truncate(1 << 30)
        subprocess.run(["zstd", "-qf1", "--long=27", "--rm", zeros.name, "-o", self.path],
                       check=True)
        self.assert_refused(self.replay(), self.path)

    def test_names_that_climb_are_no_files(self):
        climbing = ["../../escaped", "/tmp/efa-doctor-escaped", str(self.directory / "escaped"),
                    "probes/../../escaped", "\x01\x02", "a" * 5000]
        self.report_of(self.replay_of({**self.entries, **dict.fromkeys(climbing, b"x")}))
        self.assertFalse(pathlib.Path("/tmp/efa-doctor-escaped").exists())

    def test_links_and_devices_are_not_followed(self):
        odd = []
        for kind, target in ((tarfile.SYMTYPE, "/etc/passwd"), (tarfile.LNKTYPE, "/etc/passwd"),
                             (tarfile.CHRTYPE, ""), (tarfile.FIFOTYPE, ""), (tarfile.DIRTYPE, "")):
            info = tarfile.TarInfo(HEAD)
            info.type, info.linkname = kind, target
            odd.append((info, b""))
        for entry in odd:
            result = self.replay_of([entry])
            self.assert_refused(result, self.path)
            self.assertNotIn("root:", result.stderr)


class HeadTest(HostileTest):
    def test_wrong_types_are_refused(self):
        for member, wrong in {"version": "1", "live": 1, "expect": 4, "trigger": [],
                              "sequence": "x", "started_at_ms": 1e300, "limits": [],
                              "before": "none", "probes": {"a": 1}, "duration_ms": -2**70}.items():
            with self.subTest(member=member):
                self.refuse(self.head(**{member: wrong}))
        for head in (b"", b"[]", b"null", b"{", b'{"version": 2}', b"\xff\xfe"):
            self.refuse(recordings.with_head(self.entries, head))
        self.refuse(self.head(expect="everything"))
        self.refuse(self.head(trigger="boredom"))

    def test_numbers_no_pass_has_are_refused(self):
        least, most = -2**63, 2**63 - 1
        baseline = {"address": "0000:00:06.0", "at_ms": least}
        for members in ({"started_at_ms": most}, {"started_at_ms": least}, {"valid_for_ms": most},
                        {"limits": {"keep_alive_periods": most}},
                        {"limits": {"rx_drops_per_s": -1}},
                        {"before": {"sequence": most}}, {"before": {"baselines": [baseline]}},
                        {"before": {"history": {"episodes": [{"code": "a", "since_ms": most}]}}}):
            with self.subTest(**members):
                self.refuse(self.head(**members))

    def test_numbers_that_are_only_told_do_no_harm(self):
        most = 2**63 - 1
        self.report_of(self.replay_of(self.head(sequence=most, cpu_ms=most, max_rss_kib=most,
                                                boot_grace_s=most)))
        for name in ("sequence", "cpu_ms", "max_rss_kib", "duration_ms"):
            self.refuse(self.head(**{name: -most}))

    def test_deep_nesting_is_refused(self):
        self.refuse(recordings.with_head(self.entries, b'{"probes":' + b"[" * 200_000))
        self.refuse(recordings.with_head(self.entries, b'{"a":' * 100_000 + b"1" + b"}" * 100_000))

    def test_many_values_are_refused(self):
        for many in (b"[]," * 5_000_000, b"{}," * 190_000):
            whole = recordings.with_head(self.entries, b'{"version":1,"before":{"baselines":[' +
                                         many + b"{}]}}")
            self.refuse(whole)

    def test_many_members_are_read_in_time(self):
        members = "".join(f'"{i}":1,' for i in range(150_000))
        head = recordings.head_of(self.entries)
        self.report_of(self.replay_of(recordings.with_head(
            self.entries, ("{" + members + json.dumps(head)[1:]).encode())))

    def test_huge_words_do_no_harm(self):
        huge = "x" * (10 << 20)
        self.refuse(self.head(trigger=huge))
        self.report_of(self.replay_of(self.with_probe("pci", detail=huge, status="failed")))

    def test_probes_nobody_knows_are_shown_as_they_are(self):
        head = recordings.head_of(self.entries)
        head["probes"].append({"name": "quantum\x1b[31m", "status": "ok"})
        entries = {**recordings.with_head(self.entries, head),
                   f"probes/{len(head['probes']) - 1}.said.jsonl": b'{"done":true}\n'}
        report = self.report_of(self.replay_of(entries))
        self.assertIn("quantum\x1b[31m", report["facts"])

    def test_a_probe_that_is_there_twice_or_too_often_is_refused(self):
        head = recordings.head_of(self.entries)
        self.refuse(self.head(probes=head["probes"] + head["probes"][:1]))
        self.refuse(self.head(probes=[{"name": f"site:{i}"} for i in range(10_000)]))

    def test_a_status_nobody_knows_is_a_failure(self):
        for status in ("", "splendid", "OK"):
            report = self.report_of(self.replay_of(self.with_probe("pci", status=status)))
            self.assertEqual(self.probe(report, "pci")["status"], "failed")
            self.assertEqual(report["verdict"], "unknown")

    def test_a_recording_without_probes_is_not_well(self):
        report = self.report_of(self.replay_of(self.head(probes=[])))
        self.assertNotEqual(report["verdict"], "healthy")


class ProbePartTest(HostileTest):
    GARBAGE = (b"\xff\xfe\x00", b"[]\n", b"{\n", b"[" * 100_000 + b"\n", b'{"look":' * 30 + b"\n",
               b'{"look":"read","path":7}\n{"look":"list"}\n', b"x" * (9 << 20))

    def test_garbage_of_a_probe_does_no_harm(self):
        for kind in ("looks", "said"):
            for garbage in self.GARBAGE:
                for probe in ("kernel", "rdma"):
                    with self.subTest(kind=kind, probe=probe, garbage=garbage[:20]):
                        self.assert_refused_or_report(
                            self.replay_of(self.part(probe, kind, garbage)))

    def test_many_lines_of_a_probe_cost_neither_time_nor_memory(self):
        for kind, line in (("said", b'{"add":"a","value":[]}\n'), ("said", b'{"doing":"a"}\n'),
                           ("looks", b"\n"), ("looks", b"{}\n"),
                           ("looks", b'{"look":"list","path":"/sys/module","is":[[]]}\n')):
            for probe in ("kernel", "rdma"):
                with self.subTest(kind=kind, probe=probe, line=line):
                    self.assert_refused_or_report(
                        self.replay_of(self.part(probe, kind, line * ((8 << 20) // len(line)))))

    def test_words_that_were_cut_off_are_no_absence(self):
        index = recordings.index_of(self.entries, "rdma")
        said = self.entries[f"probes/{index}.said.jsonl"].splitlines(keepends=True)
        self.refuse(self.part("rdma", "said", said[0] + b"garbage\n" + b"".join(said[1:])))
        for cut in (b"".join(said[:-1]), b""):
            report = self.report_of(self.replay_of(self.part("rdma", "said", cut)))
            self.assertEqual(self.probe(report, "rdma")["status"], "failed")
            self.assertIn("recording is damaged", self.probe(report, "rdma")["detail"])

    def test_facts_of_wrong_types_and_sizes_do_no_harm(self):
        index = recordings.index_of(self.entries, "rdma")
        lines = [json.loads(line) for line in
                 self.entries[f"probes/{index}.said.jsonl"].splitlines()]
        for wrong in (None, -2**63, 2**64 - 1, 1e308, "x", [[]], [{}], {"a": {}}, True):
            said = "".join(json.dumps({**line, "value": wrong} if "set" in line else line) + "\n"
                           for line in lines)
            self.report_of(self.replay_of(self.part("rdma", "said", said.encode())))

    def test_looks_that_lead_in_circles_end(self):
        looks = [{"live": True}, {"look": "list", "path": "/sys/bus/pci/devices",
                                  "is": ["0000:00:06.0"] * 1000 + ["../.."]},
                 {"look": "link", "path": "/sys/bus/pci/devices/0000:00:06.0",
                  "is": "../../../" * 1000 + "0000:00:06.0/0000:00:06.0"}]
        content = "".join(json.dumps(look) + "\n" for look in looks).encode()
        self.report_of(self.replay_of(self.part("pci", "looks", content)))


if __name__ == "__main__":
    unittest.main()
