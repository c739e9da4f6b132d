"""What a rehearsal is: which scale, which rows, what disk it needs, and what it is held against."""

from collections.abc import Mapping
from typing import Any

from fcnlib.core.errors import InputError


def rehearsal_values(raw: Mapping[str, Any]) -> dict[str, str]:
    """The values that `snakemake rehearsal` is short for.

    A scale that is a rehearsal stays; any other gives way to the one that rehearses it, or else to
    the first that rehearses any. Rows that are asked for stay.
    """
    scales, scale = raw.get("scales"), raw.get("scale")
    known = scales.items() if isinstance(scales, Mapping) else ()
    rehearsals = {
        name: entry["rehearses"]
        for name, entry in known
        if isinstance(entry, Mapping) and entry.get("rehearses")
    }
    if not rehearsals:
        raise InputError("scales: none of them rehearses another; expected one that does")
    if scale not in rehearsals:
        of_scale = [name for name, other in rehearsals.items() if other == scale]
        scale = [*of_scale, *rehearsals][0]
    return {"scale": str(scale)} | ({} if raw.get("rows") else {"rows": "one-of-each-kind"})
