"""Which part of its list a run is of."""

from collections.abc import Mapping
from typing import Any

from fcnlib.config.load import load_config
from fcnlib.config.yaml_files import ConfigSource
from fcnlib.plan.targets import Targets
from fcnlib.report.specs import Part


def part_of_list(raw: Mapping[str, Any], source: ConfigSource | str = "config.yaml") -> Part | None:
    """How much of the list is run, where `tables` or `rows` choose some of it; None: all of it."""
    part = Targets(load_config(raw, source))
    name = part.config.scale
    scales = {**raw["scales"], name: {**raw["scales"][name], "tables": None}}
    whole = Targets(load_config({**raw, "rows": None, "scales": scales}, source))
    counts = [(len(targets.measured), len(targets.config.tables)) for targets in (part, whole)]
    if counts[0] == counts[1]:
        return None
    (rows, tables), (of_rows, of_tables) = counts
    return Part(rows=rows, of_rows=of_rows, tables=tables, of_tables=of_tables)
