"""What the jobs of a run do: images to train on, validate and evaluate, and what each waits for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import TopologicalSorter
from math import ceil

from fcnlib.config.converters import ARCHIVES_INFO, CONVERTER_INFO
from fcnlib.config.measuring import NORM_IMAGES, WARM_UP
from fcnlib.config.schema_data import FolderDataset
from fcnlib.config.schema_experiments import Timing
from fcnlib.plan.data_sizes import DataSize, count_of, data_sizes
from fcnlib.plan.jobs import Job, Part
from fcnlib.plan.specs import examples
from fcnlib.plan.targets import Targets
from fcnlib.training.workload import (
    ClassifierKind,
    ImageKind,
    Kind,
    NetKind,
    ProcessKind,
    SceneKind,
    TimingKind,
)

BACKWARD = 3  # a forward pass and a backward pass, in forward passes
# What the script of a rule imports, by which starting it takes the longer.
SCRIPT = "snakemake.script"  # every script, to read what its rule hands it
STORING = ProcessKind(imports=(SCRIPT, "fcnlib.datasets.converters.registry"))
NETS = ProcessKind(imports=(SCRIPT, "fcnlib.training.trainer", "fcnlib.evaluation.evaluate"))
TABLES = ProcessKind(imports=(SCRIPT, "fcnlib.report.tables", "fcnlib.report.results"))
SHEETS = ProcessKind(imports=(SCRIPT, "fcnlib.report.figures.examples"))  # of images and labels
PLOTS = ProcessKind(imports=(SCRIPT, "fcnlib.report.figures.curves"))


@dataclass(frozen=True)
class Work:
    """All jobs of a run, from its configuration."""

    targets: Targets
    sizes: Mapping[str, DataSize] = field(default_factory=dict)

    @classmethod
    def of(cls, targets: Targets) -> "Work":
        """The work of a run; an InputError where the configuration does not tell its size."""
        return cls(targets, data_sizes(targets.config))

    @cached_property
    def jobs(self) -> dict[str, Job]:
        """By name, each after those that it waits for."""
        every = [
            *self._data_jobs(),
            *self._weights_jobs(),
            *self._net_jobs(),
            *self._evaluations(),
            *self._figures(),
            *self._tables(),
        ]
        return {job.id: job for job in _in_order(every)}

    @cached_property
    def kinds(self) -> list[Kind]:
        """The kinds of work of all jobs, each once: what a probe has to measure."""
        return list(dict.fromkeys(part.of for job in self.jobs.values() for part in job.parts))

    def row(self, experiment: str) -> list[Job]:
        """The jobs of one row alone: its trainings, conversion and evaluations."""
        seeds = self.targets.seeds_of(experiment)
        ids = [f"{rule}/{experiment}/{seed}" for rule in ("train", "convert") for seed in seeds]
        ids += self._measurements([experiment])
        return [self.jobs[id] for id in ids if id in self.jobs]

    def closure(self, experiments: Sequence[str]) -> set[str]:
        """The jobs of some rows, and all that these wait for."""
        waiting = [job.id for experiment in experiments for job in self.row(experiment)]
        found: set[str] = set()
        while waiting:
            if (id := waiting.pop()) not in found:
                found.add(id)
                waiting += self.jobs[id].after
        return found

    # Kinds.

    def net_kind(self, experiment: str) -> NetKind:
        """What an image costs an experiment's net; of a released one, the net in its place."""
        targets = self.targets
        name = targets.net_of(experiment)
        if name in targets.released:
            name = targets.released[name].released.demo_source
        trained = targets.config.training(name)
        data = targets.data_of(experiment)
        size = self.sizes[data.dataset]
        return NetKind(
            net=trained.net.model_copy(update={"start_from": ()}),
            inputs=trained.data.inputs,
            classes=tuple((task, size.classes[task]) for task in trained.data.tasks),
            batch_size=trained.recipe.batch_size,
            workers=trained.recipe.workers,
            precision=trained.recipe.precision,
            crop=trained.recipe.crop,
            norm=trained.recipe.norm,
            sizes=size.sizes,
            side=targets.config.scales[targets.config.scale].forward_side,
        )

    def _image_kind(self, dataset: str, *, depth: bool, factor: int | None = None) -> ImageKind:
        size = self.sizes[dataset]
        classes = tuple(size.classes.items())
        return ImageKind(sizes=size.sizes, classes=classes, depth=depth, factor=factor)

    # Jobs.

    def _data_jobs(self) -> Iterator[Job]:
        config = self.targets.config
        for name in self.targets.published_archives:
            yield Job("verify", name, ())  # as long as the disk takes to read it
        for name in config.datasets:
            size, info = self.sizes[name], CONVERTER_INFO[config.datasets[name].converter]
            kind = self._image_kind(name, depth=info.has_depth)
            archives = self._synthetic_archives(name)
            yield from archives
            after = tuple(job.id for job in archives)
            parts = (Part("start", STORING, 1), Part("store", kind, size.images))
            yield Job("prepare", name, parts, after)
            if name in self.targets.datasets_with_hha:
                encoding = (Part("start", STORING, 1), Part("encode", kind, size.images))
                yield Job("hha", name, encoding, (f"prepare/{name}",))

    def _synthetic_archives(self, dataset: str) -> list[Job]:
        """What renders a data set's scenes; two archives of the same scenes render them twice."""
        config = self.targets.config
        entry = config.datasets[dataset]
        if config.archives != "synthetic" or isinstance(entry, FolderDataset):
            return []
        size = self.sizes[dataset]
        kind = SceneKind(pixels=round(size.pixels))
        times = ARCHIVES_INFO[entry.converter].renderings
        parts = (Part("start", STORING, times), Part("draw", kind, times * size.images))
        return [Job("synthetic", dataset, parts)]

    def _weights_jobs(self) -> Iterator[Job]:
        config = self.targets.config
        for backbone in self.targets.backbones:
            if backbone in self.targets.imported_backbones:
                yield Job("import_weights", backbone, (Part("start", NETS, 1),))
                continue
            recipe = config.pretraining_of(backbone)
            kind = ClassifierKind(
                backbone=backbone,
                **config.classifier(backbone),
                window=recipe.window,
                batch_size=recipe.batch_size,
            )
            windows = recipe.windows + recipe.held_out
            parts = (
                Part("start", NETS, 1),
                Part("draw", SceneKind(pixels=recipe.window**2), windows),
                Part("start", kind, 1),
                Part("update", kind, recipe.iterations),
                Part("classify", kind, recipe.held_out),
            )
            yield Job("pretrain", backbone, parts, gpu=True)

    def _net_jobs(self) -> Iterator[Job]:
        targets = self.targets
        for name, trained in targets.trained.items():
            kind, recipe, data = self.net_kind(name), trained.recipe, trained.data
            size = self.sizes[data.dataset]
            split = data.validate_on or data.test
            validated = ceil(recipe.iterations / recipe.validate_every)
            parts = (
                Part("start", NETS, 1),
                Part("start", kind, 1),
                Part("train", kind, recipe.iterations * recipe.batch_size),
                Part("validate", kind, validated * count_of(size, split, data.dataset)),
            )
            for seed in targets.seeds_of(name):
                after = (*self._data_of(name), *self._starts(name, seed))
                yield Job("train", f"{name}/{seed}", parts, after, gpu=True)
        for name in targets.released:
            seed = targets.seeds_of(name)[0]
            kind = self.net_kind(name)
            after = (*self._data_of(name), *self._starts(name, seed))
            converting = (Part("start", NETS, 1), Part("load", kind, 1))
            if targets.config.archives == "synthetic":
                written = Job("publish", f"{name}/{seed}", converting, after)
                yield written
                after = (written.id,)
            yield Job("convert", f"{name}/{seed}", converting, after)

    def _starts(self, name: str, seed: int) -> tuple[str, ...]:
        """The jobs that make what a net starts from, or is made of."""
        targets, config = self.targets, self.targets.config
        if earlier := config.experiments[name].starts(config.archives):
            return tuple(f"train/{each}/{seed}" for each in earlier)
        if name not in targets.trained or targets.trained[name].net.start_from == "random":
            return ()
        backbone = targets.trained[name].net.backbone
        rule = "pretrain" if backbone in targets.pretrained_backbones else "import_weights"
        return (f"{rule}/{backbone}",)

    def _data_of(self, experiment: str) -> tuple[str, ...]:
        """The jobs that make the data of an experiment."""
        data = self.targets.data_of(experiment)
        hha = (f"hha/{data.dataset}",) if "hha" in data.inputs else ()
        return (f"prepare/{data.dataset}", *hha)

    def _evaluations(self) -> Iterator[Job]:
        targets = self.targets
        for name, entry in targets.scored.items():
            kind, net = self.net_kind(name), targets.net_of(name)
            count = count_of(self.sizes[entry.data.dataset], entry.data.test, entry.data.dataset)
            parts = [
                Part("start", NETS, 1),
                Part("load", kind, 1),
                Part("evaluate", kind, count),
                Part("forward", kind, WARM_UP + targets.config.forward_runs),
            ]
            if len(kind.net.predict_from) > 1:  # features are measured by the plain net
                parts.append(Part("validate", kind, min(NORM_IMAGES, count)))
            rule = "convert" if net in targets.released else "train"
            for seed in targets.seeds_of(name):
                after = (f"{rule}/{net}/{seed}", *self._data_of(name))
                yield Job("evaluate", f"{name}/{seed}", tuple(parts), after, gpu=True)
        for name, bound in targets.bounds.items():
            data, factor = bound.data, bound.upper_bound.factor
            labels = self._image_kind(data.dataset, depth=False, factor=factor)
            count = count_of(self.sizes[data.dataset], data.test, data.dataset)
            parts = [Part("start", NETS, 1), Part("downsample", labels, count)]
            seed = targets.seeds_of(name)[0]
            yield Job("upper_bound", f"{name}/{seed}", tuple(parts), self._data_of(name))
        if timings := [timed.timing for timed in targets.timed.values()]:
            passes = map(_timed_passes, timings)
            yield Job("time", "all", (Part("start", NETS, 1), *passes), gpu=True)

    def _figures(self) -> Iterator[Job]:
        """Those of nets beside each other label images; all others plot what is there."""
        targets, start = self.targets, Part("start", PLOTS, 1)
        for table in targets.tables_with_examples:
            rows = targets.scored_rows(table)
            data = targets.data_of(rows[0])
            tested = count_of(self.sizes[data.dataset], data.test, data.dataset)
            images = min(examples(targets, table).images, tested)
            yield self._labelling("examples", table, rows, images)
        for figure in targets.figures_of("comparison"):
            entry = targets.config.figures[figure]
            yield self._labelling("comparison", figure, entry.experiments, entry.images)
        plotted = {
            "curves": targets.tables_with_curves,
            "class_iu": targets.tables_with_scores,
            "bounds": targets.tables_with_bounds,
        }
        for kind, tables in plotted.items():
            for table in tables:
                after = self._measurements(targets.measured_rows(table))
                yield Job(kind, table, (start,), after)
        for figure, entry in targets.config.figures.items():
            if entry.kind == "architecture":  # waits for nothing
                yield Job(entry.kind, figure, (start,))
            elif entry.kind != "comparison":
                yield Job(entry.kind, figure, (start,), self._measurements(entry.experiments))

    def _labelling(self, rule: str, name: str, rows: Sequence[str], images: int) -> Job:
        kinds = [self.net_kind(row) for row in rows]
        loads = [Part("load", kind, 1) for kind in kinds]
        labels = [Part("evaluate", kind, images) for kind in kinds]
        parts = (Part("start", SHEETS, 1), *loads, *labels)
        return Job(rule, name, parts, self._measurements(rows))

    def _measurements(self, experiments: Sequence[str]) -> tuple[str, ...]:
        """The jobs that measure these rows."""
        targets = self.targets

        def job(name: str, seed: int) -> str:
            if name in targets.timed:
                return "time/all"
            return f"{'evaluate' if name in targets.scored else 'upper_bound'}/{name}/{seed}"

        jobs = [job(name, seed) for name in experiments for seed in targets.seeds_of(name)]
        return tuple(dict.fromkeys(jobs))

    def _tables(self) -> Iterator[Job]:
        targets, start = self.targets, (Part("start", TABLES, 1),)
        for table in targets.config.tables:
            yield Job("table", table, start, self._measurements(targets.measured_rows(table)))
        tables = tuple(f"table/{name}" for name in targets.config.tables)
        for rule in ("results", "claims", "times", "page", "configuration"):
            yield Job(rule, "all", start, tables if rule != "configuration" else ())


def _timed_passes(timing: Timing) -> Part:
    once = timing.model_copy(update={"runs": 1})
    return Part("pass", TimingKind(timing=once), _passes(timing) / _passes(once))


def _passes(timing: Timing) -> int:
    """Forward passes, as many as a timed way takes: warm, timed, and compared with another's."""
    rounds = WARM_UP + timing.runs
    return rounds * (1 + BACKWARD * timing.backward) + 2


def _in_order(jobs: Sequence[Job]) -> list[Job]:
    """The jobs, each after those that it waits for."""
    by_id = {job.id: job for job in jobs}
    order = TopologicalSorter({job.id: job.after for job in jobs}).static_order()
    return [by_id[id] for id in order]
