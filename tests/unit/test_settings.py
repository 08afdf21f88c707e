from __future__ import annotations

from typing import Any

import msgspec
import pytest

from sc2_lsp.settings import SECTION, Settings, merge, options


def test_defaults_are_in_force_at_first() -> None:
    settings, complaints = merge(Settings(), {})
    assert settings == Settings()
    assert complaints == []


def test_given_values_are_taken() -> None:
    given = {"model": "~/starcoder2.gguf", "max_tokens": 12, "automatic": False, "layout": "spm"}
    settings, complaints = merge(Settings(), given)
    assert complaints == []
    assert {name: getattr(settings, name) for name in given} == given


def test_a_later_change_leaves_the_rest() -> None:
    first, _ = merge(Settings(), {"max_tokens": 12})
    second, _ = merge(first, {"n_ctx": 1024})
    assert (second.max_tokens, second.n_ctx) == (12, 1024)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_tokens", 0),
        ("max_tokens", 1.5),
        ("max_tokens", "many"),
        ("n_ctx", 2**40),
        ("automatic", "yes"),
        ("automatic", 1),
        ("multiline", "sometimes"),
        ("model", None),
        ("model", ["a"]),
        ("layout", {}),
    ],
)
def test_a_wrong_value_is_refused_and_the_others_are_taken(name: str, value: Any) -> None:
    settings, complaints = merge(Settings(), {name: value, "max_lines": 3})
    assert getattr(settings, name) == getattr(Settings(), name)
    assert settings.max_lines == 3
    (complaint,) = complaints
    assert f"'{SECTION}.{name}'" in complaint
    assert "\n" not in complaint


def test_an_unknown_name_is_refused() -> None:
    settings, complaints = merge(Settings(), {"colour": "blue"})
    assert settings == Settings()
    assert complaints == [f"Unknown setting '{SECTION}.colour' is ignored."]


def test_options_name_every_setting_once() -> None:
    names = [option.name for option in options()]
    assert names == [field.name for field in msgspec.structs.fields(Settings)]


@pytest.mark.parametrize("option", options(), ids=lambda option: option.name)
def test_an_option_says_what_it_is(option: Any) -> None:
    assert option.help.endswith(".")
    assert msgspec.json.decode(option.default) == getattr(Settings(), option.name)
    is_number = isinstance(getattr(Settings(), option.name), int) and option.default not in (
        "true",
        "false",
    )
    assert bool(option.unit) == is_number


def test_every_default_is_allowed() -> None:
    defaults = msgspec.to_builtins(Settings())
    assert merge(Settings(), defaults) == (Settings(), [])
