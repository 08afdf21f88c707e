"""A network that holds nothing but this test, and every packet that anybody in it sends.

In a network namespace of its own (`unshare --net`) a process has a loopback device alone. Here
every address of the world is local to it: whatever is sent to anybody is sent there, and seen.
Linux alone.
"""

from __future__ import annotations

import errno
import fcntl
import socket
import struct
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path

TEAM = "198.51.100.7"
"""Where a team's server may stand in here."""

NAME = "models.test"
NAME_SERVER = "198.51.100.53"
DEVICE = "lo"
EVERY_PROTOCOL = 0x0003
OUTGOING = 4

_SET_FLAGS, _GET_FLAGS, _UP = 0x8914, 0x8913, 0x1
_NEW_ROUTE, _REQUEST_NEW_WITH_ANSWER = 24, 0x1 | 0x4 | 0x400
_TABLE_LOCAL, _STATIC, _TO_HOST, _IS_LOCAL, _DEVICE_ATTRIBUTE = 255, 4, 254, 2, 4
_TCP, _UDP = 6, 17


@dataclass(frozen=True, slots=True)
class Packet:
    """Where it came from and where it goes to, as address and port; port 0 where it has none."""

    source: tuple[str, int]
    to: tuple[str, int]


class OwnNetwork:
    """Owns the loopback device and the socket that sees all packets."""

    def __init__(self) -> None:
        devices = {name for _, name in socket.if_nameindex()}
        if DEVICE not in devices or _is_up():
            raise RuntimeError("This is no network of its own: run it by `unshare -rnm`.")
        # Tunnels that some kernels put into each new network are down and stay so.
        self._seen: list[Packet] = []
        self._changed = threading.Condition()
        # Protocol 0 would see what comes, and not what goes.
        self._socket = socket.socket(
            socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(EVERY_PROTOCOL)
        )
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.up()
        threading.Thread(target=self._look, daemon=True).start()
        self._n_before = 0
        self.forget()

    def up(self) -> None:
        _set_up(True)

    def down(self) -> None:
        """Let nothing through any more; whoever is connected is told nothing."""
        _set_up(False)

    def forget(self) -> None:
        """Count from here on."""
        self._wait()
        self._n_before = _n_sent()
        self._seen.clear()

    def packets(self) -> list[Packet]:
        """All that were sent since `forget`; the kernel's own count vouches for it."""
        self._wait()
        return list(self._seen)

    def _wait(self) -> None:
        """Until all that the kernel has counted was looked at."""
        with self._changed:
            n_sent = _n_sent() - self._n_before
            if not self._changed.wait_for(lambda: len(self._seen) >= n_sent, timeout=10):
                raise RuntimeError(f"{n_sent} packets were sent, {len(self._seen)} seen")

    def _look(self) -> None:
        while True:
            data, (_, _, kind, *_) = self._socket.recvfrom(1 << 16)
            if kind == OUTGOING:
                with self._changed:
                    self._seen.append(_packet(data))
                    self._changed.notify_all()


def _packet(data: bytes) -> Packet:
    version = data[0] >> 4
    if version == 4:
        header, protocol = 4 * (data[0] & 15), data[9]
        addresses = (
            socket.inet_ntop(socket.AF_INET, data[12:16]),
            socket.inet_ntop(socket.AF_INET, data[16:20]),
        )
    else:
        header, protocol = 40, data[6]
        addresses = (
            socket.inet_ntop(socket.AF_INET6, data[8:24]),
            socket.inet_ntop(socket.AF_INET6, data[24:40]),
        )
    ports = (0, 0)
    if protocol in (_TCP, _UDP):
        ports = struct.unpack("!HH", data[header : header + 4])
    return Packet((addresses[0], ports[0]), (addresses[1], ports[1]))


def _n_sent() -> int:
    """How many packets the kernel has sent by the loopback device."""
    for line in Path("/proc/net/dev").read_text().splitlines():
        name, _, counts = line.partition(":")
        if name.strip() == DEVICE:
            return int(counts.split()[9])
    raise RuntimeError("There is no loopback device.")


def _flags(asked: socket.socket) -> int:
    answer = fcntl.ioctl(asked, _GET_FLAGS, struct.pack("16sH14x", DEVICE.encode(), 0))
    return int(struct.unpack("16sH14x", answer)[1])


def _is_up() -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        return bool(_flags(asked) & _UP)


def _set_up(is_up: bool) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        flags = _flags(asked) | _UP if is_up else _flags(asked) & ~_UP
        fcntl.ioctl(asked, _SET_FLAGS, struct.pack("16sH14x", DEVICE.encode(), flags))
    if is_up:
        # They go with the device.
        for family in (socket.AF_INET, socket.AF_INET6):
            _make_everything_local(family)


def _make_everything_local(family: int) -> None:
    """As `ip route add local default dev lo`."""
    index = socket.if_nametoindex(DEVICE)
    route = struct.pack(
        "BBBBBBBBI", family, 0, 0, 0, _TABLE_LOCAL, _STATIC, _TO_HOST, _IS_LOCAL, 0
    ) + struct.pack("HHI", 8, _DEVICE_ATTRIBUTE, index)
    head = struct.pack("IHHII", 16 + len(route), _NEW_ROUTE, _REQUEST_NEW_WITH_ANSWER, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as kernel:
        kernel.send(head + route)
        (error,) = struct.unpack("i", kernel.recv(4096)[16:20])
    if error and family == socket.AF_INET and -error != errno.EEXIST:
        raise OSError(-error, "the route could not be added")


def own_resolver(folder: Path) -> NameServer:
    """The name server that everybody here asks from now on; `folder` is for its settings."""
    for name, text in (
        ("resolv.conf", f"nameserver {NAME_SERVER}\n"),
        ("nsswitch.conf", "hosts: files dns\n"),
    ):
        (folder / name).write_text(text)
        target = Path("/etc", name)
        if target.exists():
            # In this process's own view of the files alone.
            subprocess.run(["mount", "--bind", folder / name, target.resolve()], check=True)
    return NameServer(NAME_SERVER, NAME, TEAM)


class NameServer:
    """The only one in this network; knows one name. `mode`: answers, unknown or silent."""

    def __init__(self, host: str, name: str, address: str) -> None:
        self.mode = "answers"
        self._name = (
            b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"
        )
        self._address = socket.inet_aton(address)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host, 53))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            asked, who = self._socket.recvfrom(4096)
            if self.mode != "silent":
                self._socket.sendto(self._answer(asked), who)

    def _answer(self, asked: bytes) -> bytes:
        end = asked.index(b"\0", 12) + 5
        question, kind = asked[12:end], struct.unpack("!H", asked[end - 4 : end - 2])[0]
        is_known = self.mode == "answers" and question.lower().startswith(self._name)
        has_one = is_known and kind == 1
        head = struct.pack("!HHHHH", 0x8180 if is_known else 0x8183, 1, int(has_one), 0, 0)
        record = struct.pack("!HHHIH", 0xC00C, 1, 1, 0, 4) + self._address if has_one else b""
        return asked[:2] + head + question + record
