"""What a run consists of: which nets are trained and scored, what tables and figures there are."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Literal, TypeVar, get_args

from fcnlib.config.columns import TestServerMetric
from fcnlib.config.schema import Config
from fcnlib.config.schema_base import suggestion
from fcnlib.config.schema_data import ArchiveDataset, Data, FolderDataset
from fcnlib.config.schema_experiments import (
    PublishedOnly,
    Released,
    Retested,
    Row,
    Scored,
    Timed,
    Trained,
    UpperBound,
)
from fcnlib.config.schema_figures import FigureKind
from fcnlib.config.schema_nets import BackboneName
from fcnlib.config.schema_resources import RuleName, SyntheticRule
from fcnlib.core.errors import InputError
from fcnlib.plan.paths import RunPaths

T = TypeVar("T")
Kind = TypeVar("Kind", bound=Row)
RunFile = Callable[[str, int], str]  # the file of an experiment with a seed
RunJobFile = Callable[[RuleName, str, int | str], str]
JobFiles = dict[RuleName, list[str]]  # one of each job of a rule


def find_entry(known: Mapping[str, T], name: str, kind: str) -> T:
    """The entry of this name; an InputError suggests the name that was probably meant."""
    if name not in known:
        raise InputError(f"{name!r} is no {kind}; {suggestion(name, known)}")
    return known[name]


@dataclass(frozen=True)
class Targets:
    """The experiments, tables and figures of a run by kind, and the files that each is made of."""

    config: Config

    @cached_property
    def paths(self) -> RunPaths:
        return RunPaths(self.config.scale)

    # Experiments by kind, in their order.

    def _of_kind(self, kind: type[Kind]) -> dict[str, Kind]:
        entries = self.config.experiments.items()
        return {name: entry for name, entry in entries if isinstance(entry, kind)}

    @cached_property
    def trained(self) -> dict[str, Trained]:
        return self._of_kind(Trained)

    @cached_property
    def released(self) -> dict[str, Released]:
        return self._of_kind(Released)

    @cached_property
    def bounds(self) -> dict[str, UpperBound]:
        return self._of_kind(UpperBound)

    @cached_property
    def timed(self) -> dict[str, Timed]:
        return self._of_kind(Timed)

    @cached_property
    def scored(self) -> dict[str, Scored]:
        """Those with a net to score: their own, or that of another one."""
        entries = self.config.experiments.items()
        return {name: entry for name, entry in entries if isinstance(entry, Scored)}

    @cached_property
    def with_data(self) -> dict[str, Scored | UpperBound]:
        return {**self.scored, **self.bounds}

    @cached_property
    def nets(self) -> list[str]:
        """Those with a checkpoint of their own: trained, or made of released weights."""
        return [name for name in self.scored if name in self.trained or name in self.released]

    @cached_property
    def measured(self) -> list[str]:
        """All but others' published numbers."""
        entries = self.config.experiments.items()
        return [name for name, entry in entries if not isinstance(entry, PublishedOnly)]

    @cached_property
    def with_scores(self) -> list[str]:
        """What `dvc metrics` compares: scores, but no times."""
        return [name for name in self.measured if name not in self.timed]

    @cached_property
    def submitted(self) -> list[str]:
        """Nets in tables with scores that only PASCAL's evaluation server can measure."""
        server = set(get_args(TestServerMetric))
        tables = [name for name, table in self.config.tables.items() if server & {*table.columns}]
        return [name for name in self.nets if {*tables} & {*self.scored[name].tables}]

    @cached_property
    def backbones(self) -> list[BackboneName]:
        """The classifiers that nets start from."""
        nets = [entry.net for entry in self.trained.values()]
        return sorted({net.backbone for net in nets if net.start_from == ()})

    @cached_property
    def pretrained_backbones(self) -> list[BackboneName]:
        """The classifiers that are trained here."""
        is_trained = self.config.archives == "synthetic" and not self.config.rehearses
        return self.backbones if is_trained else []

    def share_of_nets(self, backbone: str) -> float:
        """The share of the trained nets that are made of this classifier."""
        nets = [entry.net for entry in self.trained.values()]
        return sum(net.backbone == backbone for net in nets) / max(1, len(nets))

    @cached_property
    def imported_backbones(self) -> list[BackboneName]:
        """The classifiers that are made of published files, or of what stands in for those."""
        return [name for name in self.backbones if name not in self.pretrained_backbones]

    @cached_property
    def stand_ins(self) -> dict[str, BackboneName]:
        """Files of random weights in the place of published classifiers, and their backbones."""
        if self.config.archives == "published":
            return {}
        files = self.config.weights.items()
        return {file: name for name, file in files if name in self.imported_backbones}

    @cached_property
    def datasets_with_hha(self) -> list[str]:
        data = [entry.data for entry in self.with_data.values()]
        return sorted({each.dataset for each in data if "hha" in each.inputs})

    @cached_property
    def downloaded_nets(self) -> list[str]:
        """The released files that are downloaded, not written from nets of ours."""
        if self.config.archives == "synthetic":
            return []
        return [entry.released.file for entry in self.released.values()]

    @cached_property
    def optional_downloads(self) -> dict[str, str]:
        """The downloads that a run can do without, and the file that takes the place of each."""
        released = [entry.released for entry in self.released.values()]
        return {
            each.file: each.fallback or "" for each in released if each.file in self.downloaded_nets
        }

    @cached_property
    def published_archives(self) -> list[str]:
        """All files that are downloaded, unless they are here already."""
        if self.config.archives == "synthetic":
            return []
        datasets = self.config.datasets.values()
        of_data = {
            x for entry in datasets if isinstance(entry, ArchiveDataset) for x in entry.archives
        }
        of_nets = {file for name, file in self.config.weights.items() if name in self.backbones}
        return sorted(of_data | of_nets | {*self.downloaded_nets})

    def net_of(self, experiment: str) -> str:
        """The experiment whose net this one scores: itself, or the one that it names."""
        entry = find_entry(self.config.experiments, experiment, "experiment")
        return entry.evaluate_of if isinstance(entry, Retested) else experiment

    # Files of experiments.

    def seeds_of(self, experiment: str) -> tuple[int, ...]:
        """All seeds; one where no net is trained, as only training depends on them."""
        seeds = self.config.seeds
        return seeds if self.net_of(experiment) in self.trained else seeds[:1]

    def runs(self, file: RunFile, experiments: Iterable[str]) -> list[str]:
        """A file of each of these experiments, for every seed: `runs(paths.metrics, ...)`."""
        return [file(name, seed) for name in experiments for seed in self.seeds_of(name)]

    def first_runs(self, file: RunFile, experiments: Iterable[str]) -> list[str]:
        """The same for the first seed, where one run has to represent all."""
        return [file(name, self.config.seeds[0]) for name in experiments]

    def first_checkpoints(self, experiments: Iterable[str]) -> list[str]:
        """The nets that these experiments score, of the first seed."""
        return self.first_runs(self.paths.checkpoint, map(self.net_of, experiments))

    def data_of(self, experiment: str) -> Data:
        return find_entry(self.with_data, experiment, "experiment with data").data

    def dataset_of(self, experiment: str) -> str:
        """The prepared data set of an experiment that has data."""
        return self.paths.dataset(self.data_of(experiment).dataset)

    @cached_property
    def scored_datasets(self) -> list[str]:
        """The prepared data sets whose images are labelled."""
        return list(dict.fromkeys(map(self.dataset_of, self.with_data)))

    def hha_of(self, experiments: Iterable[str]) -> list[str]:
        """What says that the HHA that any of these experiments sees is there."""
        data = map(self.data_of, experiments)
        return sorted({self.paths.hha(each.dataset) for each in data if "hha" in each.inputs})

    def dataset_files(self, dataset: str) -> list[str | Path]:
        """What a data set is prepared from: its archives, or a user's folders and lists.

        Without those whose names Snakemake would take for patterns, or for others in another
        locale: of these, only what is in them tells a change.
        """
        entry = self.config.datasets[dataset]
        if isinstance(entry, FolderDataset):
            return [file for file in entry.files() if str(file).isascii() and "{" not in str(file)]
        return [self.paths.archive(name) for name in entry.archives]

    def folders(self, dataset: str) -> list[Path]:
        """The folders and lists of a user's data set; none of a published one."""
        entry = self.config.datasets[dataset]
        return entry.files() if isinstance(entry, FolderDataset) else []

    def starting_weights(self, experiment: str, seed: int | str) -> list[str]:
        """The classifier's weights, or those of the experiments that a net starts from."""
        net = find_entry(self.trained, experiment, "net that is trained").net
        if net.start_from == "random":
            return []
        earlier = [self.paths.checkpoint(name, seed) for name in net.start_from]
        return earlier or [self.paths.starting_weights(net.backbone)]

    def scored_checkpoint(self, experiment: str, seed: int | str) -> str:
        return self.paths.checkpoint(self.net_of(experiment), seed)

    def released_weights(self, experiment: str, seed: int | str) -> str:
        """The file of released weights: downloaded, or written from a net of ours."""
        file = self.released[experiment].released.file
        if self.config.archives == "published":
            return self.paths.archive(file)
        return self.paths.released_file(file, experiment, seed)

    def demo_source(self, experiment: str, seed: int | str) -> str:
        """The net that takes the place of released weights."""
        return self.paths.checkpoint(self.released[experiment].released.demo_source, seed)

    # Tables and their rows.

    @cached_property
    def _rows(self) -> dict[str, list[str]]:
        rows: dict[str, list[str]] = {name: [] for name in self.config.tables}
        for name, entry in self.config.experiments.items():
            for table in entry.tables:
                if table in rows:
                    rows[table].append(name)
        return rows

    def rows(self, table: str) -> list[str]:
        """The experiments that are rows of a table, in their order."""
        return self._rows[table]

    def measured_rows(self, table: str) -> list[str]:
        entries = self.config.experiments
        return [x for x in self._rows[table] if not isinstance(entries[x], PublishedOnly)]

    def scored_rows(self, table: str) -> list[str]:
        return [name for name in self._rows[table] if name in self.scored]

    def trained_rows(self, table: str) -> list[str]:
        return [name for name in self._rows[table] if name in self.trained]

    @cached_property
    def tables_of_released(self) -> list[str]:
        """Tables of released weights alone: nothing is trained for them."""
        return [name for name, rows in self._rows.items() if self.released.keys() >= set(rows)]

    @cached_property
    def tables_with_scores(self) -> list[str]:
        return [name for name in self._rows if self.scored_rows(name)]

    @cached_property
    def tables_with_curves(self) -> list[str]:
        return [name for name in self._rows if self.trained_rows(name)]

    @cached_property
    def tables_with_bounds(self) -> list[str]:
        return [name for name, rows in self._rows.items() if self.bounds.keys() & set(rows)]

    @cached_property
    def tables_with_examples(self) -> list[str]:
        """Those with scores; nets made of released weights show what others show already."""
        return [name for name in self.tables_with_scores if name not in self.tables_of_released]

    @cached_property
    def table_files(self) -> list[str]:
        return [self.paths.table_csv(name) for name in self.config.tables]

    @cached_property
    def curves(self) -> dict[str, list[str]]:
        """All learning curves, by experiment."""
        return {name: self.runs(self.paths.curve, [name]) for name in self.trained}

    @cached_property
    def curves_of_claims(self) -> dict[str, list[str]]:
        """The learning curves that claims read, by experiment."""
        claimed = {x.experiment for c in self.config.claims.values() for x in c.reached.values()}
        return {name: files for name, files in self.curves.items() if name in claimed}

    @cached_property
    def scored_in_claims(self) -> list[str]:
        """What claims read the scores of: a net may not be available, or have collapsed."""
        places = [x for claim in self.config.claims.values() for x in claim.numbers.values()]
        claimed = {place.experiment for place in places}
        return [name for name in self.scored if name in claimed]

    @cached_property
    def timed_in_claims(self) -> list[str]:
        """All else that claims read times of: they may be those of a busy machine."""
        claims = self.config.claims.values()
        claimed = {x.experiment for claim in claims for x in claim.numbers.values()}
        claimed |= {x.experiment for claim in claims for x in claim.reached.values()}
        others = claimed - set(self.scored_in_claims)
        return [name for name in self.measured if name in others and name not in self.bounds]

    # Figures.

    def figures_of(self, kind: FigureKind) -> list[str]:
        """The figures of one kind, as a rule of its own plots each kind."""
        return [name for name, entry in self.config.figures.items() if entry.kind == kind]

    def title(self, kind: Literal["table", "figure"], name: str) -> str:
        """Of a table or figure, with its name, as two may have the same title."""
        entries = self.config.tables if kind == "table" else self.config.figures
        return f"{entries[name].title} ({name})"

    def nets_of_figure(self, figure: str) -> tuple[str, ...]:
        return self.config.figures[figure].experiments

    def tables_of_figure(self, figure: str) -> tuple[str, ...]:
        """The tables that a figure names, or all with a mean IU."""
        tables = self.config.tables.items()
        with_mean_iu = tuple(name for name, table in tables if "mean_iu" in table.columns)
        return self.config.figures[figure].tables or with_mean_iu

    @cached_property
    def figure_infos(self) -> list[str]:
        """What describes each figure of the page: those of the studies, then those of tables."""
        info, figures = self.paths.figure_info, self.config.figures.items()
        return [
            *(info(entry.kind, name) for name, entry in figures),
            *(info("curves", table) for table in self.tables_with_curves),
            *(info("class_iu", table) for table in self.tables_with_scores),
            *(info("bounds", table) for table in self.tables_with_bounds),
            *(info("examples", table) for table in self.tables_with_examples),
        ]

    # Measured times of jobs.

    @cached_property
    def training_benchmarks(self) -> dict[str, list[str]]:
        """Of the training jobs, by experiment."""
        file = partial(self.paths.run_benchmark, "train")
        return {name: self.runs(file, [name]) for name in self.trained}

    @cached_property
    def training_logs(self) -> dict[str, list[str]]:
        """Of the same jobs."""
        file = partial(self.paths.run_log, "train")
        return {name: self.runs(file, [name]) for name in self.trained}

    @cached_property
    def benchmarks(self) -> JobFiles:
        """By rule, of all jobs of a whole run that take more than a second or two."""
        paths = self.paths
        return self._measured(paths.data_benchmark, paths.run_benchmark, paths.benchmark)

    @cached_property
    def logs(self) -> JobFiles:
        """Of the same jobs."""
        return self._measured(self.paths.data_log, self.paths.run_log, self.paths.log)

    def _measured(
        self,
        of_data_file: Callable[[RuleName, str], str],
        of_run_file: RunJobFile,
        of_other_file: Callable[[RuleName, str], str],
    ) -> JobFiles:
        """A file of each of these jobs."""
        config = self.config
        of_data: dict[RuleName, Iterable[str]] = {
            "verify": self.published_archives,
            "pretrain": self.pretrained_backbones,
            "import_weights": self.imported_backbones,
            "prepare": config.datasets,
            "hha": self.datasets_with_hha,
        }
        of_runs: dict[RuleName, Iterable[str]] = {
            "train": self.trained,
            "evaluate": self.scored,
            "upper_bound": self.bounds,
            "convert": self.released,
        }
        of_others: dict[RuleName, Iterable[str]] = {
            "time": ["all"] if self.timed else [],
            "examples": self.tables_with_examples,
            "comparison": self.figures_of("comparison"),
        }
        return {
            **{rule: [of_data_file(rule, x) for x in xs] for rule, xs in of_data.items()},
            **self._of_runs(of_run_file, of_runs),
            "publish": self._published_by_us(of_run_file),
            **{rule: [of_other_file(rule, x) for x in xs] for rule, xs in of_others.items()},
        }

    @cached_property
    def optional_benchmarks(self) -> JobFiles:
        """By rule, of jobs that a whole run may do without: of archives, and beyond the report."""
        file, of_run_file = self.paths.data_benchmark, self.paths.run_benchmark
        beyond = self._of_runs(of_run_file, {"export": self.nets, "submit": self.submitted})
        if self.config.archives == "synthetic":
            made: JobFiles = {rule: [file(rule)] for rule in get_args(SyntheticRule)}
            return {**made, "stand_in": [file("stand_in", x) for x in self.stand_ins], **beyond}
        return {"download": [file("download", x) for x in self.published_archives], **beyond}

    @cached_property
    def rehearsal_benchmarks(self) -> JobFiles:
        """By rule, of all jobs that a rehearsal measures: those beyond the report, too."""
        optional = self.optional_benchmarks
        export = partial(self.paths.run_benchmark, "export")
        return {
            "stand_in": optional.get("stand_in", []),
            **self.benchmarks,
            "submit": optional["submit"],
            "export": self.first_runs(export, self.submitted),  # that of one net is that of all
        }

    @cached_property
    def rehearsal_benchmark_files(self) -> list[str]:
        return [file for files in self.rehearsal_benchmarks.values() for file in files]

    @cached_property
    def rehearsal_files(self) -> list[str]:
        """What a rehearsal finds; nothing of any other run."""
        return [self.paths.rehearsal_json] if self.config.rehearses else []

    def _of_runs(self, file: RunJobFile, experiments: Mapping[RuleName, Iterable[str]]) -> JobFiles:
        return {rule: self.runs(partial(file, rule), xs) for rule, xs in experiments.items()}

    def _published_by_us(self, of_run_file: RunJobFile) -> list[str]:
        """Of the jobs that write nets of ours in the place of released ones."""
        if self.config.archives == "published":
            return []
        return [
            of_run_file("publish", name, f"{seed}-{Path(entry.released.file).stem}")
            for name, entry in self.released.items()
            for seed in self.seeds_of(name)
        ]

    @cached_property
    def other_benchmarks(self) -> JobFiles:
        """By rule, of all those jobs but training."""
        return {rule: files for rule, files in self.benchmarks.items() if rule != "train"}

    @cached_property
    def benchmark_files(self) -> list[str]:
        return [file for files in self.benchmarks.values() for file in files]
