"""The real clock, the real dice and the real machine; everything below takes them as arguments."""

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from keystead_agent.container.machine import Machine

_CPUS: Final = Path("/proc/cpuinfo")


def clock() -> datetime:
    return datetime.now(UTC)


def entropy(count: int) -> bytes:
    return os.urandom(count)


def monotonic() -> float:
    return time.monotonic()


def sleep(seconds: float) -> None:
    time.sleep(seconds)


def machine(machine_id: Path, *, cpus: Path = _CPUS) -> Machine:
    return Machine.of(_text(machine_id), virtual=_is_virtual(_text(cpus)))


def _is_virtual(cpus: str) -> bool:
    """Hypervisors say so to the processor's features (CPUID leaf 1, ECX bit 31), which the kernel lists."""
    return any(line.startswith("flags") and "hypervisor" in line.split() for line in cpus.splitlines())


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
