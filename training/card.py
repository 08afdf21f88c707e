"""Prints the model card's table of packages from the `manifest.json` of `corpus.py`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--manifest", type=Path, required=True)
    args = parser.parse_args()
    packages = json.loads(args.manifest.read_text(encoding="utf-8"))
    for title, held_out in (("Trained on", False), ("Held out", True)):
        some = [p for p in packages if p["held_out"] == held_out]
        files, chars = sum(p["files"] for p in some), sum(p["chars"] for p in some)
        print(f"\n{title}: {len(some)} packages, {files} files, {chars / 1e6:.1f} MB\n")
        print("| package | version | licence, as its metadata states it | files | MB |")
        print("|---|---|---|--:|--:|")
        for p in some:
            size = f"{p['files']} | {p['chars'] / 1e6:.2f}"
            print(f"| {p['name']} | {p['version']} | {p['licence']} | {size} |")


if __name__ == "__main__":
    main()
