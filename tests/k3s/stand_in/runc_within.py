#!/usr/bin/env python3
"""The OCI runtime of an engine that itself lacks capabilities: runc, asked for no more than the engine has.

Debian's Docker gives a privileged container every capability that the kernel knows, and fails with "unable to apply
caps" where the machine has withheld one from root. A program, for the engine to call: standard library alone.
"""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

CAPABILITIES = """
chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable
net_bind_service net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace
sys_pacct sys_admin sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control
setfcap mac_override mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore"""


def bounding_set() -> int:
    """A bit for each capability that a process here can have."""
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1], 16) for line in status if line.startswith("CapBnd"))


def lacks_capabilities() -> bool:
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text())
    return bounding_set() != (1 << last + 1) - 1


def limit(file: Path, process: Callable[[Any], Any]) -> None:
    """Takes from a specification what cannot be given; `process` finds the process in it."""
    specification = json.loads(file.read_text())
    there = {f"CAP_{name.upper()}" for bit, name in enumerate(CAPABILITIES.split()) if bounding_set() >> bit & 1}
    sets = process(specification).get("capabilities") or {}
    for kind, names in sets.items():
        sets[kind] = [name for name in names if name in there]
    file.write_text(json.dumps(specification))


def value(option: str) -> str | None:
    return sys.argv[sys.argv.index(option) + 1] if option in sys.argv else None


def main() -> None:
    if bundle := value("--bundle"):  # create, run
        limit(Path(bundle, "config.json"), lambda specification: specification["process"])
    if process := value("--process"):  # exec
        limit(Path(process), lambda specification: specification)
    os.execvp("runc", ["runc", *sys.argv[1:]])  # noqa: S606 - what is called is what was asked of us


if __name__ == "__main__":
    main()
