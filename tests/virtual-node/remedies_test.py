"""Remedies that a node prints, played on the real efa driver: a fault, the command of the report run
as it is printed, and the fault is over.

Not played: what takes AWS (stopping an instance), the EFA installer, DKMS, a boot loader, GPUs, or
an IOMMU (vfio-pci). VIRTUAL_NODE_DEB: a package instead of this tree's.
"""

import json
import unittest

from scenarios_test import Case, DoctorNode
from virtual_node import run_tests

# The guest has no sudo, and its job is root. It is booted once, when all is played.
PLAY = """
no_grace
printf '#!/bin/sh\\n[ "$1" = reboot ] || exec "$@"\\n' > /usr/local/bin/sudo; chmod +x /usr/local/bin/sudo
printed() {  # REPORT CODE: the commands of that check, a line each
  awk -v code="\\"code\\": \\"$2\\"" '
    /"code": / { mine = index($0, code); fails = 0 }
    /"result": "fail"/ { fails = 1 }
    mine && fails && sub(/^ *"command": "/, "") { sub(/",?$/, ""); print }' /tmp/seen/$1 |
    sed 's/\\\\\\(.\\)/\\1/g' | sort -u
}
shown() {  # CODE: the same of the text report, where one loop serves all devices
  efa-doctor --once | awk -v code="$1:" '
    /^[A-Z]/ { mine = index($0, code) }
    mine && sub(/^ *\\$ /, "")'
}
all_nodes() { [ "$(ls /dev/infiniband | grep -c uverbs)" = 4 ]; }
settled() { udevadm settle; until_ok all_nodes; udevadm settle; }
play() {  # NAME CODE: a fault has been made; once, its command, once
  once $1.broken
  case $1 in many-missing|many-restricted|blacklisted) once $1.nobody $as_nobody ;; esac
  printed $1.broken $2 > /tmp/seen/$1.command
  case $1 in many-*) shown $2 > /tmp/seen/$1.command ;; esac
  case $1 in login-*) login > /tmp/seen/$1.login ;; esac
  seen $1.run bash /tmp/seen/$1.command
  case $1 in
    login-*) login > /tmp/seen/$1.new-login ;;
    job-*) let_go; job /tmp/seen/$1.command ;;
  esac
  settled
  once $1.mended
  let_go
}
"""

DRIVER = "/sys/bus/pci/drivers/efa"
ONE, TWO, FOUR = "0000:01:00.0", "0000:02:00.0", "0000:04:00.0"
LIMITS = "/etc/security/limits.d"

# name: (check, how its subject begins, shell that makes the fault)
FAULTS = {
    "no-uverbs": ("kernel.uverbs-not-loaded", "node", "modprobe -r rdma_ucm; rmmod ib_uverbs"),
    "missing": ("node.missing", ONE, "rm /dev/infiniband/uverbs0"),
    "many-missing": ("node.missing", TWO, "rm /dev/infiniband/uverbs*"),
    "no-folder": ("node.missing", ONE, "rm -r /dev/infiniband"),
    "installed-second": ("software.other-libfabric-first", "node",
                         "mkdir -p /opt/amazon/efa/lib; cp $(ldconfig -p |"
                         " awk '/libfabric.so.1 / { print $NF; exit }') /opt/amazon/efa/lib/libfabric.so.1"),
    "wrong-number": ("node.wrong-number", ONE,
                     "rm /dev/infiniband/uverbs0; mknod -m 666 /dev/infiniband/uverbs0 c 1 3"),
    "no-device": ("node.wrong-number", TWO,
                  "rm /dev/infiniband/uverbs1; touch /dev/infiniband/uverbs1"),
    "folder-instead": ("node.wrong-number", ONE,
                       "rm /dev/infiniband/uverbs0; mkdir /dev/infiniband/uverbs0"),
    "many-restricted": ("node.restricted-mode", TWO, "chmod 600 /dev/infiniband/uverbs*"),
    "kernels-name": ("rdma.name-not-persistent", ONE,
                     "rdma dev set $(ls /sys/bus/pci/devices/" + ONE + "/infiniband) name efa_0"),
    "many-unbound": ("driver.not-bound", ONE, f"for d in {ONE} {TWO}; do echo $d > {DRIVER}/unbind; done"),
    "reserved": ("pci.driver-override", ONE, f"echo pci-stub > /sys/bus/pci/devices/{ONE}/driver_override"),
    "reserved-unbound": ("pci.driver-override", ONE,
                         f"echo pci-stub > /sys/bus/pci/devices/{ONE}/driver_override;"
                         f" echo {ONE} > {DRIVER}/unbind"),
    "many-reserved": ("pci.driver-override", TWO,
                      f"for d in {ONE} {TWO}; do echo pci-stub |"
                      " tee /sys/bus/pci/devices/$d/driver_override; done"),
    "given-away": ("pci.driver-override", TWO, f"give_away {TWO}"),
    "many-given-away": ("pci.driver-override", ONE, f"give_away {ONE}; give_away {TWO}"),
    "wrong-driver": ("driver.wrong-driver", TWO,
                     f"give_away {TWO}; echo > /sys/bus/pci/devices/{TWO}/driver_override"),
    "not-loaded": ("kernel.driver-not-loaded", "node", "modprobe -r efa"),
    "blacklisted": ("kernel.driver-blocked", "node",
                    "modprobe -r efa; echo 'blacklist efa' > /etc/modprobe.d/site.conf"),
    "installed-as-false": ("kernel.driver-blocked", "node",
                           "modprobe -r efa; echo 'install efa /bin/false' > /etc/modprobe.d/no-efa.conf"),
    "kept-out-by-all": ("kernel.driver-blocked", "node",
                        "modprobe -r efa; printf 'blacklist efa\\n"
                        "alias pci:v00001D0Fd0000EFA1sv*sd*bc*sc*i* pci-stub\\n' > /etc/modprobe.d/lab.conf;"
                        " printf 'install ib_core /bin/false\\ninstall efa /bin/false\\n'"
                        " > /etc/modprobe.d/old.conf"),
    # the line is SUSE's: Debian's modprobe passes over it, and what is written and loaded is the same
    "unsupported": ("kernel.driver-unsupported", "node",
                    "modprobe -r efa;"
                    " echo 'allow_unsupported_modules 0' > /etc/modprobe.d/10-unsupported-modules.conf"),
    "unlisted": ("kernel.driver-not-installed", "node", "unlist"),
    "no-index": ("kernel.driver-not-installed", "node",
                 "modprobe -r efa; rm /lib/modules/$(uname -r)/modules.dep*"),
    "stale": ("kernel.driver-stale", "node", "stale"),
    "vanished": ("pci.device-vanished", ONE, f"echo 1 > /sys/bus/pci/devices/{ONE}/remove"),
    "no-address": ("rdma.no-gid", TWO, f"without_mac 1 {TWO}"),
    "silenced": ("rdma.counters-fail", TWO, f"silence 1 {TWO}"),
    "many-silenced": ("rdma.counters-fail", ONE, f"silence 0 {ONE}; silence 1 {TWO}"),
    "held": ("rdma.counters-fail", TWO, "refused"),
    "ptrace": ("limits.ptrace-restricted", "node", "sysctl -q kernel.yama.ptrace_scope=1"),
    "peermem": ("software.peermem-without-gpu", "node", "install_peermem"),
    "job-without-efa": ("jobs.provider-excluded", "sleep", "job"),
    "login-of-all": ("limits.memlock-low", "login (ssh)",
                     f"low_login {LIMITS}/50-site.conf '* - memlock 8192'"),
    "login-late": ("limits.memlock-low", "login (ssh)",
                   f"low_login {LIMITS}/zzz-site.conf '* hard memlock 64' '* soft memlock 64'"),
    "login-of-users": ("limits.memlock-low", "login (ssh)",
                       f"low_login {LIMITS}/zzzz-users.conf '1000: - memlock 64'"),
    "login-own-file": ("limits.memlock-low", "login (ssh)", "low_login_by_own_file"),
    "restart": ("limits.memlock-low", "slurmd",
                "daemon slurmd slurmd.service; drop_in slurmd.service site.conf infinity"),
    "runtime": ("limits.container-memlock-low", "containerd",
                "systemctl stop slurmd; drop_in containerd.service zzz-site.conf 8M;"
                " daemon containerd containerd.service"),
    # beside a container runtime; our own shell is no part of it
    "login-shell": ("limits.shell-memlock-low", "login (ssh)",
                    "ulimit -l unlimited; low_login /etc/security/ssh.conf '* - memlock 64'"),
    # last: until the guest boots anew its command line has the word, for modprobe too
    "blacklisted-at-boot": ("kernel.driver-blocked", "node",
                            "modprobe -r efa;"
                            " sed 's/$/ modprobe.blacklist=efa/' /proc/cmdline > /run/cmdline;"
                            " mount --bind /run/cmdline /proc/cmdline"),
}

# Where it can be made: since 7.x efa needs no ib_uverbs.
ONLY_WHERE = {"no-uverbs": "! modinfo -F depends efa | grep -q ib_uverbs"}

# of the driver that is there for any device; and a device that stays closed after one silence
FAULT_WORDS = f"""
give_away() {{
  modprobe pci-stub
  echo pci-stub > /sys/bus/pci/devices/$1/driver_override
  echo $1 > {DRIVER}/unbind; echo $1 > /sys/bus/pci/drivers/pci-stub/bind
}}
silence() {{  # DEVICE ADDRESS
  vefa-host fault $1 admin=silent > /dev/null
  cat /sys/bus/pci/devices/$2/infiniband/*/ports/1/hw_counters/rx_bytes
  vefa-host fault $1 admin=ok > /dev/null
}}
without_mac() {{  # DEVICE ADDRESS: the driver asks for its GID when it starts it
  vefa-host fault $1 gid=fe800000000000000000000000000001 > /dev/null
  echo $2 > {DRIVER}/unbind; echo $2 > {DRIVER}/bind
  vefa-host fault $1 gid= > /dev/null
  settled
}}
refused() {{  # while a process has the device open, which the play then has closed
  hold {TWO}
  silence 1 {TWO}
  once held.refusing
  printed held.refusing rdma.counters-fail > /tmp/held
  seen held.refused bash /tmp/held
  let_go
}}
"""

# of processes that have a device open; jobs by their settings
PROCESS_WORDS = """
hold() {  # ADDRESS
  sleep 900 7<> /dev/infiniband/$(ls /sys/bus/pci/devices/$1/infiniband_verbs) &
  holder=$!
  until_ok grep sleep /proc/$holder/comm
}
let_go() { [ -z "$holder" ] || { kill $holder; wait $holder; holder=; }; }
job() {  # [SCRIPT]: what the script says comes after what the job's profile says
  export FI_PROVIDER=tcp NCCL_NET=Socket
  [ -z "$1" ] || . $1
""" + f"  hold {ONE}" + """
  unset FI_PROVIDER NCCL_NET
}
"""

# of modules: the copy that lies apart is the one that ./setup has built
MODULE_WORDS = r"""
unlist() {  # not installed on the way
  modprobe -r efa
  local file=$(modinfo -n efa)
  mv $file $file.away; depmod
  once not-installed.broken; once not-installed.nobody $as_nobody
  mv $file.away $file
}
efa_of() {  # VERSION: the module has none of its own
  VERSION=$1 perl -0777 -pe \
    's/description=[^\0]*/my $is = "version=$ENV{VERSION}"; $is . "\0" x (length($&) - length $is)/e' \
    /root/efa.ko
}
stale() {  # 1.8.0 is loaded, which knows 0xefa0 and not 0xefa1; on disk is 3.1.0, which knows both
  local file=$(modinfo -n efa)
  [ -e /root/efa.ko ] || cp $file /root/efa.ko
  modprobe -r efa
  efa_of 1.8.0 | perl -0777 -pe 's/\x0f\x1d\0\0\xa1\xef\0\0/\x0f\x1d\0\0\xaf\xef\0\0/' > $file
  modprobe efa; udevadm settle
  efa_of 3.1.0 > $file
}
install_peermem() {  # as debhelper makes it of AWS's files: one in /etc is a conffile
  local tree=/root/peermem file=/etc/modules-load.d/efa_nv_peermem.conf
  mkdir -p $tree/DEBIAN $tree/etc/modules-load.d
  echo nvidia > $tree$file; echo $file > $tree/DEBIAN/conffiles
  printf '%s\n' 'Package: efa-nv-peermem' 'Version: 1.2.3' 'Architecture: all' \
    'Maintainer: nobody <nobody@localhost>' 'Description: of a test' > $tree/DEBIAN/control
  dpkg-deb -b $tree $tree.deb && dpkg -i $tree.deb
}
"""

# Of services that do nothing, under systemd's default limits; of logins: su - has the PAM stack that
# sshd is given, and is started as sshd is.
LIMIT_WORDS = r"""
daemon() {  # COMMAND UNIT
  install /bin/sleep /usr/sbin/$1
  printf '[Service]\nType=exec\nExecStart=/usr/sbin/%s infinity\n' $1 > /etc/systemd/system/$2
  systemctl daemon-reload; systemctl start $2
}
drop_in() {  # UNIT FILE LIMIT
  mkdir -p /etc/systemd/system/$1.d
  printf '[Service]\nLimitMEMLOCK=%s\n' $3 > /etc/systemd/system/$1.d/$2
}
low_login() {  # FILE LINE...
  id user || useradd -m -s /bin/bash user
  printf '%s\n' "${@:2}" > $1
  cp /etc/pam.d/su-l /etc/pam.d/sshd
  daemon sshd ssh.service
}
low_login_by_own_file() {
  printf '%s\n' 'auth sufficient pam_rootok.so' 'account required pam_permit.so' \
    'session required pam_limits.so conf=/etc/security/ssh.conf' > /etc/pam.d/su-l
  low_login /etc/security/ssh.conf '* - memlock 8192'
}
login() { systemd-run --quiet --pipe --wait su - user -c 'ulimit -l'; }
"""

# All devices are lost: the cause, the rung.
LOST = {
    "blacklisted": ("kernel.driver-blocked", "driver"),
    "many-missing": ("node.missing", "node"),
    "not-installed": ("kernel.driver-not-installed", "driver"),
}

# What holds from the next boot on: the check, the shell that makes the fault.
AT_BOOT = {
    "netns": ("kernel.rdma-netns-exclusive",
              "echo 'options ib_core netns_mode=0' > /etc/modprobe.d/ib_core.conf;"
              " rdma system set netns exclusive"),
    "huge-pages": ("limits.huge-pages-few", "true"),
    "stale-held": ("kernel.driver-stale",
                   f"stale; until_ok ls /sys/bus/pci/devices/{FOUR}/infiniband_verbs; hold {FOUR}"),
    "modules": ("kernel.modules-disabled", "modprobe -r efa; sysctl -q kernel.modules_disabled=1"),
}
FIRST_BOOT = """
umount /proc/cmdline
for_next_boot() {  # NAME CODE
  once $1.broken
  printed $1.broken $2 > /tmp/seen/$1.command
  seen $1.run bash /tmp/seen/$1.command
  let_go
}
""" + "".join(f"{shell}; for_next_boot {name} {code}\n" for name, (code, shell) in AT_BOOT.items()) + """
cp -r /tmp/seen /var/lib/seen  # /tmp is empty at the next boot
"""


def job():
    played = [f"{ONLY_WHERE.get(name, 'true')} &&"
              f" {{ {{ {shell}; }} > /tmp/seen/{name}.fault 2>&1; play {name} {code}; }}"
              for name, (code, _, shell) in FAULTS.items()]
    first = "\n".join(["settled; once healthy", *played, FIRST_BOOT])
    return f"""{PLAY}{FAULT_WORDS}{PROCESS_WORDS}{MODULE_WORDS}{LIMIT_WORDS}
if [ $VEFA_BOOT = 1 ]; then
{first}
exit 194
fi
cp /var/lib/seen/* /tmp/seen
settled
once booted
"""


def failing(report, code):
    return [finding for finding in report["findings"]
            if finding["code"] == code and finding["result"] == "fail"]


class RemediesTest(Case):
    @classmethod
    def setUpClass(cls):
        # two device ids, of which a driver may know one
        cls.node = DoctorNode(job(), "--fault", "admin_to_100ms=30", "--fault", "3:device_id=0xefa0",
                              "--timeout", 1200, limit_s=1500)

    @classmethod
    def tearDownClass(cls):
        cls.node.remove()

    def test_the_node_is_healthy_at_first(self):
        self.assert_found(self.node, "healthy", [], "healthy")

    def test_the_printed_command_mends_the_fault(self):
        for name, (code, subject, _) in FAULTS.items():
            if name in ONLY_WHERE and not self.node.path(f"{name}.broken").exists():
                continue
            with self.subTest(name):
                said = failing(self.node.json(f"{name}.broken"), code)
                told = self.node.text(f"{name}.command")
                self.assertTrue([finding for finding in said if finding["subject"].startswith(subject)],
                                self.node.text(f"{name}.fault"))
                self.assertNotEqual(told, "")
                mended = self.node.json(f"{name}.mended")
                ran = self.node.text(f"{name}.run") + self.node.text(f"{name}.run.err")
                why = told + ran + mended["summary"]
                self.assertEqual((mended["verdict"], mended["root_causes"]), ("healthy", []), why)
                self.assertEqual(failing(mended, code), [], why)

    def test_a_driver_that_is_not_the_one_on_disk_is_the_only_cause(self):
        report = self.assert_found(self.node, "stale.broken", ["kernel.driver-stale"])
        self.assert_lost(report, "driver", 1)
        self.assertIn("loaded is efa 1.8.0, on disk efa 3.1.0",
                      failing(report, "kernel.driver-stale")[0]["message"])
        self.assertIn("sudo modprobe -r efa", self.node.text("stale.command"))
        # one that a process holds cannot be unloaded
        self.assertEqual(self.node.text("stale-held.command"), "sudo reboot\n")

    def test_a_device_that_a_process_holds_is_not_rebound(self):
        self.assertEqual(self.node.text("held.refused"),
                         f"{TWO}: a process holds it, drain the node first\n")

    def test_a_new_login_has_the_limit_that_the_printed_line_gives(self):
        for name in FAULTS:
            if not name.startswith("login-"):
                continue
            with self.subTest(name):
                self.assertIn(self.node.text(f"{name}.login"), ("64\n", "8192\n"))
                self.assertEqual(self.node.text(f"{name}.new-login"), "unlimited\n",
                                 self.node.text(f"{name}.command"))

    def test_what_is_set_for_the_next_boot_holds_from_then_on(self):
        booted = self.node.json("booted")
        self.assertEqual(booted["verdict"], "healthy", json.dumps(booted["root_causes"]))
        for name, (code, _) in AT_BOOT.items():
            with self.subTest(name):
                self.assertNotEqual(failing(self.node.json(f"{name}.broken"), code), [])
                self.assertEqual(failing(booted, code), [], self.node.text(f"{name}.command"))

    def test_what_loses_all_devices_is_the_only_cause_to_any_user(self):
        for name, (cause, rung) in LOST.items():
            with self.subTest(name):
                for user in ("broken", "nobody"):
                    self.assert_lost(self.assert_found(self.node, f"{name}.{user}", [cause]), rung, 0)
                    self.assertEqual(self.node.text(f"{name}.{user}.code"), "2\n")

    def test_nodes_that_only_root_may_open_are_lost_to_others(self):
        self.assert_found(self.node, "many-restricted.broken", ["node.restricted-mode"], "degraded")
        report = self.assert_found(self.node, "many-restricted.nobody", ["node.restricted-mode"])
        self.assert_lost(report, "node", 0)


if __name__ == "__main__":
    run_tests()
