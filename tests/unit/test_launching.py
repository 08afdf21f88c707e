from __future__ import annotations

import gc

from sc2_lsp.launching import collect_rarely


def test_what_is_there_now_is_not_looked_at_again() -> None:
    thresholds = gc.get_threshold()
    try:
        collect_rarely()
        assert gc.get_freeze_count() > 10_000
        assert gc.get_threshold()[0] > thresholds[0]
        assert gc.isenabled()
    finally:
        gc.unfreeze()
        gc.set_threshold(*thresholds)
