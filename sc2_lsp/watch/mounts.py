"""Whether a folder is on another machine, whose changes no kernel tells of."""

from __future__ import annotations

import os
import re
from pathlib import Path

_MOUNTS = Path("/proc/self/mounts")
_ESCAPE = re.compile(r"\\([0-7]{3})")
_REMOTE_KINDS = """
    9p afs beegfs ceph cifs drvfs gpfs lustre ncpfs nfs nfs4 orangefs prl_fs smb3 smbfs
    vboxsf virtiofs vmhgfs
"""
_REMOTE = frozenset(_REMOTE_KINDS.split())
_LOCAL_FUSE = frozenset(("fuse.fuse-overlayfs", "fuse.bindfs", "fuse.mergerfs", "fuse.ntfs-3g"))


def is_remote(folder: str) -> bool:
    """Whether `folder` is; false where nobody can tell, as on systems other than Linux."""
    try:
        mounts = os.fsdecode(_MOUNTS.read_bytes())
    except OSError:
        return False
    kind = kind_of(os.path.realpath(folder), mounts)
    return kind in _REMOTE or (kind.startswith("fuse.") and kind not in _LOCAL_FUSE)


def kind_of(path: str, mounts: str) -> str:
    """The kind of the file system that holds `path`, by the lines of `/proc/self/mounts`."""
    longest, kind = "", ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = _ESCAPE.sub(lambda match: chr(int(match[1], 8)), fields[1]).rstrip("/")
        # Of two at the same place, the later one hides the other.
        if len(point) >= len(longest) and f"{path}/".startswith(f"{point}/"):
            longest, kind = point, fields[2]
    return kind
