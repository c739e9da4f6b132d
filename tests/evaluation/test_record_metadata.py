"""What a metrics file records of its run."""

from fcnlib.evaluation.record import RunMetadata


def test_a_metrics_file_records_its_experiment_and_seed() -> None:
    run = RunMetadata.of(experiment="a", seed=3, device="cpu", threads=1, values={})
    assert (run.experiment, run.seed, run.provenance.seed) == ("a", 3, 3)
