"""Whether the machine runs on its battery, as far as the operating system tells."""

from __future__ import annotations

import psutil


def on_battery() -> bool:
    """Implements the `Power` port; false where there is no battery or nobody can tell."""
    read = getattr(psutil, "sensors_battery", None)
    try:
        battery = read() if read else None
    except (OSError, RuntimeError):
        return False
    return battery is not None and battery.power_plugged is False
