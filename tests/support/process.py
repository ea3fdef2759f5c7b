"""What /proc shows of a process."""

import os
import pathlib


def proc(pid, file):
    return pathlib.Path(f"/proc/{pid}/{file}").read_text()


def children(pid):
    return [int(child) for child in proc(pid, f"task/{pid}/children").split()]


def state(pid):
    """"S", "Z"...; "" of none."""
    try:
        return proc(pid, "stat").rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return ""


def kib(pid, file, member):
    line = next(l for l in proc(pid, file).splitlines() if l.startswith(member + ":"))
    return int(line.split()[1])


def holdings(pid):
    """What it holds that could grow."""
    return {"descriptors": len(os.listdir(f"/proc/{pid}/fd")),
            "threads": len(os.listdir(f"/proc/{pid}/task")),
            "children": len(children(pid)),
            "zombies": sum(state(child) == "Z" for child in children(pid))}
