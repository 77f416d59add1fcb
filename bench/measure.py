"""What a command costs: CPU of its whole process tree, wall time, and the most memory the tree held at once."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER
SAMPLE_SECONDS = 0.05
PATIENCE_SECONDS = 3600.0
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")


@dataclass(frozen=True)
class Cost:
    """cpu: seconds, user and system, of the process and all its descendants. wall: seconds. rss: bytes, of the tree."""

    cpu: float
    wall: float
    rss: int
    code: int
    out: str
    err: str


def measured(command: Sequence[str | Path], given: Mapping[str, str] | None = None, cwd: Path | None = None) -> Cost:
    """Run a command in a session of its own and wait for all of it.

    given: added to a bare environment, so that no setting of the machine takes part. A descendant that is left over
    at the end is told to stop, and is counted too.
    """
    ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
    env = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    began = time.perf_counter()
    child = subprocess.Popen(
        [str(part) for part in command],
        env=env | {"NO_COLOR": "1", "DO_NOT_TRACK": "1"} | dict(given or {}),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    told: dict[str, str] = {}
    readers = [threading.Thread(target=_read, args=(child, name, told)) for name in ("stdout", "stderr")]
    watch = _Watch(child.pid)
    late = threading.Timer(PATIENCE_SECONDS, os.killpg, (child.pid, signal.SIGKILL))
    for thread in (*readers, watch, late):
        thread.daemon = True
        thread.start()
    _, status, used = os.wait4(child.pid, 0)
    wall = time.perf_counter() - began
    late.cancel()
    child.returncode = os.waitstatus_to_exitcode(status)
    cpu, most = used.ru_utime + used.ru_stime, used.ru_maxrss
    for more, largest in _left_over(child.pid):
        cpu, most = cpu + more, max(most, largest)
    watch.ended.set()
    for thread in (*readers, watch):
        thread.join()
    return Cost(cpu, wall, max(watch.most, most * 1024), child.returncode, told["stdout"], told["stderr"])


def _read(child: subprocess.Popen[bytes], name: str, told: dict[str, str]) -> None:
    with getattr(child, name) as stream:
        told[name] = stream.read().decode(errors="replace")


def _left_over(group: int) -> list[tuple[float, int]]:
    """CPU and memory of the descendants that nobody waited for."""
    found: list[tuple[float, int]] = []
    try:
        os.killpg(group, signal.SIGTERM)
    except ProcessLookupError:
        return found
    while True:
        try:
            _, _, used = os.wait4(-group, 0)
        except ChildProcessError:
            return found
        found.append((used.ru_utime + used.ru_stime, used.ru_maxrss))


class _Watch(threading.Thread):
    """Adds up the memory of a tree, time and again. most: the largest sum, in bytes."""

    def __init__(self, root: int) -> None:
        super().__init__()
        self.root = root
        self.most = 0
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.wait(SAMPLE_SECONDS):
            self.most = max(self.most, sum(map(_rss, tree_of(self.root))))


def tree_of(root: int) -> list[int]:
    """The ids of a process and of all its descendants; what has ended meanwhile is left out."""
    found = [root]
    for pid in found:
        try:
            for task in Path(f"/proc/{pid}/task").iterdir():
                found += map(int, (task / "children").read_text(encoding="ascii").split())
        except OSError:
            continue
    return found


def _rss(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
