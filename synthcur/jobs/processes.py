"""Tell one process from another, also after its pid has been given to somebody else."""

import os
import subprocess
from pathlib import Path


def process_identity(pid: int) -> str:
    """Name a living process for good.

    Parameters
    ----------
    pid
        A process id.

    Returns
    -------
    str
        Boot id and start time of the process, which no later process with the same pid shares;
        empty if there is no such process or it has ended and only waits to be reaped.
    """
    if Path("/proc/self/stat").exists():
        return _from_proc(pid)
    return _from_ps(pid)


def is_running(pid: int | None, identity: str) -> bool:
    """Whether the very process that was named is still there.

    Parameters
    ----------
    pid, identity
        Its process id and what `process_identity` named it; None or empty where there was none.
    """
    return pid is not None and identity != "" and process_identity(pid) == identity


def _from_proc(pid: int) -> str:
    try:
        # The second field is the command in brackets and may itself hold spaces and brackets.
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except (OSError, IndexError):
        return ""
    state, start_ticks = fields[0], fields[19]
    return "" if state in "ZX" else f"{boot}:{start_ticks}"


def _from_ps(pid: int) -> str:
    command = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    state, _, started = answer.partition(" ")
    return "" if not state or state.startswith("Z") else started.strip()


def is_of_this_boot(identity: str) -> bool:
    """Whether a process of that identity was started since this machine was."""
    mine = process_identity(os.getpid())
    return ":" not in mine or identity.split(":")[0] == mine.split(":", maxsplit=1)[0]


def gpu_count() -> int:
    """Return how many NVIDIA GPUs a process started from here may use, asking no library."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return len([name for name in visible.split(",") if name.strip() not in ("", "-1")])
    folder = Path("/proc/driver/nvidia/gpus")
    return len(list(folder.iterdir())) if folder.is_dir() else 0


def memory_kills() -> int:
    """Return how many processes the system has ended for want of memory since it started."""
    try:
        for line in Path("/proc/vmstat").read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    except OSError:
        return 0
    return 0
