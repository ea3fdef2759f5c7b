"""Secrets in every place where a process or a node can hold one: none is in what we write.

Each is a string of its own. What names the host or its account may stand in a report and in a
recording of this node, never in a redacted one; a credential, and what a job says of itself,
nowhere.
"""

import gzip
import json
import os
import pathlib
import resource
import subprocess
import unittest

import metadata_server as imds
import recordings
from efa_doctor import Case, ENOUGH_S, environment, write
from s3_server import S3Server

NOWHERE = ()
NOT_REDACTED = ("report", "recording")  # it names this host, whom the report is of


class Planted:
    """Strings that are found again, and where each may be."""

    def __init__(self):
        self.allowed = {}

    def __call__(self, where, allowed=NOWHERE):
        secret = f"hush{len(self.allowed):02}QzX"
        self.allowed[secret] = (where, allowed)
        return secret

    def leaks(self, outputs):
        """{what was written: text} -> what is where it may not be."""
        return [f"{where} in {name}" for name, text in outputs.items()
                for secret, (where, allowed) in self.allowed.items()
                if secret in text and name.split(" ")[0] not in allowed]


def texts_below(directory):
    found = {}
    for path in pathlib.Path(directory).rglob("*"):
        if path.is_file():
            found[f"report {path.name}"] = path.read_bytes().decode(errors="replace")
    return found


@unittest.skipUnless(recordings.ZSTD, "needs zstd")
class Secrets(Case):
    def setUp(self):
        super().setUp()
        self.planted = Planted()

    def unpacked(self, *arguments, **options):
        path = self.directory / "recording.tar.zst"
        run = self.efa_doctor("record", path, *arguments, **options)
        self.assertEqual(run.returncode, 0, run.stderr)
        entries = b"\n".join(recordings.entries_of(path).values()).decode()
        again = self.efa_doctor("--replay", path, "--format", "json").stdout
        return entries + again + run.stderr + path.name

    def outputs(self, *arguments, **options):
        found = {}
        for form in ("text", "json", "prometheus"):
            run = self.once("--format", form, *arguments, **options)
            self.assertIn(run.returncode, (0, 1, 2, 3), run.stderr)
            found["report " + form] = run.stdout
            found["log " + form] = run.stderr
        found["recording"] = self.unpacked(*arguments, **options)
        found["redacted"] = self.unpacked("--redact", *arguments, **options)
        return {**found, **texts_below(self.state), **texts_below(self.run_directory),
                **texts_below(self.metrics)}

    def plant_process(self, root, plant):
        proc = root / "proc/4242"
        (proc / "fd").mkdir(parents=True)
        variables = {
            "AWS_SECRET_ACCESS_KEY": plant("a key in the environment"),
            "OMPI_MCA_mca_base_env_list": "HF_TOKEN=" + plant("a variable of variables"),
            "FI_SECRET": plant("FI_SECRET"),
            "NCCL_AUTH_TOKEN": plant("NCCL_AUTH_TOKEN"),
            "NCCL_COMM_ID": plant("another host's name") + ":4567",
            "NCCL_HOSTID": plant("an id of the host"),
            "LD_LIBRARY_PATH": f"/opt/amazon/efa/lib:/home/{plant('a home directory')}/lib",
            "LD_PRELOAD": f"/scratch/{plant('a preloaded library')}.so",
            "FI_PROVIDER": "efa;" + plant("a provider of no known name"),
            "FI_PROVIDER_PATH": "/fsx/" + plant("a directory of providers"),
            "FI_EFA_IFACE": plant("a device of no known name"),
            "FI_EFA_FORK_SAFE": plant("a flag that is none"),
            "NCCL_TOPO_FILE": f"/fsx/{plant('a topology file')}/t.xml",
            "NCCL_SOCKET_IFNAME": plant("a network interface of no known name"),
            "NCCL_NET_PLUGIN": plant("a plugin of no known name"),
            "WANDB_API_KEY": plant("an API key"),
            "HOME": "/home/" + plant("HOME"),
        }
        (proc / "environ").write_bytes(b"\0".join(f"{n}={v}".encode() for n, v in variables.items()))
        (proc / "cmdline").write_bytes(f"python3\0--password={plant('a command line')}\0".encode())
        write(proc / "comm", plant("a name that a process gives itself") + "\n")
        write(proc / "status", f"Name:\t{plant('a name in status')}\nCapEff:\t0000000000000000\n")
        write(proc / "limits", "Max locked memory         65536                65536       bytes\n")
        write(proc / "cgroup", f"0::/job_{plant('a control group')}\n")
        write(proc / "mountinfo", f"1 1 0:1 / /fsx/{plant('a mount')} rw - nfs {plant('a server')}:/ rw\n")
        write(proc / "maps", "7f1c8000-7f1d0000 r-xp 00000000 103:01 1 /home/"
              f"{plant('the directory of a library')}/libfabric-{plant('a name of it')}.so.1.29.0\n"
              f"7f1d8000-7f1e0000 r--p 00000000 103:01 2 /home/{plant('a mapped file')}\n")
        os.symlink(f"/home/{plant('a working directory')}", proc / "cwd")
        os.symlink(f"/home/{plant('the directory of a program')}/bin/solver", proc / "exe")
        os.symlink("/dev/infiniband/uverbs0", proc / "fd/3")
        os.symlink(f"/home/{plant('an open file')}/data", proc / "fd/4")
        other = root / "proc/5151"
        (other / "fd").mkdir(parents=True)
        write(other / "comm", plant("the name of a process without EFA") + "\n")
        (other / "environ").write_bytes(f"FI_EFA_IFACE={plant('settings without EFA')}".encode())
        worker = root / "proc/5252"
        (worker / "fd").mkdir(parents=True)
        os.symlink("/dev/nvidia0", worker / "fd/3")
        write(worker / "comm", plant("the name of a process with a GPU") + "\n")
        os.symlink(f"/home/{plant('the directory of a trainer')}/trainer", worker / "exe")
        (worker / "environ").write_bytes(
            f"FI_PROVIDER={plant('a provider of it')}\0TOKEN={plant('a token of it')}".encode())

    def plant_files(self, root, plant):
        write(root / "proc/cmdline", f"ro rd.luks.key={plant('a disk key')} "
                                     f"systemd.setenv=TOKEN={plant('a variable of the kernel')}\n")
        write(root / "dev/kmsg",
              f"6,1,1,-;efa: {plant('a name in the kernel log')}[1]: segfault at 0 ip 0\n"
              f"3,2,2,-;usb 1-1: {plant('a line of another driver')}\n"
              f"6,3,3,-;Command line: ro x={plant('the command line in the log')}\n"
              "6,4,4,-;infiniband rdmap16s27: IB device registered\n")
        write(root / "etc/modprobe.d/x.conf",
              f"blacklist efa # {plant('a comment of modprobe.d')}\n"
              f"install ib_core TOKEN={plant('a variable of modprobe.d')} sh -c {plant('a command of it')}\n"
              f"install efa modprobe -i efa x={plant('an option of modprobe.d')}\n")
        write(root / "etc/modules-load.d/efa.conf", f"# {plant('a comment of modules-load.d')}\nefa\n")
        write(root / "etc/systemd/system/slurmd.service",
              f"[Service]\nEnvironment=TOKEN={plant('a unit')}\nLimitMEMLOCK=infinity\n")
        write(root / "etc/systemd/system.conf.d/x.conf",
              f"[Manager]\nDefaultEnvironment=TOKEN={plant('a manager')}\n")
        write(root / "etc/environment", f"TOKEN={plant('etc/environment')}\n")
        write(root / "etc/security/limits.d/x.conf", f"# {plant('a comment of limits.d')}\n")
        for path in ("etc/nccl.conf", "etc/libfabric.conf", "root/.nccl.conf", "etc/shadow",
                     "root/.aws/credentials", "root/.ssh/id_ed25519", "etc/fstab", "etc/hosts",
                     "etc/slurm/slurm.conf", "run/secrets/kubernetes.io/serviceaccount/token",
                     "sys/class/dmi/id/board_serial", "sys/class/dmi/id/product_uuid"):
            try:
                write(root / path, f"password={plant(path)}\n")
            except OSError:  # the way there is a link that leads nowhere here
                pass
        with open(root / "etc/os-release", "a") as file:
            file.write(f"# {plant('a comment of os-release')}\n")
        write(root / "proc/sys/kernel/hostname", plant("the host's name", NOT_REDACTED) + "\n")

    def test_a_node_and_its_jobs(self):
        root = self.synthetic_node("p4d.24xlarge")
        self.plant_process(root, self.planted)
        self.plant_files(root, self.planted)
        self.assertGreaterEqual(len(self.planted.allowed), 40)
        outputs = self.outputs("--sysroot", root)
        self.assertEqual(self.planted.leaks(outputs), [])
        report = json.loads(outputs["report json"])
        job, = report["facts"]["jobs"]["processes"]  # and what is asked of it is there
        self.assertEqual(job["command"], "solver")
        self.assertIn("LD_LIBRARY_PATH=/opt/amazon/efa/lib:other", job["environment"])
        self.assertIn("FI_PROVIDER=efa;other", job["environment"])
        self.assertIn("NCCL_COMM_ID=(set, not kept)", job["environment"])
        self.assertIn("solver", outputs["recording"])
        self.assertNotIn("solver", outputs["redacted"])
        worker, = report["facts"]["jobs"]["without_efa"]
        self.assertEqual((worker["command"], worker["environment"]), ("trainer", ["FI_PROVIDER=other"]))
        self.assertNotIn("trainer", outputs["redacted"])
        self.assertEqual(job["libraries"], ["other/libfabric.so.1.29.0"])
        self.assertEqual(report["node"]["hostname"], next(
            secret for secret, (where, _) in self.planted.allowed.items() if "host's" in where
            and "another" not in where))

    def site_probe(self, plant):
        report = {"set": "text", "value": "AWS_SECRET_ACCESS_KEY=" + plant("a fact of a site")}
        member = {"set": "login", "value": {"api_token": plant("a member of a fact"), "tries": 3}}
        finding = {"finding": {"code": "site.x", "result": "fail", "severity": "info",
                               "message": "http://me:" + plant("a finding of a site") + "@proxy/"}}
        lines = "\n".join(map(json.dumps, (report, member, finding, {"done": True})))
        trace = f"+ curl -H 'Authorization: Bearer {plant('a trace of a script')}'"
        write(self.site_probes / "site", f"#!/bin/sh\ncat <<'END'\n{lines}\nEND\n"
              f"echo \"{trace}\" >&2\n", 0o755)
        write(self.site_probes / "broken", "#!/bin/sh\n"
              f"echo 'PASSWORD={plant('the last words of a probe')}' >&2\nexit 1\n", 0o755)
        filling = "x" * 60
        write(self.site_probes / "long", "#!/bin/sh\n"
              f"printf 'TOKEN=%s{filling}' {plant('the beginning of a long line')} >&2\n"
              f"for i in $(seq 300); do printf '{filling}' >&2; done; exit 1\n", 0o755)

    def test_this_node_its_metadata_and_delivery(self):
        plant = self.planted
        self.site_probe(plant)
        paths = imds.instance(imds.TWO_INTERFACES)
        role = plant("the instance's role", NOT_REDACTED)
        del paths["iam/security-credentials/" + imds.ROLE]
        paths["iam/security-credentials/"] = role
        paths["iam/security-credentials/" + role] = json.dumps({"Token": plant("a role's token")})
        paths["placement/group-name"] = plant("the placement group", NOT_REDACTED)
        paths["tags/instance/"] = "password"
        paths["tags/instance/password"] = plant("a tag")
        paths["public-keys/0/openssh-key"] = plant("a public key")
        caller = environment(
            AWS_ACCESS_KEY_ID="AKIDTEST0000000000", AWS_SECRET_ACCESS_KEY=plant("the key of S3"),
            AWS_SESSION_TOKEN=plant("the session of S3"), FI_PROVIDER=plant("the caller's setting"),
            https_proxy=f"http://me:{plant('the password of a proxy')}@127.0.0.1:9",
            no_proxy="127.0.0.1", SECRET=plant("the caller's variable"))
        with imds.MetadataServer(paths) as metadata, S3Server() as bucket:
            self.configure(**{
                "metadata.endpoint": metadata.endpoint,
                "metadata.budget_ms": 5000, "s3.uri": "s3://pics/efa", "s3.endpoint": bucket.endpoint,
                "s3.region": "eu-west-1"})
            outputs = self.outputs(env=caller)
            self.efa_doctor("deliver", env=caller)
            asked = [path for _, path, _ in metadata.asked]
        self.assertTrue(bucket.objects)
        for name, body in bucket.objects.items():
            text = gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body
            outputs["report in S3 " + name] = text.decode()
        self.assertEqual(plant.leaks(outputs), [])
        self.assertIn(role, outputs["report json"])
        self.assertIn("(hidden)", outputs["report json"])
        self.assertEqual([path for path in asked if "user-data" in path or role in path], [])

    def test_what_sees_secrets_leaves_no_core(self):
        root = self.synthetic_node("p4d.24xlarge")
        for pid in range(5000, 6000):  # more than a pipe takes, so that it waits for its reader
            (root / f"proc/{pid}/fd").mkdir(parents=True)
            os.symlink("/dev/infiniband/uverbs0", root / f"proc/{pid}/fd/3")
            (root / f"proc/{pid}/environ").write_bytes(
                b"LD_LIBRARY_PATH=" + b"/opt/amazon/efa/lib:" * 40)
        self.directory.chmod(0o755)
        user = {"user": 65534} if os.geteuid() == 0 else {}
        unlimited = resource.getrlimit(resource.RLIMIT_CORE)[1]
        probe = subprocess.Popen(
            [os.environ["RUN_PROBE"], "jobs", "--sysroot", str(root)], stdout=subprocess.PIPE, **user,
            env={"ASAN_OPTIONS": "detect_leaks=0"},
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (unlimited, unlimited)))
        self.addCleanup(probe.stdout.close)
        self.addCleanup(probe.wait, ENOUGH_S)
        self.addCleanup(probe.kill)
        self.assertTrue(probe.stdout.readline())  # it has begun
        limits = pathlib.Path(f"/proc/{probe.pid}/limits").read_text()
        self.assertRegex(limits, r"Max core file size\s+0\s+0\s")
        # a process that cannot be dumped belongs to root, proc(5)
        self.assertEqual(os.stat(f"/proc/{probe.pid}/environ").st_uid, 0)


if __name__ == "__main__":
    unittest.main()
