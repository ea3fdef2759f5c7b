"""Recordings as files: taken apart, put together by hand, damaged."""

import io
import json
import pathlib
import shutil
import subprocess
import tarfile

ZSTD = shutil.which("zstd")


def tar(entries):
    """An archive with these entries, as bytes; efa-doctor takes one that is not compressed too."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in entries:
            content = content.encode() if isinstance(content, str) else content
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def entries_of(path):
    """What a recording holds, by name."""
    unpacked = subprocess.run([ZSTD, "-dc", path], check=True, stdout=subprocess.PIPE).stdout
    with tarfile.open(fileobj=io.BytesIO(unpacked)) as archive:
        return {member.name: archive.extractfile(member).read() for member in archive}


def head(**members):
    """recording.json of a machine of which nothing was seen."""
    whole = {"version": 1, "live": True, "expect": "auto", "trigger": "once", "sequence": 1,
             "started_at_ms": 1_790_000_000_000, "duration_ms": 5, "valid_for_ms": 900_000,
             "max_rss_kib": 1, "cpu_ms": 1, "before": {}, "probes": [], **members}
    return json.dumps(whole)


def zeros(path, size):
    """A zstd file of one tar entry that is `size` zero bytes: small here, huge unpacked."""
    info = tarfile.TarInfo("recording.json")
    info.size = size
    block = bytes(1 << 20)
    with open(path, "wb") as file, subprocess.Popen([ZSTD, "-q", "-1"], stdin=subprocess.PIPE,
                                                    stdout=file) as packer:
        packer.stdin.write(info.tobuf())
        for _ in range(size // len(block)):
            packer.stdin.write(block)
    return pathlib.Path(path)
