"""Checks across experiments and tables: names exist, nets and columns fit."""

from collections.abc import Mapping, Sequence
from typing import get_args

from fcnlib.archives.catalogue import ARCHIVES
from fcnlib.config.checks_data import check_data, check_datasets, require_known
from fcnlib.config.columns import (
    COLUMNS,
    RESULT_KEYS,
    RULES,
    ColumnName,
    Metric,
    NetFact,
    Setting,
    TestServerMetric,
    TimingResult,
    TrainingResult,
)
from fcnlib.config.converters import CONVERTER_INFO
from fcnlib.config.overlays import check_kept
from fcnlib.config.schema import Config, Table
from fcnlib.config.schema_data import CHANNELS, Data
from fcnlib.config.schema_experiments import (
    Experiment,
    PublishedOnly,
    Released,
    Retested,
    Timed,
    Timing,
    Trained,
    UpperBound,
)
from fcnlib.config.schema_nets import STRIDES, WINDOWS, Net
from fcnlib.config.yaml_files import ConfigSource
from fcnlib.core.errors import InputError

WRITTEN = ".caffemodel"
WEIGHTS = (WRITTEN, ".pth")
SCORES: frozenset[ColumnName] = frozenset(get_args(Metric))
TEST_SERVER_METRICS: frozenset[ColumnName] = frozenset(get_args(TestServerMetric))
NET_COSTS: frozenset[ColumnName] = frozenset(("forward_ms", *get_args(NetFact)))
TRAINED: frozenset[ColumnName] = frozenset((*get_args(TrainingResult), *get_args(Setting)))
NEED_BACKGROUND: frozenset[ColumnName] = frozenset(
    (
        "mean_iu_without_background",
        "mean_iu_foreground_truth",
        "background_accuracy",
        "background_share",
    )
)
TIMES: frozenset[ColumnName] = frozenset(("forward_ms", *get_args(TimingResult)))


def _check_capitals(config: Config, source: ConfigSource) -> None:
    """No two names of a kind are one on a disk that ignores capitals, as of macOS and Windows."""
    for kind in ("datasets", "tables", "figures", "experiments"):
        first: dict[str, str] = {}
        for name in getattr(config, kind):
            if (other := first.setdefault(name.casefold(), name)) != name:
                place = source.at(f"{kind}.{name}")
                raise InputError(f"{place}: expected a name that differs from {other!r} in letters")


def check_experiments(config: Config, source: ConfigSource) -> None:
    """Names that point elsewhere exist, weights flow from top to bottom, columns fit."""
    _check_capitals(config, source)
    check_datasets(config, source)
    published = [name for name in ARCHIVES if name.endswith(WEIGHTS)]
    for backbone, file in config.weights.items():
        require_known(file, published, source.at(f"weights.{backbone}"), "is no published file")
    is_synthetic = config.archives == "synthetic"  # written in one format only
    released = [name for name in published if not is_synthetic or name.endswith(WRITTEN)]
    trained: list[str] = []
    for name, entry in config.experiments.items():
        place = source.at(f"experiments.{name}")
        _check_kept(config, name, entry, source)
        _check_row(config, entry, place)
        _check_starts(config, name, entry, trained, place)
        match entry:
            case Trained():
                trained.append(name)
                _check_channels(entry.net, entry.data, place)
                _check_start(config, entry.net, place)
                _check_seen(config, entry.net, entry.data, place)
                _check_heads(config, entry.net, entry.data, place)
                _check_norm(entry, place)
            case Released():
                key = f"{place}.released.file"
                require_known(entry.released.file, released, key, "is no published file")
                if (fallback := entry.released.fallback) is not None:
                    key = f"{place}.released.fallback"
                    require_known(fallback, published, key, "is no published file")
                _check_written(config, entry, f"{place}.released.demo_source")
            case Retested():
                other = _trained(config, entry.evaluate_of)
                _check_same_task(
                    entry.data, other.data, repr(entry.evaluate_of), f"{place}.evaluate_of"
                )
            case Timed():
                _check_timing(entry.timing, f"{place}.timing")
    _check_tables(config, source)


def _trained(config: Config, name: str) -> Trained:
    """An experiment that others start from, which is a trained one when this is called."""
    entry = config.experiments[name]
    assert isinstance(entry, Trained)
    return entry


def _check_kept(config: Config, name: str, entry: Experiment, source: ConfigSource) -> None:
    """No overlay took away what an experiment starts from or sees."""
    place = f"experiments.{name}"
    for start in entry.starts("synthetic"):
        user = f"{place}.{_key_of_start(entry)}"
        check_kept("experiments", start, config.experiments, source, user)
    if not isinstance(entry, Timed | PublishedOnly):
        user = f"{place}.data.dataset"
        check_kept("datasets", entry.data.dataset, config.datasets, source, user)
    if isinstance(entry, Trained) and entry.net.start_from == ():
        user = f"{place}.net.backbone"
        check_kept("weights", entry.net.backbone, config.weights, source, user)


def _check_row(config: Config, entry: Experiment, place: str) -> None:
    """An experiment's data, tables and masks are there and fit its kind."""
    for table in entry.tables:
        require_known(table, config.tables, f"{place}.tables", "is no table")
    for table in entry.rows if entry.tables else ():
        require_known(table, entry.tables, f"{place}.rows", "is none of its tables")
    if isinstance(entry, Timed):
        if scores := [name for name in entry.paper if name in SCORES | TEST_SERVER_METRICS]:
            raise InputError(
                f"{place}.paper: {scores[0]}; expected costs, as a timing has no score"
            )
        return
    if isinstance(entry, PublishedOnly):
        return
    data, trained = entry.data, isinstance(entry, Trained)
    require_known(data.dataset, config.datasets, f"{place}.data.dataset", "is no data set")
    check_data(data, config.datasets[data.dataset], f"{place}.data", trained=trained)
    if data.train_mask != "none" and not trained:
        raise InputError(f"{place}.data.train_mask: expected none, as nothing is trained")
    if data.test_mask != "none" and isinstance(entry, UpperBound):
        raise InputError(f"{place}.data.test_mask: expected none, as a bound sees no image")


def _check_starts(
    config: Config, name: str, entry: Experiment, trained: Sequence[str], place: str
) -> None:
    """The nets that an experiment starts from are above it, so that there can be no cycle."""
    nets = [other for other, each in config.experiments.items() if isinstance(each, Trained)]
    for start in entry.starts("synthetic"):
        key = f"{place}.{_key_of_start(entry)}"
        require_known(start, config.experiments, key, "is no experiment")
        require_known(start, nets, key, "is no net that is trained")
        if start not in trained:
            raise InputError(f"{key}: {start!r} must be above it, as weights flow downwards")


def _key_of_start(entry: Experiment) -> str:
    match entry:
        case Retested():
            return "evaluate_of"
        case Released():
            return "released.demo_source"
        case _:
            return "net.start_from"


def _check_tables(config: Config, source: ConfigSource) -> None:
    """A scale's tables exist, and every table has numbers."""
    place = source.at(f"scales.{config.scale}.tables")
    for listed in config.scales[config.scale].tables or ():
        require_known(listed, config.tables, place, "is no table")
    advice = "; set it to null as its rows are" if source.gone("experiments") else ""
    for name, table in config.tables.items():
        rows = {key: entry for key, entry in config.experiments.items() if name in entry.tables}
        _check_columns(config, table, rows, source.at(f"tables.{name}"), advice)
    for name, entry in config.experiments.items():
        _check_published(config, entry, source.at(f"experiments.{name}.paper"))


def _check_channels(net: Net, data: Data, place: str) -> None:
    """The net's channels are those of its inputs, colours first and depth last."""
    inputs, channels = list(data.inputs), sum(CHANNELS[name] for name in data.inputs)
    if "rgb" in inputs[1:] or ("depth" in inputs and inputs[-1] != "depth"):
        raise InputError(f"{place}.data.inputs: {inputs}; expected rgb first, depth last")
    if net.input_channels != channels:
        raise InputError(
            f"{place}.net.input_channels: {net.input_channels}; expected {channels}, of {inputs}"
        )
    if net.streams and [CHANNELS[name] for name in inputs] != [3] * len(net.streams):
        raise InputError(
            f"{place}.data.inputs: {inputs}; expected rgb or hha for each of {list(net.streams)}"
        )
    if "depth" in inputs and channels > 4:
        raise InputError(
            f"{place}.data.inputs: {inputs}; expected depth alone or beside one input of colours"
        )


def _check_seen(config: Config, net: Net, data: Data, place: str) -> None:
    """A net starts from nets of its inputs, of its colours alone, or from a classifier."""
    if net.start_from == "random":
        return
    if not net.start_from and not net.streams and net.input_channels not in (3, 4):
        raise InputError(
            f"{place}.net.start_from: a classifier sees colours, not {list(data.inputs)}; "
            "expected random, or streams"
        )
    for i, start in enumerate(net.start_from):
        seen = data.inputs if len(net.start_from) == 1 else data.inputs[i : i + 1]
        colours = tuple(name for name in seen if name != "depth")
        other = _trained(config, start).data
        if other.inputs not in (seen, colours):
            raise InputError(
                f"{place}.net.start_from: {start} sees {list(other.inputs)}; expected {list(seen)}"
            )


def _check_heads(config: Config, net: Net, data: Data, place: str) -> None:
    """A single head has no task in its name: it must not start from that of another task."""
    for start in net.start_from if net.start_from != "random" else ():
        other = _trained(config, start).data
        if len(data.tasks) == len(other.tasks) == 1 and data.tasks != other.tasks:
            raise InputError(
                f"{place}.net.start_from: {start} predicts {other.tasks[0]}; expected "
                f"{data.tasks[0]}, or several tasks"
            )


def _check_norm(entry: Trained, place: str) -> None:
    """Norm layers are trained with the features that they are behind."""
    if entry.recipe.norm != "none" and entry.net.features == "fixed":
        raise InputError(
            f"{place}.recipe.norm: {entry.recipe.norm}; expected none, as net.features are fixed"
        )


def _check_start(config: Config, net: Net, place: str) -> None:
    """Weights fit only into a net of the same size."""
    size = {"width": net.width, "fc6_kernel": net.fc6_kernel}
    starts = {"the classifier": config.classifier(net.backbone)} if net.start_from == () else {}
    for start in net.start_from if net.start_from != "random" else ():
        other = _trained(config, start).net
        if other.backbone != net.backbone:
            raise InputError(
                f"{place}.net.backbone: {net.backbone!r}; expected "
                f"{other.backbone!r}, as it starts from {start}"
            )
        starts[start] = {"width": other.width, "fc6_kernel": other.fc6_kernel}
    for start, expected in starts.items():
        if size != expected:
            raise InputError(f"{place}.net: {size}; expected {expected}, as it starts from {start}")


def _check_written(config: Config, entry: Released, place: str) -> None:
    """The net of `demo_source` is the net that the file is read as."""
    name, to = entry.released.demo_source, entry.released.to
    source = _trained(config, name)
    own = f"fcn{source.net.stride}s-{source.net.backbone}"
    if own != to:
        raise InputError(f"{place}: {name!r} is a {own}; expected a {to}")
    _check_same_task(entry.data, source.data, repr(name), place)


def _check_same_task(data: Data, other: Data, name: str, place: str) -> None:
    """A net has the inputs and tasks of the net that it comes from."""
    for what in ("inputs", "tasks"):
        theirs, expected = getattr(other, what), getattr(data, what)
        if theirs != expected:
            raise InputError(
                f"{place}: {name} has {what} {list(theirs)}; expected {list(expected)}"
            )


def _check_timing(timing: Timing, place: str) -> None:
    """A way has a stride if it is one to a dense map, and images that it can compute."""
    total = max(STRIDES[timing.backbone].values())
    if timing.way in ("shift-and-stitch", "dilated"):
        if timing.stride is None or total % timing.stride:
            raise InputError(
                f"{place}.stride: {timing.stride}; expected a divisor of the net's {total}"
            )
    elif timing.stride is not None:
        raise InputError(
            f"{place}.stride: {timing.stride}; expected none, as only dense maps have one of choice"
        )
    window = WINDOWS[timing.backbone]
    if timing.way == "fully-connected" and timing.side != window:
        raise InputError(
            f"{place}.side: {timing.side}; expected {window}, the window of a fully connected "
            f"{timing.backbone}"
        )


def _check_published(config: Config, entry: Experiment, place: str) -> None:
    """Published numbers are in range, and a row without others has one in its tables."""
    for column, value in entry.paper.items():
        percent = COLUMNS[column].unit == "%"
        if value < 0 or (percent and value > 100):
            expected = "percent from 0 to 100" if percent else "0 or more"
            raise InputError(f"{place}.{column}: {value:g}; expected {expected}")
    columns = [column for table in entry.tables for column in config.tables[table].columns]
    if isinstance(entry, PublishedOnly) and not entry.paper.keys() & set(columns):
        raise InputError(
            f"{place}: {', '.join(entry.paper)}; expected a column of {', '.join(entry.tables)}"
        )


def _check_columns(
    config: Config, table: Table, rows: Mapping[str, Experiment], place: str, advice: str
) -> None:
    """A table has rows, and each of its columns, once, a number that one of them can have."""
    if not rows:
        raise InputError(f"{place}: no experiment names it as one of its tables{advice}")
    known = set().union(*(_numbers(config, entry) for entry in rows.values()))
    for column in table.columns:
        if table.columns.count(column) > 1:
            raise InputError(f"{place}.columns: {column!r} twice; expected each of them once")
        if column not in known and not advice:
            raise InputError(
                f"{place}.columns: {column!r}; expected one that a row can have: "
                f"{', '.join(sorted(known))}"
            )
    timings = [name for name, entry in rows.items() if isinstance(entry, Timed)]
    if timings and (scores := [column for column in table.columns if column in SCORES]):
        raise InputError(f"{place}.columns: {scores[0]!r}; {timings[0]} is timed and has no score")


def _numbers(config: Config, entry: Experiment) -> set[ColumnName]:
    """The columns in which an experiment has a number, measured or published."""
    if isinstance(entry, PublishedOnly):
        return {*entry.paper}
    if isinstance(entry, Timed):
        backward: set[ColumnName] = {"backward_ms"} if entry.timing.backward else set()
        return {*TIMES, *backward, *entry.paper}
    tasks = {*entry.data.tasks, *(("foreground",) if entry.data.foreground else ())}
    scores = {name for name in SCORES if RESULT_KEYS[name][0] in tasks}
    costs = NET_COSTS
    if CONVERTER_INFO[config.datasets[entry.data.dataset].converter].background is False:
        scores, costs = scores - NEED_BACKGROUND, costs - NEED_BACKGROUND
    match entry:
        case UpperBound():
            return {*scores, *RULES, *entry.paper}
        case Released():
            return {*scores, *costs, *entry.paper}
        case _:
            return {*scores, *costs, *TRAINED, *entry.paper}
