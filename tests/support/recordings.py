"""Recordings as files: taken apart, put together by hand, damaged."""

import io
import json
import pathlib
import shutil
import subprocess
import tarfile
import zlib

ZSTD = shutil.which("zstd")
HEAD = "recording.json"
CHECKSUM = "crc32"


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


def checksum_of(entries):
    whole = b"".join(name.encode() + entries[name] for name in sorted(entries))
    return f"{zlib.crc32(whole):08x}\n".encode()


def pack(entries, path):
    """Of names or TarInfo and bytes; a name may be given twice. A checksum is made right."""
    if isinstance(entries, dict) and CHECKSUM in entries:
        others = {name: content for name, content in entries.items() if name != CHECKSUM}
        entries = {**others, CHECKSUM: checksum_of(others)}
    tar = io.BytesIO()
    pairs = entries.items() if isinstance(entries, dict) else entries
    with tarfile.open(fileobj=tar, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in pairs:
            info = tarfile.TarInfo(name) if isinstance(name, str) else name
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    compress(tar.getvalue(), path)


def compress(content, path):
    subprocess.run([ZSTD, "-q", "-f", "-o", str(path)], input=content, check=True)


def head_of(entries):
    return json.loads(entries[HEAD])


def with_head(entries, head):
    return {**entries, HEAD: head if isinstance(head, bytes) else json.dumps(head).encode()}


def index_of(entries, probe):
    return [entry["name"] for entry in head_of(entries)["probes"]].index(probe)


def facts_of(said):
    """What a probe's own words add up to (probes/protocol/emitter.h)."""
    facts = {}
    for line in map(json.loads, said.splitlines()):
        if "set" in line:
            facts[line["set"]] = line["value"]
        if "add" in line:
            facts.setdefault(line["add"], []).append(line["value"])
    return facts
