"""Hashes of code and of the data files that it names: code is an input of every result."""

import ast
import hashlib
import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("fcnlib", "fcn_synthetic")
# Its names are lazy, and no module of ours imports from it: what users see changes no result.
PUBLIC_FACE = Path("fcnlib", "__init__.py")


def fingerprint(script: Path) -> str:
    """A hash of `script`, of every module of ours that it imports, and of their data files.

    Modules are hashed as syntax trees: comments, docstrings and layout do not count. The data
    files of a module are those beside it that a string in it names.
    """
    digest = hashlib.sha256()
    for path in sorted({script, *_reached(script)}):
        digest.update(path.name.encode() + _syntax(path).encode())
        for file in _data_files(path):
            digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def stamp(folders: Sequence[Path]) -> str:
    """A hash of the names, sizes and dates of the files in `folders`, which an edit changes."""
    entries = [
        (folder.name, entry.name, entry.stat().st_size, entry.stat().st_mtime_ns)
        for folder in folders
        if folder.is_dir()
        for entry in os.scandir(folder)
    ]
    return hashlib.sha256(repr(sorted(entries)).encode()).hexdigest()[:16]


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


@cache
def _syntax(path: Path) -> str:
    return _dump(_tree(path))


def _dump(node: object) -> str:
    """A syntax tree as text, without docstrings.

    `ast.dump` depends on Python's version, and so do fields that are empty.
    """
    if isinstance(node, list):
        return "[" + ",".join(map(_dump, node)) + "]"
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = dict(ast.iter_fields(node))
    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
        fields["body"] = fields["body"][1:]
    filled = (f"{name}={_dump(value)}" for name, value in fields.items() if value not in (None, []))
    return f"{type(node).__name__}({','.join(filled)})"


@cache
def _data_files(path: Path) -> tuple[Path, ...]:
    """The files beside a module that a string in it names, such as `lists/train.txt`.

    Of a folder that is named, all files.
    """
    found: set[Path] = set()
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found |= _named_files(path.parent, node.value)
    return tuple(sorted(found))


def _named_files(folder: Path, name: str) -> set[Path]:
    parts = Path(name).parts
    if not parts or len(name) > 100 or "\0" in name or Path(name).is_absolute() or ".." in parts:
        return set()
    named = folder / name
    if named.is_dir() and not (named / "__init__.py").exists():
        return {file for file in named.rglob("*") if file.is_file() and file.suffix != ".pyc"}
    return {named} if named.suffix not in ("", ".py") and named.is_file() else set()


@cache
def _reached(path: Path) -> frozenset[Path]:
    """The files of ours that `path` imports, and what those import."""
    found: set[Path] = set()
    waiting = [path]
    while waiting:
        for module in _imports(waiting.pop()):
            if module not in found:
                found.add(module)
                waiting.append(module)
    return frozenset(found)


@cache
def _imports(path: Path) -> frozenset[Path]:
    names: set[str] = set()
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(file for name in names for file in _files(name))


def _files(module: str) -> list[Path]:
    """The file of a module of ours, and those of the packages around it."""
    parts = module.split(".")
    if parts[0] not in PACKAGES:
        return []
    files = [ROOT.joinpath(*parts[: i + 1], "__init__.py") for i in range(len(parts))]
    files.append(ROOT.joinpath(*parts).with_suffix(".py"))
    return [file for file in files if file.exists() and file != ROOT / PUBLIC_FACE]
