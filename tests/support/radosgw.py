"""Ceph's S3 gateway in a directory of its own, on loopback: a server that verifies signatures.

One monitor, manager, in-memory OSD and radosgw, all from the distribution (packages radosgw,
ceph-mon, ceph-mgr, ceph-osd, ceph-common); 13 s to start, some 500 MB. Needs root.
"""

import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid

PROGRAMS = ("ceph-mon", "ceph-mgr", "ceph-osd", "radosgw", "ceph", "radosgw-admin",
            "ceph-authtool", "monmaptool")
KEY, SECRET = "AKIDTEST0000000000", "s3cr3t/key+with/slashes0123456789ABCDEFG"
OTHER_KEY, OTHER_SECRET = "AKIDOTHER000000000", "othersecretothersecretothersecret0000000"
KMS_KEY = "testkey-1"
START_S = 120

CONFIG = """[global]
fsid = {fsid}
mon initial members = a
mon host = [v2:127.0.0.1:{mon_port}/0]
public addr = 127.0.0.1
public network = 127.0.0.0/8
ms bind ipv6 = false
ms bind port min = {port_min}
ms bind port max = {port_max}
keyring = {dir}/keyring
auth allow insecure global id reclaim = false
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd crush chooseleaf type = 0
mon allow pool size one = true
mon warn on pool no redundancy = false
mon max pg per osd = 1000
mon data avail crit = 1
mon data avail warn = 2
osd objectstore = memstore
memstore device bytes = 1073741824
run dir = {dir}
admin socket = {dir}/$cluster-$name.asok
log file = {dir}/$name.log
mon data = {dir}/mon
mgr data = {dir}/mgr
osd data = {dir}/osd
mgr initial modules =
rgw frontends = beast endpoint=127.0.0.1:{port}
rgw dns name = localhost
rgw crypt require ssl = false
rgw crypt s3 kms backend = testing
rgw crypt s3 kms encryption keys = testkey-1=YmluCmJvb3N0CmJvb3N0LWJ1aWxkCmNlcGguY29uZgo=
rgw relaxed s3 bucket names = false
rgw enable usage log = false
{sts}
{more}
"""
STS = "rgw s3 auth use sts = true\nrgw sts key = abcdefghijklmnop"


def why_not():
    """What is missing to run it; empty when nothing is."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        return "not installed: " + ", ".join(missing)
    return "" if os.geteuid() == 0 else "radosgw is started as root only"


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class Radosgw:
    """with Radosgw() as gateway: ... gateway.endpoint, .stop_gateway(), .start_gateway()"""

    def __init__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="efa-doctor-ceph-"))
        self.mon_port, self.port = free_ports(2)
        self.fsid = str(uuid.uuid4())
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.processes = {}
        self.configure()

    def configure(self, more="", sts=False):
        # OSD and manager take any of these ports; below the ephemeral ones, so that none is taken
        base = 20000 + os.getpid() % 10000
        self.config = self.dir / "ceph.conf"
        self.config.write_text(CONFIG.format(
            fsid=self.fsid, mon_port=self.mon_port, port=self.port, dir=self.dir,
            port_min=base, port_max=base + 200, sts=STS if sts else "", more=more))

    def run(self, *command, check=True, timeout=60):
        return subprocess.run([*map(str, command)], check=check, timeout=timeout, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              env={**os.environ, "CEPH_CONF": str(self.config)})

    def start(self, name, *command):
        with open(self.dir / (name + ".out"), "a") as out:
            self.processes[name] = subprocess.Popen(
                [*map(str, command)], stdout=out, stderr=out, stdin=subprocess.DEVNULL,
                env={**os.environ, "CEPH_CONF": str(self.config)})

    def stop(self, name):
        process = self.processes.pop(name, None)
        if process is None:
            return
        # a gateway that is killed leaves watches behind, for which the next one waits 30 s; but one
        # was seen that did not end by itself
        process.send_signal(signal.SIGTERM if name == "radosgw" else signal.SIGKILL)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def wait(self, what, ready):
        end = time.monotonic() + START_S
        while not ready():
            if time.monotonic() > end:
                raise RuntimeError(f"{what} did not start; see {self.dir}")
            time.sleep(0.2)

    def make_keyring(self):
        keyring = self.dir / "keyring"
        self.run("ceph-authtool", "--create-keyring", keyring, "--gen-key", "-n", "mon.", "--cap",
                 "mon", "allow *")
        for name, caps in {
                "client.admin": {"mon": "allow *", "osd": "allow *", "mgr": "allow *"},
                "mgr.a": {"mon": "allow profile mgr", "osd": "allow *"},
                "osd.0": {"mon": "allow profile osd", "mgr": "allow profile osd", "osd": "allow *"},
                "client.rgw": {"mon": "allow rw", "osd": "allow rwx", "mgr": "allow rw"}}.items():
            given = [word for service, cap in caps.items() for word in ("--cap", service, cap)]
            self.run("ceph-authtool", keyring, "--gen-key", "-n", name, *given)

    def __enter__(self):
        try:
            self.start_all()
        except BaseException:
            self.__exit__()
            raise
        return self

    def start_all(self):
        for name in ("mon", "mgr", "osd"):
            (self.dir / name).mkdir()
        self.make_keyring()
        self.run("monmaptool", "--create", "--clobber", "--fsid", self.fsid, "--addv", "a",
                 f"[v2:127.0.0.1:{self.mon_port}/0]", self.dir / "monmap")
        self.run("ceph-mon", "-i", "a", "--mkfs", "--monmap", self.dir / "monmap", "--keyring",
                 self.dir / "keyring")
        self.start("mon", "ceph-mon", "-i", "a", "-f")
        self.wait("monitor", lambda: self.run("timeout", "5", "ceph", "-s", check=False).returncode == 0)
        self.start("mgr", "ceph-mgr", "-i", "a", "-f")
        osd = str(uuid.uuid4())
        self.run("ceph", "osd", "new", osd)
        self.run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd)
        self.start("osd", "ceph-osd", "-i", "0", "-f")
        self.wait("OSD", lambda: "1 up" in self.run("ceph", "osd", "stat", check=False).stdout)
        self.start_gateway()
        self.admin("user", "create", "--uid=efa", "--display-name=E", "--access-key=" + KEY,
                   "--secret-key=" + SECRET)
        self.admin("caps", "add", "--uid=efa", "--caps=roles=*;user-policy=*")
        self.admin("user", "create", "--uid=other", "--display-name=O",
                   "--access-key=" + OTHER_KEY, "--secret-key=" + OTHER_SECRET)

    def __exit__(self, *_):
        for process in self.processes.values():  # no gateway comes after this
            process.kill()
            process.wait()
        self.processes.clear()
        shutil.rmtree(self.dir, ignore_errors=True)

    def answers(self):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            connection.request("GET", "/")
            connection.getresponse().read()
            return True
        except OSError:
            return False

    def start_gateway(self, more="", sts=False):
        self.configure(more, sts)
        self.start("radosgw", "radosgw", "-n", "client.rgw", "--keyring", self.dir / "keyring", "-f")
        self.wait("radosgw", self.answers)

    def stop_gateway(self):
        self.stop("radosgw")

    def admin(self, *command):
        out = self.run("radosgw-admin", "-n", "client.rgw", "--keyring", self.dir / "keyring",
                       "--admin-socket=", *command).stdout
        return json.loads(out) if out.strip().startswith(("{", "[")) else out
