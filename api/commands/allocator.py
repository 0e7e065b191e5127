"""Which allocator a server has its memory from; it is chosen before a process begins, by its environment."""

import os
import sys
from typing import Final

# Python's own gives back whole arenas of 1 MiB alone; the C library's gives back every page that is empty, and can ask
# for large ones, which are found faster. Of C libraries only GNU's is known to be as fast.
CHOICE: Final = {"PYTHONMALLOC": "malloc", "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}


def choose() -> None:
    """Begin this process again with the allocator that a server is to have; where one is chosen by hand it stays.

    What this process starts does not inherit the choice.
    """
    if all(os.environ.get(name) == value for name, value in CHOICE.items()):
        for name in CHOICE:
            del os.environ[name]
    elif "CS_GNU_LIBC_VERSION" in getattr(os, "confstr_names", {}) and not CHOICE.keys() & os.environ.keys():
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], os.environ | CHOICE)  # noqa: S606 - this program
