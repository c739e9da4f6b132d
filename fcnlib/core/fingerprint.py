"""Hashes of code and of the data files that it names: code is an input of every result."""

import ast
import hashlib
import json
import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

from fcnlib.core.errors import InputError
from fcnlib.core.files import atomic_write
from fcnlib.core.listing import visible_files
from fcnlib.core.reading import read_bytes

ROOT = Path(__file__).parents[2]
PACKAGES = ("fcnlib", "fcn_synthetic")
# The public face is lazy, and no module of ours imports from it: it changes no result.
PUBLIC_FACE = Path("fcnlib", "__init__.py")
RACY_NS = 2_000_000_000
TEXT_KEYWORDS = ("description", "help")
DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef  # those whose docstring does not count


@cache
def fingerprint(script: Path, *, without: frozenset[Path] = frozenset()) -> str:
    """A hash of `script`, of every module of ours that it imports, and of their data files.

    Modules are hashed as syntax trees: comments, docstrings and layout do not count. The data
    files of a module are those beside it that a string in it names. Modules `without` which the
    script works, and what they alone import, are left out.
    """
    digest = hashlib.sha256()
    for path in sorted({script, *_reached(script, without)}):
        digest.update(path.name.encode() + _read(path).syntax.encode())
        for file in _data_files(path):
            digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def stamp(paths: Sequence[Path]) -> str:
    """A hash of the names, sizes and dates of the files in folders, and of the content of lists.

    An edit changes it. What cannot be listed or read counts as empty: whoever uses it reports that.
    """
    return hashlib.sha256(repr([_stamps(path) for path in paths]).encode()).hexdigest()[:16]


def _stamps(path: Path) -> list[tuple[bytes | int, ...]]:
    try:
        if path.is_dir():
            return sorted(map(_name_size_and_date, visible_files(path)))
        return [(read_bytes(path),)]
    except InputError:
        return []


def _name_size_and_date(file: Path) -> tuple[bytes | int, ...]:
    name = os.fsencode(file.name)  # as text, it would depend on the locale
    try:
        status = file.stat()
    except OSError:  # a link to nothing, or a file deleted meanwhile
        return (name,)
    return name, status.st_size, status.st_mtime_ns


class _Module(NamedTuple):
    """What one walk through a module's syntax tree finds."""

    syntax: str  # its hash
    strings: list[str]
    imports: list[str]  # names of modules, and of what is imported from them


@cache
def _read(path: Path) -> _Module:
    """A module's syntax, kept beside its bytecode and trusted by size and date as that is."""
    status = path.stat()
    key = [status.st_mtime_ns, status.st_size, Path(__file__).stat().st_mtime_ns]
    kept = path.parent / "__pycache__" / f"{path.stem}.{sys.implementation.cache_tag}.syntax.json"
    try:
        content = json.loads(kept.read_bytes())
        if content["key"] == key:
            return _Module(*content["module"])
    except (OSError, ValueError, LookupError, TypeError):
        pass  # none is kept, or none that can be read
    module = _parse(path)
    # A file that has just been written may be written again within the same tick of its date.
    if time.time_ns() - status.st_mtime_ns > RACY_NS:
        with suppress(OSError), atomic_write(kept, durable=False) as temporary:
            temporary.write_text(json.dumps({"key": key, "module": module}), "utf-8")
    return module


def _parse(path: Path) -> _Module:
    strings: set[str] = set()
    imports: set[str] = set()
    syntax = _dump(ast.parse(path.read_text("utf-8"), str(path)), strings, imports)
    digest = hashlib.sha256(syntax.encode()).hexdigest()
    return _Module(digest, sorted(strings), sorted(imports))


def _dump(node: object, strings: set[str], imports: set[str]) -> str:
    """A syntax tree as text, without docstrings; its strings and imports are added to the sets.

    `ast.dump` depends on Python's version, and so do fields that are empty.
    """
    if isinstance(node, list):
        return "[" + ",".join([_dump(item, strings, imports) for item in node]) + "]"
    if not isinstance(node, ast.AST):
        return repr(node)
    parts = []
    for name in node._fields:
        value = getattr(node, name, None)
        if value is None or value == [] or name == "ctx":  # which follows from the place
            continue
        if name == "body" and isinstance(node, DOCUMENTED) and ast.get_docstring(node):
            value = value[1:]
        if name == "keywords":  # documentation, as a docstring is
            value = [keyword for keyword in value if keyword.arg not in TEXT_KEYWORDS]
        parts.append(f"{name}={_dump(value, strings, imports)}")
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        strings.add(node.value)
    elif isinstance(node, ast.Import):
        imports.update(alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        imports.add(node.module)
        imports.update(f"{node.module}.{alias.name}" for alias in node.names)
    return f"{type(node).__name__}({','.join(parts)})"


@cache
def _data_files(path: Path) -> tuple[Path, ...]:
    """The files beside a module that a string in it names, such as `lists/train.txt`.

    Of a folder that is named, all files.
    """
    beside = _names_in(path.parent)
    named = [text for text in _read(path).strings if text.partition("/")[0] in beside]
    return tuple(sorted({file for text in named for file in _named_files(path.parent, text)}))


@cache
def _names_in(folder: Path) -> frozenset[str]:
    return frozenset(os.listdir(folder))


def _named_files(folder: Path, name: str) -> set[Path]:
    parts = Path(name).parts
    if not parts or len(name) > 100 or "\0" in name or Path(name).is_absolute() or ".." in parts:
        return set()
    named = folder / name
    if named.is_dir() and not (named / "__init__.py").exists():
        return {
            file for file in named.rglob("*") if file.is_file() and "__pycache__" not in file.parts
        }
    return {named} if named.suffix not in ("", ".py") and named.is_file() else set()


@cache
def _reached(path: Path, without: frozenset[Path] = frozenset()) -> frozenset[Path]:
    """The files of ours that `path` imports, and what those import."""
    found: set[Path] = set()
    waiting = [path]
    while waiting:
        for module in _imports(waiting.pop()):
            if module not in found and module not in without:
                found.add(module)
                waiting.append(module)
    return frozenset(found)


@cache
def _imports(path: Path) -> frozenset[Path]:
    return frozenset(file for name in _read(path).imports for file in _files(name))


@cache
def _files(module: str) -> tuple[Path, ...]:
    """The file of a module of ours, and those of the packages around it."""
    parts = module.split(".")
    if parts[0] not in PACKAGES:
        return ()
    files = [ROOT.joinpath(*parts[: i + 1], "__init__.py") for i in range(len(parts))]
    files.append(ROOT.joinpath(*parts).with_suffix(".py"))
    return tuple(file for file in files if file.exists() and file != ROOT / PUBLIC_FACE)
