"""Which part of its list a run is of."""

from typing import Any

from fcnlib.plan.part import part_of_list


def test_tables_and_rows_that_are_chosen_are_a_part(raw_config: dict[str, Any]) -> None:
    assert part_of_list(raw_config) is None
    part = part_of_list({**raw_config, "rows": ["voc-fcn16s"]})
    assert part is not None and part.rows == 2, "and FCN-32s, from which it starts"
    assert part.tables < part.of_tables == len(raw_config["tables"])
    raw_config["scales"]["demo"]["tables"] = ["skips"]
    table = part_of_list(raw_config)
    assert table is not None and (table.tables, table.of_tables) == (1, part.of_tables)
    assert 2 < table.rows < table.of_rows == part.of_rows
