"""Orders of a shop, as a sample of Python."""

from __future__ import annotations

import asyncio
import os.path
import numpy as np
import collections.abc as abc, logging
from dataclasses import dataclass
from typing import (
    TYPE_CHECKING,
    Protocol as Shape,
    overload,
)

from . import prices
from .models import Customer, Item as Line
from ..shared.money import *

if TYPE_CHECKING:
    from shop.store import Store

try:
    import ujson as json
except ImportError:
    import json

__all__ = ["Order", "total"]

# Euros and cents are never floats.
CENTS: int = 100
LIMITS = {
    "small": 10,
    "large": 1000,
    "huge": 100000,
    "a very long key that makes this table longer than anybody would want to read": 1,
    "another very long key that makes this table longer than anybody would want": 2,
    "one more very long key that makes this table longer than anybody would want": 3,
    "last very long key that makes this table longer than anybody would want": 4,
    "x": 5,
}
low, high = 1, 2
type Pairs[T] = list[tuple[T, T]]
_log = logging.getLogger(__name__)


class Shippable(Shape):
    def weight(self) -> float: ...


@dataclass(frozen=True)
class Address:
    """Where an order goes."""

    street: str
    zip_code: str = ""

    class Kind:
        HOME = "home"
        WORK = "work"


# Orders are made by the store.
# Nobody else makes them.
class Order(prices.Priced, abc.Mapping[str, Line], metaclass=type):
    """All that somebody
    wants to buy."""

    count = 0

    def __init__(
        self,
        store: Store,
        customer: Customer | None = None,
        *lines: Line,
        extra: dict[str, int] = {},
    ) -> None:
        super().__init__()
        self.store = store
        self.customer = customer or Customer("nobody")
        self.lines: list[Line] = list(lines)
        self.address = Address("", "")
        self._cache = {}
        if extra:
            self.extra = extra
        note = "x"

    @property
    def total(self) -> int:
        """The sum.

        In cents.
        """
        result = sum(line.price for line in self.lines)
        return result

    @overload
    def add(self, line: Line) -> None: ...
    @overload
    def add(self, line: str) -> None: ...
    def add(self, line):
        # A comment first.
        found = self.store.find(line)
        self.lines.append(found)

    async def send(self) -> bool:
        async with Connection(self.store.host) as connection:
            reply = await connection.post(self.address.street, f"{self.total}")
        if (retry := Retry(3)) and not reply:
            retry.later(lambda: self.send())
        return await asyncio.sleep(0, True)

    def __len__(self): return len(self.lines)


def total(orders: list[Order]) -> int:
    def one(order: Order) -> int:
        return order.total

    matrix = np.linalg.norm(np.array([one(order) for order in orders]))
    return int(matrix)


if os.path.exists("x"):

    def here() -> bool:
        return True

else:

    def here() -> bool:
        return False


if __name__ == "__main__":
    orders = []
    print(total(orders))
