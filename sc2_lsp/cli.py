"""The command line, and the only place that puts engine, completion and server together."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Annotated, Any

import msgspec
import typer

from sc2_lsp import __version__, demo
from sc2_lsp.bench.commands import app as bench_app
from sc2_lsp.completion.service import CompletionService
from sc2_lsp.console import ModelOption, SetOption, errors, fail, settings_of
from sc2_lsp.doctor.commands import doctor
from sc2_lsp.domain import Snapshot, Trigger
from sc2_lsp.engine.client import EngineClient
from sc2_lsp.engine.remote.team import TeamEngine
from sc2_lsp.indexing import FolderIndexes
from sc2_lsp.inspecting import context, index, indexed, root_of_snapshot
from sc2_lsp.launching import collect_rarely
from sc2_lsp.location import Location, LocationError, snapshot_at
from sc2_lsp.managing.commands import app as model_app
from sc2_lsp.models import engine_spec
from sc2_lsp.ports import EngineError
from sc2_lsp.power import on_battery
from sc2_lsp.record.journal import Journal
from sc2_lsp.recording import stats
from sc2_lsp.server.app import create_server
from sc2_lsp.settings import Settings

app = typer.Typer(
    help="Inline code completion with StarCoder2 on your own machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(bench_app, name="bench")
app.add_typer(model_app, name="model")
app.command()(context)
app.command()(index)
app.command()(stats)
app.command()(doctor)


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
    settings = settings_of(model, set_)

    def sharing() -> float | None:
        """What the editor has set by the time that an engine is needed."""
        now = server.session.settings
        return now.engine_idle_s if now.shared_engine else None

    spec = engine_spec(settings)
    engine = TeamEngine(EngineClient(spec, time.monotonic, sharing), spec, time.monotonic)
    indexes = FolderIndexes()
    service = CompletionService(engine, time.monotonic, on_battery, index_for=indexes.index_for)
    server = create_server(service, engine, indexes, Journal(), settings)
    collect_rarely()
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
    settings = settings_of(model, set_)
    try:
        snapshot = snapshot_at(Location.parse(location))
    except LocationError as error:
        fail(str(error))
    try:
        result = asyncio.run(_complete(snapshot, settings, show_prompt))
    except EngineError as error:
        fail(str(error))
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    if as_json:
        typer.echo(json.dumps(result, indent=2))
        return
    if show_prompt:
        typer.echo(result["prompt"])
    if result["suggestion"] is None:
        errors.print(f"No suggestion here: {result['reason']}.")
    else:
        typer.echo(result["suggestion"])


async def _complete(snapshot: Snapshot, settings: Settings, show_prompt: bool) -> dict[str, Any]:
    """One completion, once the repository is indexed; raises EngineError."""
    settings = msgspec.structs.replace(settings, idle_work="never")
    async with indexed(root_of_snapshot(snapshot), settings) as indexes:
        return await _complete_knowing(indexes, snapshot, settings, show_prompt)


async def _complete_knowing(
    indexes: FolderIndexes, snapshot: Snapshot, settings: Settings, show_prompt: bool
) -> dict[str, Any]:
    spec = engine_spec(settings)
    engine = TeamEngine(EngineClient(spec, time.monotonic), spec, time.monotonic)
    service = CompletionService(engine, time.monotonic, on_battery, index_for=indexes.index_for)
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
    settings = settings_of(model, set_)
    raise typer.Exit(demo.run({"model": settings.model, "shared_engine": False}))


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)


def _address(tcp: str) -> tuple[str, int]:
    host, _, port = tcp.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        fail(f"'--tcp {tcp}' needs the form HOST:PORT, for example 127.0.0.1:4000.")
    return host.strip("[]"), int(port)
