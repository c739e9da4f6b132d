"""The studies: files of tables, experiments, figures and claims, merged into one configuration."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fcnlib.config.schema_base import suggestion
from fcnlib.config.yaml_files import Source, entries_of, merge, merged, read_yaml, with_numbers
from fcnlib.core.errors import InputError

PARTS = ("tables", "experiments", "figures", "claims")
KEYS = ("section", "title", *PARTS)


def read_whole(
    paths: Sequence[str | Path], top: Mapping[str, Any] | None = None
) -> tuple[dict[str, Any], Source]:
    """The configuration of `paths` with the studies that it names, and which file says what.

    The first file is laid under the studies, the others and `top` over them, so that an overlay
    says `experiments.NAME` whatever the study. What comes back says `studies: null`, that none is
    to be read any more: laid over the first file again, it gives itself.
    """
    first, *overlays = map(Path, paths)
    content, places = read_yaml(first), _Places()
    folder = merged(paths, top).get("studies")
    if folder is not None:
        if not isinstance(folder, str):
            raise InputError(f"{first}: studies: {folder!r}; expected a folder, or null")
        studies = read_studies(first.parent / folder, places)
        content = merge(content, studies)
    for path in (first, *overlays):
        places.add(read_yaml(path), path)
    whole = merge(merge(content, merged(overlays)), top or {})
    return with_numbers({**whole, "studies": None}), Source(" + ".join(map(str, paths)), places)


class _Places(dict[str, str]):
    """Which files say something of an entry."""

    def add(self, content: Mapping[str, Any], path: Path) -> None:
        for entry in entries_of(content):
            self[entry] = f"{self[entry]} + {path}" if entry in self else str(path)


def read_studies(folder: Path, places: _Places | None = None) -> dict[str, Any]:
    """What all studies of a folder say, in the order of their files, which is that of the page."""
    # Without those that editors and file systems hide beside them.
    paths = sorted(path for path in folder.glob("*.yaml") if not path.name.startswith("."))
    if not paths:
        raise InputError(f"{folder}: no study in it; expected a folder of .yaml files")
    content: dict[str, Any] = {part: {} for part in PARTS}
    places = _Places() if places is None else places
    for path in paths:
        study = _with_sections(read_yaml(path), path)
        for part in PARTS:
            for name, entry in study.get(part, {}).items():
                if name in content[part]:
                    place = f"{part}.{name}"
                    raise InputError(
                        f"{path}: {place}: stands in {places[place]} too; expected once"
                    )
                content[part][name] = entry
        places.add({part: study.get(part, {}) for part in PARTS}, path)
    return content


def _with_sections(study: dict[str, Any], path: Path) -> dict[str, Any]:
    """A study whose tables, figures and claims know the section of the paper that they are of."""
    for key in study:
        if key not in KEYS:
            raise InputError(f"{path}: unknown key {key!r}; {suggestion(str(key), KEYS)}")
    section, title = study.get("section", ""), study.get("title")
    if not isinstance(section, str):
        raise InputError(f"{path}: section: {section!r}; expected text, such as '4.3'")
    if not isinstance(title, str):
        raise InputError(f"{path}: title: {title!r}; expected text")
    for part in PARTS:
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
