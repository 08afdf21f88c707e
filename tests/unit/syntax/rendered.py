"""An outline as text, to be compared with a golden file and read by a person."""

from __future__ import annotations

from sc2_lsp.symbols import Definition, Outline


def rendered(outline: Outline) -> str:
    """Lines are counted from one, as editors show them."""
    parts = [
        "# definitions\n",
        *(_definition(definition) for definition in outline.definitions),
        "\n# imports\n",
        *(f"{one.line + 1}: {one.module} | {one.name} | {one.alias}\n" for one in outline.imports),
        "\n# bindings\n",
        *(f"{one.line + 1}: {one.name}: {one.type_name}\n" for one in outline.bindings),
        "\n# references with a receiver\n",
        *(
            f"{one.line + 1}: {one.receiver} . {one.name}\n"
            for one in outline.references
            if one.receiver
        ),
    ]
    return "".join(parts)


def _definition(one: Definition) -> str:
    where = f"{one.start_line + 1}-{one.end_line + 1}"
    body = f", body {one.body_line + 1}" if one.body_line is not None else ""
    name = f"{one.container} / {one.name}" if one.container else one.name
    bases = f" < {', '.join(one.bases)}" if one.bases else ""
    holds = f" : {one.type_name}" if one.type_name else ""
    signature = "".join(f"    {line}\n" for line in one.signature.split("\n"))
    return f"{where}{body}: {one.kind.value} {name}{bases}{holds}\n{signature}"
