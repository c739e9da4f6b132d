"""The studies: files of tables, experiments, figures and claims, merged into one configuration."""

from collections import ChainMap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fcnlib.config.overlays import STUDY_PARTS, check_nulls, resolved
from fcnlib.config.schema_base import suggestion
from fcnlib.config.yaml_files import (
    ConfigSource,
    check_texts,
    entries_of,
    merge,
    read_yaml,
    with_numbers,
)
from fcnlib.core.errors import InputError

STUDY_KEYS = ("section", "title", *STUDY_PARTS)


def read_raw_config(
    paths: Sequence[str | Path], top: Mapping[str, Any] | None = None
) -> tuple[dict[str, Any], ConfigSource]:
    """The configuration of `paths` with the studies that it names, and the file of each entry.

    The first file is laid under the studies, the others and `top` over them, so that an overlay
    names `experiments.NAME` whatever the study. The result has `studies: null`, as none is to be
    read any more: laid over the first file again, it gives itself. So nulls, which take entries
    away, are still in it.
    """
    files = [(path, read_yaml(path)) for path in map(Path, paths)]
    check_texts(top or {}, "--config")
    given: list[tuple[object, Mapping[str, Any]]] = [*files, ("--config", top or {})]
    topmost = ChainMap(*(dict(entries) for _, entries in reversed(given)))
    folder, scale = topmost.get("studies"), topmost.get("scale")
    scale = scale if any(_declares(entries, scale) for _, entries in given) else None
    first = Path(paths[0])
    (_, content), *overlays = [(file, _with_tables(entries, scale)) for file, entries in given]
    places = _Places()
    if folder is not None:
        if not isinstance(folder, str):
            raise InputError(f"{first}: studies: {folder!r}; expected a folder, or null")
        content = merge(content, read_studies(first.parent / folder, places))
    for path, entries in files:
        places.add(entries, path)
    laid_over: dict[str, Any] = {}
    beneath = content
    for file, overlay in overlays:
        if folder is not None:  # a full configuration also has what its studies had
            check_nulls(overlay, merge(beneath, laid_over), file)
        laid_over, beneath = merge(laid_over, overlay), merge(overlay, beneath)
    whole = with_numbers({**resolved(merge(content, laid_over), beneath), "studies": None})
    return whole, ConfigSource(" + ".join(map(str, paths)), places, beneath)


def _declares(entries: Mapping[str, Any], scale: object) -> bool:
    scales = entries.get("scales")
    return isinstance(scale, str) and isinstance(scales, Mapping) and scale in scales


def _with_tables(entries: Mapping[str, Any], scale: object) -> dict[str, Any]:
    """The entries with the tables to run as those of the scale, where they are `tables: [skips]`.

    So they stay a choice, and are laid over no tables themselves.
    """
    if not isinstance(tables := entries.get("tables"), str | list):
        return dict(entries)
    rest = {key: value for key, value in entries.items() if key != "tables"}
    return merge(rest, {"scales": {scale: {"tables": tables}}}) if scale else rest


class _Places(dict[str, str]):
    """The files that have values of an entry."""

    def add(self, content: Mapping[str, Any], path: Path) -> None:
        for entry in entries_of(content):
            self[entry] = f"{self[entry]} + {path}" if entry in self else str(path)


def read_studies(folder: Path, places: _Places | None = None) -> dict[str, Any]:
    """The entries of all studies of a folder, in the order of the files and of the page."""
    # Without those that editors and file systems hide beside them.
    paths = sorted(path for path in folder.glob("*.yaml") if not path.name.startswith("."))
    if not paths:
        raise InputError(f"{folder}: no study in it; expected a folder of .yaml files")
    content: dict[str, Any] = {part: {} for part in STUDY_PARTS}
    places = _Places() if places is None else places
    for path in paths:
        if not path.is_file():  # reading a pipe would never end
            raise InputError(f"{path}: no file; expected a study")
        study = _with_sections(read_yaml(path), path)
        for part in STUDY_PARTS:
            for name, entry in study.get(part, {}).items():
                if name in content[part]:
                    place = f"{part}.{name}"
                    raise InputError(f"{path}: {place}: is in {places[place]} too; expected once")
                content[part][name] = entry
        places.add({part: study.get(part, {}) for part in STUDY_PARTS}, path)
    return content


def _with_sections(study: dict[str, Any], path: Path) -> dict[str, Any]:
    """A study whose tables, figures and claims know the section of the paper that they are of."""
    for key in study:
        if key not in STUDY_KEYS:
            raise InputError(f"{path}: unknown key {key!r}; {suggestion(str(key), STUDY_KEYS)}")
    section, title = study.get("section", ""), study.get("title")
    if not isinstance(section, str):
        raise InputError(f"{path}: section: {section!r}; expected text, such as '4.3'")
    if not isinstance(title, str):
        raise InputError(f"{path}: title: {title!r}; expected text")
    for part in STUDY_PARTS:
        if not isinstance(study.get(part, {}), Mapping):
            raise InputError(f"{path}: {part}: {study[part]!r}; expected a mapping of names")
    heading = f"{section}: {title}" if section else title
    sections = {"tables": section, "figures": section, "claims": heading}
    return study | {
        part: {
            name: {"section": own, **entry} if isinstance(entry, Mapping) else entry
            for name, entry in study.get(part, {}).items()
        }
        for part, own in sections.items()
    }
