from __future__ import annotations

import pytest

from sc2_lsp.watch.mounts import is_remote, kind_of

MOUNTS = r"""
/dev/sda1 / ext4 rw,relatime 0 0
proc /proc proc rw 0 0
server:/home /home nfs4 rw 0 0
/dev/sdb /home/me/local\040disk ext4 rw 0 0
user@host:/ /mnt/ssh fuse.sshfs rw 0 0
tmpfs /mnt/twice tmpfs rw 0 0
//server/share /mnt/twice cifs rw 0 0
broken line
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "ext4"),
        ("/srv/work", "ext4"),
        ("/home/me", "nfs4"),
        ("/home", "nfs4"),
        ("/homes/me", "ext4"),
        ("/home/me/local disk/work", "ext4"),
        ("/mnt/ssh/a", "fuse.sshfs"),
        ("/mnt/twice", "cifs"),
    ],
)
def test_the_innermost_mount_holds_a_folder(path: str, kind: str) -> None:
    assert kind_of(path, MOUNTS) == kind


def test_nothing_is_known_where_nothing_is_mounted() -> None:
    assert kind_of("/a", "") == ""


def test_a_folder_of_this_machine_is_not_remote() -> None:
    assert not is_remote("/proc")
