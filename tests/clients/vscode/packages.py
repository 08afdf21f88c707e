"""Small packages for pip to install in place of the real ones."""

from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path

BUILD = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'


def write_wheel(
    folder: Path, name: str, version: str, modules: dict[str, str], more: str = "", entry: str = ""
) -> Path:
    """A wheel with `modules`; `more` is metadata, `entry` the function of its one program."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{name.replace('-', '_')}-{version}"
    about = f"{stem}.dist-info"
    files = {
        **modules,
        f"{about}/METADATA": metadata(name, version) + more,
        f"{about}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    if entry:
        files[f"{about}/entry_points.txt"] = f"[console_scripts]\n{name} = {entry}\n"
    files[f"{about}/RECORD"] = "".join(f"{file},,\n" for file in (*files, f"{about}/RECORD"))
    path = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in files.items():
            archive.writestr(file, text)
    return path


def write_source(folder: Path, name: str, version: str, backend: str) -> Path:
    """A folder that is built by `backend`, the text of a module."""
    folder.mkdir(parents=True)
    (folder / "backend.py").write_text(backend, "utf-8")
    project = f'[project]\nname = "{name}"\nversion = "{version}"\n'
    (folder / "pyproject.toml").write_text(BUILD + project, "utf-8")
    (folder / "PKG-INFO").write_text(metadata(name, version), "utf-8")
    return folder


def write_sdist(folder: Path, name: str, version: str, backend: str) -> Path:
    """The same as the archive that an index holds."""
    stem = f"{name.replace('-', '_')}-{version}"
    source = write_source(folder / "sources" / stem, name, version, backend)
    path = folder / f"{stem}.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(source, stem)
    return path


def write_index(folder: Path, wheel: Path, name: str) -> str:
    """The address of a package index that has one wheel."""
    page = folder / name / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text(f'<a href="{wheel.as_uri()}">{wheel.name}</a>', "utf-8")
    return folder.as_uri()


def metadata(name: str, version: str) -> str:
    return f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
