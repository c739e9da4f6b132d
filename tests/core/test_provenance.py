"""Where a result came from."""

from fcnlib.core.provenance import provenance, run_metadata


def test_a_result_records_where_it_came_from() -> None:
    recorded = provenance(seed=3, device="cpu", threads=1, values={"a": 1})
    assert recorded["seed"] == 3 and recorded["values"] == {"a": 1}
    assert recorded["device"].startswith("cpu: ")
    assert {"python", "torch", "numpy"} <= recorded["versions"].keys()


def test_a_metrics_file_records_its_experiment_and_seed() -> None:
    metadata = run_metadata(experiment="a", seed=3, device="cpu", threads=1, values={})
    assert (metadata["experiment"], metadata["seed"]) == ("a", 3)
    assert metadata["provenance"]["seed"] == 3
