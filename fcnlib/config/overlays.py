"""What overlays take away: entries that they set to null, and the names of these elsewhere."""

from collections.abc import Container, Mapping
from typing import Any

from fcnlib.config.schema import Config
from fcnlib.config.schema_base import suggestion
from fcnlib.config.schema_figures import Figure
from fcnlib.config.yaml_files import ConfigSource, in_one_line
from fcnlib.core.errors import InputError

STUDY_PARTS = ("tables", "experiments", "figures", "claims")
# Taken over key by key, from a base or a scale; null is a value in them, such as no padding.
INHERITED = ("data", "net", "recipe", "timing")


def check_nulls(overlay: Mapping[str, Any], beneath: Mapping[str, Any], file: object) -> None:
    """Raise if an overlay takes away an entry that is not there."""
    for part, entries in overlay.items():
        known = beneath.get(part)
        if isinstance(entries, Mapping) and isinstance(known, Mapping):
            for name, entry in entries.items():
                if entry is None and name not in known:
                    place, hint = f"{part}.{name}", suggestion(str(name), map(str, known))
                    raise InputError(
                        f"{file}: {in_one_line(place)}: null; expected an entry; {hint}"
                    )


def without_nulls(
    top: Mapping[str, Any], beneath: Mapping[str, Any], *place: str
) -> dict[str, Any]:
    """The mapping at a place, without what is null in it and something else beneath."""
    kept = {}
    for key, value in top.items():
        other = beneath.get(key)
        if value is None and other is not None:
            continue
        if isinstance(value, Mapping) and isinstance(other, Mapping):
            values = _has_values(*place, key)
            value = value if values else without_nulls(value, other, *place, key)
        kept[key] = value
    return kept


def _has_values(*place: str) -> bool:
    """Whether null is a value in the mapping at a place: in a recipe, or the values of a net."""
    match place:
        case ("recipes", _):
            return True
        case ("experiments" | "scales", _, key):
            return key in INHERITED
    return False


def resolved(whole: Mapping[str, Any], beneath: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration without nulls inside entries of studies; an entry that is null stays."""
    found = dict(whole)
    for part in STUDY_PARTS:
        known = beneath.get(part)
        if not isinstance(known, Mapping):
            continue
        entries = whole[part]
        if entries is None:  # takes all of them away
            found[part] = dict.fromkeys(known)
        elif isinstance(entries, Mapping):
            found[part] = {
                name: without_nulls(entry, known[name], part, name)
                if isinstance(entry, Mapping) and isinstance(known.get(name), Mapping)
                else entry
                for name, entry in entries.items()
            }
    return found


def take_away(raw: Mapping[str, Any], source: ConfigSource) -> tuple[dict[str, Any], ConfigSource]:
    """The configuration without what is null in it, and the source with the names of that."""
    values = without_nulls(raw, source.beneath)
    for part in STUDY_PARTS:  # of which the names are known though nothing is beneath any more
        if isinstance(entries := values.get(part), Mapping):
            values[part] = {name: entry for name, entry in entries.items() if entry is not None}
    taken = {
        part: frozenset(name for name, entry in entries.items() if entry is None) - {*values[part]}
        for part, entries in raw.items()
        if isinstance(entries, Mapping)
    }
    return values, source._replace(taken=taken)


def without_taken(config: Config, source: ConfigSource) -> tuple[Config, ConfigSource]:
    """The configuration without names of what was taken away, and the source with all of these.

    Rows that lose their last table are taken away with it, unless others need them. A figure that
    has nothing left to show is gone.
    """
    tables, rows = source.gone("tables"), dict(config.experiments)
    for name, entry in rows.items():
        left = tuple(table for table in entry.tables if table not in tables)
        named = {table: row for table, row in entry.rows.items() if table not in tables}
        rows[name] = entry.model_copy(update={"tables": left, "rows": named})
    lost = {
        name for name, entry in config.experiments.items() if entry.tables and not rows[name].tables
    }
    wanted = needed(config, rows.keys() - lost)
    gone = source.gone("experiments") | (rows.keys() - wanted)
    figures = {name: _without(figure, tables, gone) for name, figure in config.figures.items()}
    update = {
        "experiments": {name: entry for name, entry in rows.items() if name in wanted},
        "figures": {name: figure for name, figure in figures.items() if figure},
    }
    taken = {**source.taken, "experiments": gone}
    return config.model_copy(update=update), source._replace(taken=taken)


def _without(figure: Figure, tables: Container[str], experiments: Container[str]) -> Figure | None:
    """A figure without some tables and experiments; None if that is all that it shows."""
    left = figure.model_copy(
        update={
            "tables": tuple(name for name in figure.tables if name not in tables),
            "experiments": tuple(name for name in figure.experiments if name not in experiments),
        }
    )
    had, has = (figure.tables, figure.experiments), (left.tables, left.experiments)
    return None if any(a and not b for a, b in zip(had, has, strict=True)) else left


def needed(config: Config, rows: Container[str]) -> set[str]:
    """The names of these experiments and of those that they start from."""
    wanted = {name for name in config.experiments if name in rows}
    for name, entry in reversed(config.experiments.items()):
        if name in wanted:
            wanted |= {*entry.starts(config.archives)}
    return wanted


def check_kept(
    part: str, name: object, kept: Container[object], source: ConfigSource, user: str
) -> None:
    """Raise if an entry was taken away that another one needs; `user` is where that names it."""
    if isinstance(name, str) and name not in kept and name in source.gone(part):
        raise InputError(
            f"{source.at(f'{part}.{name}')}: null; expected it to stay, as {user} names it"
        )
