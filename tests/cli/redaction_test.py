"""A redacted recording names neither host nor account, and says the same of the node."""

import json
import os
import pathlib
import re
import shutil
import socket
import unittest

import metadata_server as imds
import recordings
from efa_doctor import Case, claims, write

ACCOUNT = "123456789012"
PEER_WORDS = {  # what a site's own probe may say, and what of it names somebody
    f"arn:aws:sts::{ACCOUNT}:assumed-role/x/i-0fedcba9876543210": [ACCOUNT, "i-0fedcba98765"],
    f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/image": [ACCOUNT],
    "ip-10-21-32-43.ec2.internal answers at 10.21.32.43:443.": ["10-21-32-43", "10.21.32.43"],
    "line one\n10.21.32.44\tand 2600:1f18:aa::5, fd00:ec2::7": ["10.21.32.44", "1f18", "ec2::7"],
    "eni-attach-0123456789abcdef1 (vpce-0123abcd) 02:AB:CD:00:11:22,": [
        "0123456789abcdef1", "0123abcd", "02:AB:CD"],
    "41e5b1f0-9d1c-4b5f-8a3e-0123456789ab machine 0123456789abcdef0123456789abcdef": [
        "41e5b1f0", "0123456789abcdef0123"],
}
KEPT = ["137438953472 bytes", "127.0.0.1", "169.254.169.254", "255.255.255.0", "0000:a0:1b.0",
        "kernel 6.1.177-224.371.amzn2023.x86_64", "libfabric 1.22.0amzn5.0", "p5.48xlarge"]
NAMES = ["alice", "bobby", "carol", "dave", "ulrike", "frank", "gwen", "heidi", "zoe", "physics",
         "acmecorp", "xavier"]
NAMED_FILES = {
    "proc/sys/kernel/hostname": "xavier\n",
    "proc/600/cgroup": "0::/system.slice/acmecorp-slurmd.service/xavier_ulrike\n",
    "etc/security/limits.conf": "alice hard memlock 64\n",
    "etc/security/limits.d/10-zoe.conf": "* - memlock 64  # asked for by carol\n",
    "etc/security/limits.d/90-bobby.conf":
        "@physics - memlock unlimited\nalice - memlock 128\n* - memlock unlimited\n",
    "etc/ssh/sshd_config": "Match User heidi\nUsePAM no\nMatch all\n"
                           "Include /etc/ssh/sshd_config.d/*.conf\n",
    "etc/ssh/sshd_config.d/60-gwen.conf": "Match Group physics\nUsePAM no\n",
    "etc/pam.d/sshd": "session optional pam_exec.so /home/dave/login\n"
                      "session include acmecorp-auth\n",
    "etc/pam.d/acmecorp-auth": "session required pam_limits.so\n",
    "etc/docker/daemon.json": '{"registry-mirrors": ["https://registry.acmecorp"]}',
    "etc/modprobe.d/90-carol.conf": "blacklist efa\n",
    "etc/systemd/system/acmecorp-slurmd.service": "[Service]\nLimitMEMLOCK=64K\n[Install]\n",
    # of the two the one that is read last counts, of a directory for all units that begin so
    "etc/systemd/system/acmecorp-slurmd.service.d/10-zoe.conf": "[Service]\nLimitMEMLOCK=128K\n",
    "etc/systemd/system/acmecorp-.service.d/20-ulrike.conf": "[Service]\nLimitMEMLOCK=infinity\n",
    "etc/systemd/system/home-frank.mount": "[Mount]\n",
}
SITE_PROBE = "#!/bin/sh\ncat <<'END'\n{}\n" + '{{"done":true}}\nEND\n'


@unittest.skipUnless(shutil.which("zstd"), "needs zstd")
class RedactionTest(Case):
    def record(self, *more, **settings):
        path = self.directory / f"{'redacted' if '--redact' in more else 'plain'}.tar.zst"
        self.configure(**settings)
        run = self.efa_doctor("record", path, *more)
        self.assertEqual(run.returncode, 0, run.stderr)
        return path

    def replay(self, path):
        return self.report_of(self.efa_doctor("--replay", path, "--format", "json"))

    def site_probe(self, facts):
        lines = [{"set": name, "value": value} for name, value in facts.items()]
        write(self.site_probes / "site", SITE_PROBE.format("\n".join(map(json.dumps, lines))), 0o755)

    def both(self, *more):
        """The recording as it is and redacted, of a machine with realistic identities."""
        with imds.MetadataServer() as server:
            settings = {"metadata.endpoint": server.endpoint, "metadata.budget_ms": 5000}
            return self.record(*more, **settings), self.record("--redact", *more, **settings)

    def assert_gone(self, words, path):
        text = b"\n".join(recordings.entries_of(path).values()).decode().lower()
        for word in words:
            alone = rf"(?<![a-z0-9]){re.escape(word.lower())}(?![a-z0-9])"
            found = re.search(rf".{{0,40}}{alone}.{{0,20}}", text)
            self.assertIsNone(found, f"{word} in {found}")

    def own_names(self, facts):
        """How this machine is called."""
        names = [socket.gethostname(), facts["kernel"]["boot_id"]]
        for interface in facts["net"]["interfaces"]:
            addresses = [interface.get("mac", ""), *interface["addresses"]]
            names += [a for a in addresses if a.strip("0:") and a not in ("127.0.0.1", "::1")]
        names.append(facts["net"].get("default_route", "").split(" ")[-1])
        for identity in ("/etc/machine-id", "/sys/class/dmi/id/product_uuid"):
            if os.access(identity, os.R_OK):
                names.append(pathlib.Path(identity).read_text().strip())
        return [name for name in names if name]

    def test_this_machine_and_its_instance_are_not_named(self):
        plain, redacted = self.both()
        report = self.replay(plain)
        self.assertEqual(report["facts"]["cloud"]["metadata_status"], "ok")
        self.assert_gone(self.own_names(report["facts"]), redacted)
        self.assert_gone(["i-0123456789abcdef0", "eni-00000000000000000", "eni-00000000000000001",
                          "sg-0aaaaaaaaaaaaaaa1", "sg-0dddddddddddddddd", "vpc-0cccccccccccccccc",
                          "subnet-0bbbbbbbbbbbbbbb2", "my_cluster group", imds.ROLE, ACCOUNT,
                          imds.SECRET, "0e:12:34:56:78"], redacted)

    def test_the_instance_keeps_what_faults_are_told_by(self):
        _, redacted = self.both()
        cloud = self.replay(redacted)["facts"]["cloud"]
        self.assertEqual(cloud["instance_type"], "p5.48xlarge")
        self.assertEqual(cloud["availability_zone_id"], "use1-az4")
        first, second = cloud["interfaces"]
        self.assertNotEqual(first["mac"], second["mac"])
        self.assertEqual(first["subnet_id"], second["subnet_id"], "the same by the same")
        self.assertEqual(set(first["security_group_ids"]) & set(second["security_group_ids"]),
                         set(second["security_group_ids"]), "one group is still in common")

    def test_this_machine_redacted_replays_to_the_same_findings(self):
        plain, redacted = self.both()
        reports = self.replay(plain), self.replay(redacted)
        self.assertEqual(*map(claims, reports))
        self.assertEqual(*(report["verdict"] for report in reports))

    def test_a_sysroot_redacted_replays_to_the_same_findings(self):
        node = self.synthetic_node("p5.48xlarge")
        (node / "proc/sys/kernel/hostname").write_text("efa\n")  # a name that is a word of paths
        (node / "etc/security").mkdir(parents=True, exist_ok=True)
        (node / "etc/security/limits.conf").write_text("@ip-10-1-2-3 hard memlock 137438953472\n")
        plain, redacted = self.both("--sysroot", node)
        reports = self.replay(plain), self.replay(redacted)
        self.assertEqual(*map(claims, reports))
        self.assertEqual(reports[1]["verdict"], "healthy")
        self.assertNotEqual(reports[1]["node"]["hostname"], "efa")
        self.assert_gone(["i-00000000000000001", "ip-10-1-2-3"], redacted)
        macs = {i["mac"] for i in reports[0]["facts"]["net"]["interfaces"]}
        self.assert_gone(macs, redacted)
        self.assertEqual(len({i["mac"] for i in reports[1]["facts"]["net"]["interfaces"]}),
                         len(macs))

    def test_a_machine_full_of_names_redacted_replays_to_the_same_findings(self):
        node = self.synthetic_node("hpc6a.48xlarge-pcluster")
        for path, text in NAMED_FILES.items():
            write(node / path, text)
        plain, redacted = self.both("--sysroot", node)
        reports = self.replay(plain), self.replay(redacted)
        self.assertEqual(*map(claims, reports))
        self.assertEqual(*(report["verdict"] for report in reports))
        self.assert_gone(NAMES, redacted)
        self.assertEqual(NAMES, [name for name in NAMES if name in json.dumps(
            [entry.decode() for entry in recordings.entries_of(plain).values()]).lower()])
        text = json.dumps(reports[1]).lower()
        self.assertEqual([name for name in NAMES if name in text], [])
        limits = [report["facts"]["limits"] for report in reports]
        self.assertEqual(*([line["value"] for line in facts["pam_limits"]] for facts in limits))
        self.assertEqual(*([unit["state"] for unit in facts["units"]] for facts in limits))
        self.assertEqual(*([[setting["value"] for setting in unit["memlock"]]
                            for unit in facts["units"]] for facts in limits))
        self.assertEqual(*(facts["ssh_uses_pam"] for facts in limits))
        domains = [line["domain"] for line in limits[1]["pam_limits"]]
        self.assertEqual([re.sub(r"\d+", "", domain) for domain in domains],
                         ["name-", "*", "*", "*", "@name-", "name-", "*"], domains)
        self.assertEqual(domains[0], domains[5], "the same user has the same pseudonym")

    def test_words_inside_of_texts_are_found(self):
        self.site_probe({"texts": list(PEER_WORDS), "kept": KEPT, "counter": 137438953472})
        plain, redacted = self.both()
        self.assertEqual(self.replay(plain)["facts"]["site:site"]["texts"], list(PEER_WORDS))
        text = b"\n".join(recordings.entries_of(redacted).values()).decode()
        for names in PEER_WORDS.values():
            for name in names:
                self.assertNotIn(name, text)
        (facts,) = [f for name, f in self.replay(redacted)["facts"].items() if name.startswith("site:")]
        self.assertEqual(facts["texts"], ["(not kept)"] * len(PEER_WORDS))
        self.assertEqual(facts["counter"], 137438953472)
        self.assertNotIn("site:site", text)

    def test_the_state_of_earlier_passes_is_redacted(self):
        self.once()
        boot = json.loads((self.state / "state.json").read_text())["boot_id"]
        path = self.record("--redact")
        before = recordings.head_of(recordings.entries_of(path))["before"]
        self.assertNotIn(boot, json.dumps(before))
        self.assertEqual(before["boot_id"], self.replay(path)["node"]["boot_id"])


if __name__ == "__main__":
    unittest.main()
