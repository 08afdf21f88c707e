"""The servers that the setting `endpoint` names: one, or several with commas between them.

Behind an address may stand `#` and the model to ask for where the server has more than one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sc2_lsp.domain import Access
from sc2_lsp.engine.remote.address import Address, address_of
from sc2_lsp.ports import ModelError

_BETWEEN = re.compile(r"[\s,]+")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server and the model to ask for there, empty where it has one alone."""

    address: Address
    model: str


def endpoints_of(setting: str, access: Access) -> tuple[Endpoint, ...]:
    """What the setting means, in its order, none twice; each is reached by `access`.

    Raises ModelError.
    """
    found: list[Endpoint] = []
    for named in filter(None, _BETWEEN.split(setting)):
        url, mark, model = named.partition("#")
        if mark and not model:
            raise ModelError("Behind '#' in the setting 'endpoint' the name of a model is missing.")
        endpoint = Endpoint(address_of(url, access), model)
        if endpoint not in found:
            found.append(endpoint)
    return tuple(found)
