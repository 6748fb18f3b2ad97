"""Becomes a program that ends with its parent: python leash.py PARENT SIGNAL PROGRAM ARGUMENT...

The kernel sends SIGNAL when the thread that started it is gone, SIGKILL included (Linux only). A program of its own,
because Python's preexec_fn may deadlock where there are threads, and warns of it.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main(parent: str, signal_number: str, *command: str) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal_number), 0, 0, 0)
        if os.getppid() != int(parent):
            sys.exit("the parent was gone before it could be watched")
    os.execv(command[0], command)  # noqa: S606 (a shell is what must not come between)


if __name__ == "__main__":
    main(*sys.argv[1:])
