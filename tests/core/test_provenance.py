"""Where a result came from."""

from fcnlib.core.provenance import provenance


def test_a_result_records_where_it_came_from() -> None:
    recorded = provenance(seed=3, device="cpu", threads=1, values={"a": 1})
    assert recorded["seed"] == 3 and recorded["values"] == {"a": 1}
    assert recorded["device"].startswith("cpu: ")
    assert {"python", "torch", "numpy"} <= recorded["versions"].keys()
