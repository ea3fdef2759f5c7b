"""The pod of packaging/kubernetes/efa-doctor.yaml as an OCI runtime is given it: what the kubelet and
containerd's CRI plugin make of its spec (containerd, internal/cri/server/container_create.go and
internal/cri/opts/spec_linux_opts.go; kubernetes, pkg/kubelet/kuberuntime). It runs in containers,
virtual nodes and here by runc(8)."""

import json
import pathlib

import yaml

from debian_root import SOURCE

MANIFEST = SOURCE / "packaging/kubernetes/efa-doctor.yaml"
# by their numbers
CAPABILITIES = """CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP
  LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE
  SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME
  SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG
  WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE""".split()
# what a container has beside its own mounts; a mount of the pod at the same place takes it away
DEFAULT_MOUNTS = [
    {"destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid", "noexec", "nodev"]},
    {"destination": "/dev", "type": "tmpfs", "source": "tmpfs",
     "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
    {"destination": "/dev/pts", "type": "devpts", "source": "devpts",
     "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]},
    {"destination": "/dev/shm", "type": "tmpfs", "source": "shm",
     "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]},
    {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue",
     "options": ["nosuid", "noexec", "nodev"]},
    {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "rw"]},
    {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup",
     "options": ["nosuid", "noexec", "nodev", "relatime", "rw"]},
]


def objects():
    return {one["kind"]: one for one in yaml.safe_load_all(MANIFEST.read_text())}


def pod():
    return objects()["DaemonSet"]["spec"]["template"]["spec"]


def bind(mount, source):
    """As rprivate, and read-only to the bottom: `rro` of runc 1.1 on a kernel of 5.12 and newer."""
    recursive = mount.get("recursiveReadOnly") == "IfPossible"
    access = ("rro" if recursive else "ro") if mount.get("readOnly") else "rw"
    return {"destination": mount["mountPath"], "type": "bind", "source": str(source),
            "options": ["rbind", "rprivate", access]}


def lacking():
    """Of this machine's /dev, in which the runtime makes nothing: systemd makes them all."""
    return {mount["destination"] for mount in DEFAULT_MOUNTS
            if mount["destination"].startswith("/dev/") and not pathlib.Path(mount["destination"]).is_dir()}


def source_of(volume, settings, written):
    """What the kubelet gives the runtime of it; it makes a DirectoryOrCreate."""
    if "configMap" in volume:
        return settings
    path = volume["hostPath"]["path"]
    return f"{written}{path}" if volume["hostPath"]["type"] == "DirectoryOrCreate" else path


def config(settings, command=None, capabilities=~0, lacks=frozenset(), written=""):
    """config.json of an OCI bundle whose rootfs/ is the image's. `settings`: where config.toml lies;
    `command` instead of that of the pod, as kubectl exec gives it. Of a privileged container's
    `capabilities` those that the machine has to give; `lacks`: places that it has not. Below `written` are the folders that it writes."""
    spec = pod()
    container, = spec["containers"]
    security = container["securityContext"]
    assert security["privileged"] and spec["hostNetwork"] and spec["hostPID"]
    sources = {volume["name"]: source_of(volume, settings, written) for volume in spec["volumes"]}
    mounts = [bind(mount, sources[mount["name"]]) for mount in container["volumeMounts"]]
    taken = {mount["destination"] for mount in mounts}
    mounts += [mount for mount in DEFAULT_MOUNTS
               if mount["destination"] not in taken | lacks]
    held = ["CAP_" + name for number, name in enumerate(CAPABILITIES) if capabilities >> number & 1]
    return json.dumps({
        "ociVersion": "1.0.2",
        "root": {"path": "rootfs", "readonly": security["readOnlyRootFilesystem"]},
        "process": {"cwd": "/", "args": command or container["command"], "user": {"uid": 0, "gid": 0},
                    "env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"], "noNewPrivileges": False,
                    "capabilities": {name: held for name in ("bounding", "effective", "permitted")}},
        # in the order in which containerd hands them on: a place before what lies in it
        "mounts": sorted(mounts, key=lambda mount: mount["destination"].count("/")),
        "linux": {"namespaces": [{"type": "mount"}, {"type": "ipc"}, {"type": "cgroup"}],
                  "resources": {"devices": [{"allow": True, "access": "rwm"}]}},
    })
