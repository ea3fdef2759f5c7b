"""Recordings opened, changed and packed again: a tar of recording.json and of JSON lines."""

import io
import json
import subprocess
import tarfile

HEAD = "recording.json"


def unpack(path):
    """{entry: bytes}, by the zstd of the machine."""
    tar = subprocess.run(["zstd", "-dcq", str(path)], stdout=subprocess.PIPE, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        return {member.name: archive.extractfile(member).read() for member in archive}


def pack(entries, path):
    """Of names or TarInfo and bytes; a name may be given twice."""
    tar = io.BytesIO()
    pairs = entries.items() if isinstance(entries, dict) else entries
    with tarfile.open(fileobj=tar, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in pairs:
            info = tarfile.TarInfo(name) if isinstance(name, str) else name
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    compress(tar.getvalue(), path)


def compress(content, path):
    subprocess.run(["zstd", "-q", "-f", "-o", str(path)], input=content, check=True)


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
