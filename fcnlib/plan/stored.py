"""A results folder read by the configuration that lies in it."""

from pathlib import Path
from typing import Any

from fcnlib.config.load import read_config
from fcnlib.core.errors import InputError
from fcnlib.plan import specs, values
from fcnlib.plan.paths import CONFIGURATION
from fcnlib.plan.targets import Targets
from fcnlib.report.stored import StoredMetrics, StoredRun, StoredTable


def stored_run(folder: Path) -> StoredRun:
    """What the run in a results folder should hold; wherever the folder lies now."""
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; expected results such as results/demo")
    path = folder / CONFIGURATION
    if not path.is_file():
        raise InputError(f"{path}: no such file; expected the configuration of a run")
    return _stored_run(Targets(read_config([path])), folder)  # JSON is YAML


def _stored_run(targets: Targets, folder: Path) -> StoredRun:
    config, paths = targets.config, targets.paths

    def here(path: str) -> Path:
        return folder / Path(path).relative_to(paths.results)

    def all_here(files: list[str]) -> list[Path]:
        return [here(file) for file in files]

    return StoredRun(
        folder=folder,
        configuration=here(paths.configuration),
        scale=config.scale,
        metrics=[
            StoredMetrics(
                path=here(paths.metrics(name, seed)),
                experiment=name,
                seed=seed,
                values=_values(targets, name),
                counts=None if name in targets.timed else here(paths.counts(name, seed)),
                curve=here(paths.curve(name, seed)) if name in targets.trained else None,
            )
            for name in targets.measured
            for seed in targets.seeds_of(name)
        ],
        tables=[
            StoredTable(
                spec=specs.table(targets, name),
                csv=here(paths.table_csv(name)),
                metrics=all_here(targets.runs(paths.metrics, targets.measured_rows(name))),
            )
            for name in config.tables
        ],
        results=here(paths.results_csv),
        scores={name: here(paths.scores(name)) for name in targets.with_scores},
        claims_file=here(paths.claims),
        claims=values.claims(config),
        curves={name: all_here(files) for name, files in targets.curves_of_claims.items()},
        figures=all_here(targets.figure_infos),
    )


def _values(targets: Targets, experiment: str) -> dict[str, Any]:
    """The values that the rule was handed which measured an experiment."""
    if experiment in targets.timed:
        return {"timing": values.timing(targets.config, experiment)}
    if experiment in targets.bounds:
        return values.upper_bound(targets.config, experiment)
    return values.evaluation(targets.config, experiment)
