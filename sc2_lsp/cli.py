"""The command line, and the only place that puts engine, completion and server together."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Annotated, Any, NoReturn, Optional

import msgspec
import typer
from rich.console import Console

from sc2_lsp import __version__, demo
from sc2_lsp.assignments import AssignmentError, settings_from
from sc2_lsp.bench.commands import app as bench_app
from sc2_lsp.completion.service import CompletionService
from sc2_lsp.domain import Snapshot, Trigger
from sc2_lsp.engine.client import EngineClient
from sc2_lsp.location import Location, LocationError, snapshot_at
from sc2_lsp.models import engine_spec
from sc2_lsp.ports import EngineError
from sc2_lsp.power import on_battery
from sc2_lsp.server.app import create_server
from sc2_lsp.settings import Settings

app = typer.Typer(
    help="Inline code completion with StarCoder2 on your own machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(bench_app, name="bench")

_errors = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)

ModelOption = Annotated[
    str,
    typer.Option(
        "--model",
        envvar="SC2_LSP_MODEL",
        help="A StarCoder2 GGUF file; the bundled sc2-tiny by default.",
    ),
]
SetOption = Annotated[
    Optional[list[str]],  # noqa: UP045  typer on Python 3.10 reads no other form
    typer.Option("--set", metavar="NAME=VALUE", help="Any setting of the README's table."),
]


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"sc2-lsp {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Inline code completion with StarCoder2 on your own machine."""


@app.command()
def serve(
    tcp: Annotated[
        str,
        typer.Option(metavar="HOST:PORT", help="Serve one client there instead of on stdio."),
    ] = "",
    model: ModelOption = "",
    set_: SetOption = None,
) -> None:
    """Run the language server; editors start it themselves."""
    settings = _settings(model, set_)

    def sharing() -> float | None:
        """What the editor has set by the time that an engine is needed."""
        now = server.session.settings
        return now.engine_idle_s if now.shared_engine else None

    engine = EngineClient(engine_spec(settings), time.monotonic, sharing)
    service = CompletionService(engine, time.monotonic, on_battery)
    server = create_server(service, engine, settings)
    if tcp:
        host, port = _address(tcp)
        raise typer.Exit(server.serve_tcp(host, port))
    raise typer.Exit(server.serve_stdio())


@app.command()
def complete(
    location: Annotated[
        str,
        typer.Argument(
            metavar="FILE:LINE:COL",
            help="Where the cursor stands: line and column count from 1, columns are characters.",
        ),
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print suggestion, tokens and timings as JSON.")
    ] = False,
    show_prompt: Annotated[
        bool, typer.Option("--show-prompt", help="Print the prompt, control tokens included.")
    ] = False,
    model: ModelOption = "",
    set_: SetOption = None,
) -> None:
    """Print the suggestion at a place in a file."""
    settings = _settings(model, set_)
    try:
        snapshot = snapshot_at(Location.parse(location))
    except LocationError as error:
        _fail(str(error))
    try:
        result = asyncio.run(_complete(snapshot, settings, show_prompt))
    except EngineError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    if as_json:
        typer.echo(json.dumps(result, indent=2))
        return
    if show_prompt:
        typer.echo(result["prompt"])
    if result["suggestion"] is None:
        _errors.print(f"No suggestion here: {result['reason']}.")
    else:
        typer.echo(result["suggestion"])


async def _complete(snapshot: Snapshot, settings: Settings, show_prompt: bool) -> dict[str, Any]:
    """One completion by an engine of its own; raises EngineError."""
    settings = msgspec.structs.replace(settings, idle_work="never")
    engine = EngineClient(engine_spec(settings), time.monotonic)
    service = CompletionService(engine, time.monotonic, on_battery)
    started_s = time.monotonic()
    try:
        info = await engine.describe()
        loaded_s = time.monotonic()
        outcome = await service.complete(snapshot, Trigger.INVOKED, settings)
        done_s = time.monotonic()
        if outcome.message:
            raise EngineError(outcome.message)
        usage = outcome.usage
        result: dict[str, Any] = {
            "suggestion": outcome.suggestion.text if outcome.suggestion else None,
            "reason": outcome.reason.value if outcome.reason else None,
            "stop_reason": outcome.stop_reason.value if outcome.stop_reason else None,
            "file": snapshot.path,
            "line": snapshot.text.line_at(snapshot.char_offset) + 1,
            "model": {"name": info.name, "description": info.description, "n_ctx": info.n_ctx},
            "tokens": {
                "prompt": usage.prompt_tokens,
                "prompt_evaluated": usage.prompt_tokens_evaluated,
                "generated": usage.generated_tokens,
            },
            "timings_ms": {
                "load": _ms(loaded_s - started_s),
                "prompt": _ms(usage.prompt_s),
                "generate": _ms(usage.generate_s),
                "complete": _ms(done_s - loaded_s),
            },
        }
        if show_prompt and outcome.prompt:
            result["prompt"] = await engine.detokenize(outcome.prompt.tokens)
        return result
    finally:
        await engine.close()


@app.command(name="demo")
def run_demo(model: ModelOption = "", set_: SetOption = None) -> None:
    """Complete code of this package in a real client-server session and print it."""
    settings = _settings(model, set_)
    raise typer.Exit(demo.run({"model": settings.model, "shared_engine": False}))


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)


def _settings(model: str, assignments: list[str] | None) -> Settings:
    """Settings from the command line; ends the process where one of them is wrong."""
    try:
        return settings_from(model, assignments or ())
    except AssignmentError as error:
        _fail(str(error))


def _address(tcp: str) -> tuple[str, int]:
    host, _, port = tcp.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        _fail(f"'--tcp {tcp}' needs the form HOST:PORT, for example 127.0.0.1:4000.")
    return host.strip("[]"), int(port)


def _fail(message: str) -> NoReturn:
    _errors.print(message)
    raise typer.Exit(2)
