"""A worker's cage: it reads the sources and the programs, writes the job's two folders, and reaches no network and no program.

Landlock decides about files, seccomp about system calls; both come with the kernel, need no rights, and are inherited by whatever a
hostile picture makes of the worker. Where the kernel has neither, the worker runs without, and `deid doctor` says so.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from deid.errors import EnvironmentBroken


class Cage(StrEnum):
    """How a worker is confined."""

    FULL = "landlock+seccomp"
    CALLS = "seccomp"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Sandbox:
    """What a worker may do: folders and files that it may read and write, and whether it may start programs (Tesseract).

    `required` makes it an error where the kernel cannot confine a worker fully.
    """

    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    programs: bool = False
    required: bool = False


# linux/landlock.h. All rights over files that version 2 knows; version 2 (Linux 5.19) is the first that can allow a rename from
# DIR-held into DIR, later ones add truncation and devices, which are handled where they exist.
_READ: Final = 1 << 2 | 1 << 3
_EXECUTE: Final = 1 << 0
_WRITE: Final = 1 << 1 | 1 << 4 | 1 << 5 | 1 << 7 | 1 << 8 | 1 << 13
_ALL: Final = (1 << 14) - 1
_TRUNCATE: Final = 1 << 14
_ON_FILES: Final = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 14
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_LEAST_VERSION: Final = 2

# System calls that no decoder needs, by architecture: (audit number, call numbers).
_NETWORK: Final = {
    "x86_64": (41, 42, 43, 44, 46, 49, 50, 53, 288, 307),
    "aarch64": (198, 199, 200, 201, 202, 203, 206, 211, 242, 269),
}
_PROGRAMS: Final = {"x86_64": (59, 322), "aarch64": (221, 281)}
# ptrace, process_vm_readv and _writev, unshare, setns, mount, umount, bpf, perf_event_open, userfaultfd, io_uring_setup, keyctl,
# add_key, request_key, kexec_load, init_module, finit_module, pidfd_getfd.
_MEDDLING: Final = {
    "x86_64": (101, 310, 311, 272, 308, 165, 166, 321, 298, 323, 425, 250, 248, 249, 246, 175, 313, 438),
    "aarch64": (117, 270, 271, 97, 268, 40, 39, 280, 241, 282, 425, 219, 217, 218, 104, 105, 273, 438),
}
_AUDIT_ARCH: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_SECCOMP: Final = {"x86_64": 317, "aarch64": 277}
_PR_SET_NO_NEW_PRIVS: Final = 38

# What interpreters and codecs read besides their own files.
_SYSTEM: Final = (
    *("/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/local/lib", "/usr/share", "/etc/ld.so.cache", "/etc/localtime"),
    *("/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system", "/dev/urandom"),
)


def enter(sandbox: Sandbox) -> Cage:
    """Confine this process, for good; return how far the kernel went along.

    Raises
    ------
    EnvironmentBroken
        Where a full cage is required and cannot be had.
    """
    cage = _enter(sandbox)
    if sandbox.required and cage is not Cage.FULL:
        raise EnvironmentBroken(
            f"The policy requires a full sandbox, and this machine gives: {cage.value}.",
            "Use Linux 5.19 or later with Landlock, and an engine that runs inside the worker (rapidocr).",
        )
    return cage


def available() -> Cage:
    """What this kernel can do."""
    if platform.system() != "Linux" or platform.machine() not in _AUDIT_ARCH:
        return Cage.NONE
    return Cage.FULL if _landlock_version() >= _LEAST_VERSION else Cage.CALLS


def _enter(sandbox: Sandbox) -> Cage:
    possible = available()
    if possible is Cage.NONE:
        return Cage.NONE
    try:
        if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
            return Cage.NONE
        # A program needs files of its own all over the system, so it gets the calls' cage only.
        files = possible is Cage.FULL and not sandbox.programs
        if files:
            _confine_files(sandbox)
        _confine_calls(programs=sandbox.programs)
    except OSError:
        return Cage.NONE
    return Cage.FULL if files else Cage.CALLS


def _call(number: int, *args: object) -> int:
    result = ctypes.CDLL(None, use_errno=True).syscall(ctypes.c_long(number), *args)
    if result < 0:
        raise OSError(ctypes.get_errno(), "refused by the kernel")
    return int(result)


def _landlock_version() -> int:
    try:
        return _call(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    except OSError:
        return 0


def _confine_files(sandbox: Sandbox) -> None:
    handled = _ALL | (_TRUNCATE if _landlock_version() >= 3 else 0)
    attributes = ctypes.create_string_buffer(struct.pack("Q", handled), 8)
    rules = _call(_CREATE_RULESET, attributes, ctypes.c_size_t(8), ctypes.c_uint32(0))
    try:
        code = [path for path in (sys.prefix, sys.base_prefix, *sys.path) if path]
        # Shared objects are mapped with the right to read; the right to execute is for programs.
        _allow(rules, (*_SYSTEM, *code, *sandbox.read), _READ & handled)
        _allow(rules, sandbox.write, (_READ | _WRITE | _TRUNCATE) & handled)
        _allow(rules, ["/dev/null"], (_READ | _WRITE) & handled)
        _call(_RESTRICT_SELF, ctypes.c_int(rules), ctypes.c_uint32(0))
    finally:
        os.close(rules)


def _allow(rules: int, paths: Iterable[str], rights: int) -> None:
    """Give rights over files and everything below folders; what does not exist is left out."""
    for path in dict.fromkeys(paths):
        try:
            handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            given = rights if Path(path).is_dir() else rights & _ON_FILES
            rule = ctypes.create_string_buffer(struct.pack("=Qi", given, handle), 12)
            _call(_ADD_RULE, ctypes.c_int(rules), ctypes.c_int(1), rule, ctypes.c_uint32(0))
        finally:
            os.close(handle)


def _confine_calls(*, programs: bool) -> None:
    machine = platform.machine()
    denied = (*_NETWORK[machine], *_MEDDLING[machine], *(() if programs else _PROGRAMS[machine]))
    code = _filter(_AUDIT_ARCH[machine], denied)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(buffer)), 16)
    # SECCOMP_SET_MODE_FILTER for all threads of the process.
    _call(_SECCOMP[machine], ctypes.c_uint(1), ctypes.c_uint(1), program)


def _filter(arch: int, denied: Sequence[int]) -> bytes:
    """A classic BPF program: calls of another architecture and those denied fail with EPERM, all others go through."""
    load, equal, above, end = 0x20, 0x15, 0x35, 0x06
    refuse, allow = 0x00050000 | errno.EPERM, 0x7FFF0000
    past = len(denied) + 1
    steps = [
        (load, 0, 0, 4),
        (equal, 0, past + 2, arch),
        (load, 0, 0, 0),
        (above, past, 0, 0x40000000),
        *((equal, len(denied) - index, 0, number) for index, number in enumerate(denied)),
        (end, 0, 0, allow),
        (end, 0, 0, refuse),
    ]
    return b"".join(struct.pack("HBBI", *step) for step in steps)
