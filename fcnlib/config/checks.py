"""What the entries of config.yaml say of each other: names exist, nets and columns fit."""

from collections.abc import Iterable, Mapping
from typing import get_args

from fcnlib.archives.catalogue import ARCHIVES
from fcnlib.config.checks_data import (
    CONTENTS,
    check_data,
    check_datasets,
    require_known,
)
from fcnlib.config.columns import (
    COLUMNS,
    KEYS,
    RULES,
    ColumnName,
    Learning,
    Metric,
    Setting,
    TestServerMetric,
)
from fcnlib.config.schema import (
    STRIDES,
    WINDOWS,
    Config,
    Experiment,
    Net,
    Published,
    Table,
    Timing,
)
from fcnlib.config.schema_data import CHANNELS, Data
from fcnlib.core.errors import InputError

WRITTEN = ".caffemodel"
WEIGHTS = (WRITTEN, ".pth")
SCORES: frozenset[ColumnName] = frozenset(get_args(Metric))
TEST_SERVER_METRICS: frozenset[ColumnName] = frozenset(get_args(TestServerMetric))
NET_COSTS: frozenset[ColumnName] = frozenset(
    ("forward_ms", "conv_layers", "parameters", "receptive_field", "stride")
)
TRAINED: frozenset[ColumnName] = frozenset((*get_args(Learning), *get_args(Setting)))
WITH_BACKGROUND: frozenset[ColumnName] = frozenset(
    ("mean_iu_without_background", "mean_iu_foreground_truth", "background_accuracy")
)
TIMES: frozenset[ColumnName] = frozenset(("forward_ms", "outputs", "output_ms", "max_difference"))


def check_experiments(config: Config, source: str) -> None:
    """Names that point elsewhere must exist, and weights flow from top to bottom."""

    def require(name: str, known: Iterable[str], place: str, what: str) -> None:
        require_known(name, known, f"{source}: {place}", what)

    check_datasets(config, source)
    files = [name for name in ARCHIVES if name.endswith(WEIGHTS)]
    for backbone, file in config.weights.items():
        require(file, files, f"weights.{backbone}", "is no published file")
    if config.scales[config.scale].like == "demo":  # written in one format only
        files = [name for name in files if name.endswith(WRITTEN)]
    nets = [name for name, entry in config.experiments.items() if entry.net]
    trained: list[str] = []
    for name, entry in config.experiments.items():
        place = f"experiments.{name}"
        _check_kind(entry, f"{source}: {place}")
        if entry.data:
            require(entry.data.dataset, config.datasets, f"{place}.data.dataset", "is no data set")
            dataset, trained_here = config.datasets[entry.data.dataset], bool(entry.net)
            check_data(entry.data, dataset, f"{source}: {place}.data", trained=trained_here)
        for shown in entry.tables:
            require(shown, config.tables, f"{place}.tables", "is no table")
        for shown in entry.rows:
            require(shown, entry.tables, f"{place}.rows", "is none of its tables")
        for start in entry.starts("demo"):
            key = f"{place}.{_key_of_start(entry)}"
            require(start, config.experiments, key, "is no experiment")
            require(start, nets, key, "is no net that is trained")
            # Every chain points upwards, so there can be no cycle.
            require(start, trained, key, "must stand above it, as weights flow downwards")
        if entry.net:
            trained.append(name)
            assert entry.data is not None
            _check_channels(entry.net, entry.data, f"{source}: {place}")
            _check_start(config, name, entry.net, source)
            _check_seen(config, entry.net, entry.data, f"{source}: {place}")
            _check_heads(config, entry.net, entry.data, f"{source}: {place}")
        if entry.weights:
            require(entry.weights.file, files, f"{place}.weights.file", "is no published file")
            _check_written(config, entry, entry.weights, f"{source}: {place}.weights.written_from")
        if entry.tested:
            other = config.experiments[entry.tested.net]
            _check_same_task(entry, other, repr(entry.tested.net), f"{source}: {place}.tested.net")
        if entry.timing:
            _check_timing(entry.timing, f"{source}: {place}.timing")
    _check_shown(config, source)


def _key_of_start(entry: Experiment) -> str:
    if entry.tested:
        return "tested.net"
    return "weights.written_from" if entry.weights else "net.start_from"


def _check_shown(config: Config, source: str) -> None:
    """A scale shows tables that there are, and tables show numbers."""
    place = f"{source}: scales.{config.scale}.tables"
    for shown in config.scales[config.scale].tables or ():
        require_known(shown, config.tables, place, "is no table")
    for name, table in config.tables.items():
        rows = {key: entry for key, entry in config.experiments.items() if name in entry.tables}
        _check_columns(config, table, rows, f"{source}: tables.{name}")
    for name, entry in config.experiments.items():
        _check_published(config, entry, f"{source}: experiments.{name}.paper")


def _check_kind(entry: Experiment, place: str) -> None:
    """An entry is of one kind and has data to be scored on; or published numbers are all it has."""
    if (entry.net is None) != (entry.recipe is None):
        raise InputError(f"{place}: net and recipe come together or not at all")
    kinds = {
        "net and recipe": entry.net,
        "weights": entry.weights,
        "tested": entry.tested,
        "oracle": entry.oracle,
        "timing": entry.timing,
    }
    given = [name for name, kind in kinds.items() if kind]
    if not given and entry.paper and not entry.data:
        return
    if len(given) != 1:
        found = " beside ".join(given) or "none"
        raise InputError(
            f"{place}: {found}; expected one of: {'; '.join(kinds)}; or paper alone, with a number"
        )
    if (entry.data is None) == (entry.timing is None):
        problem = "missing" if entry.timing is None else "expected none, as a timing needs no data"
        raise InputError(f"{place}.data: {problem}")
    if entry.data and entry.data.train_mask != "none" and not entry.net:
        raise InputError(f"{place}.data.train_mask: expected none, as nothing is trained")
    if entry.data and entry.data.test_mask != "none" and entry.oracle:
        raise InputError(f"{place}.data.test_mask: expected none, as a bound sees no image")
    scores = [name for name in entry.paper if name in SCORES | TEST_SERVER_METRICS]
    if entry.timing and scores:
        raise InputError(f"{place}.paper: {scores[0]}; expected costs, as a timing has no score")


def _check_channels(net: Net, data: Data, place: str) -> None:
    """The net's channels are those of its inputs, in an order that tells depth from colours."""
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
    """A net starts from nets of its inputs, or of its colours alone, or from a classifier."""
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
        other = config.experiments[start].data
        assert other is not None
        if other.inputs not in (seen, colours):
            raise InputError(
                f"{place}.net.start_from: {start} sees {list(other.inputs)}; expected {list(seen)}"
            )


def _check_heads(config: Config, net: Net, data: Data, place: str) -> None:
    """A head alone has no name of its own: it is not taken for that of another task."""
    for start in net.start_from if net.start_from != "random" else ():
        other = config.experiments[start].data
        assert other is not None
        if len(data.tasks) == len(other.tasks) == 1 and data.tasks != other.tasks:
            raise InputError(
                f"{place}.net.start_from: {start} says {other.tasks[0]}; expected "
                f"{data.tasks[0]}, or several tasks"
            )


def _check_start(config: Config, name: str, net: Net, source: str) -> None:
    """Weights fit only into a net of the same size."""
    size = {"width": net.width, "fc6_kernel": net.fc6_kernel}
    starts = {"the classifier": config.classifier(net.backbone)} if net.start_from == () else {}
    for start in net.start_from if net.start_from != "random" else ():
        other = config.experiments[start].net
        assert other is not None
        if other.backbone != net.backbone:
            raise InputError(
                f"{source}: experiments.{name}.net.backbone: {net.backbone!r}; expected "
                f"{other.backbone!r}, as it starts from {start}"
            )
        starts[start] = {"width": other.width, "fc6_kernel": other.fc6_kernel}
    for start, expected in starts.items():
        if size != expected:
            raise InputError(
                f"{source}: experiments.{name}.net: {size}; expected {expected}, as it starts "
                f"from {start}"
            )


def _check_written(config: Config, entry: Experiment, weights: Published, place: str) -> None:
    """The net that is written is the one that is read back."""
    source = config.experiments[weights.written_from]
    assert source.net is not None
    own = f"fcn{source.net.stride}s-{source.net.backbone}"
    if own != weights.to:
        raise InputError(f"{place}: {weights.written_from!r} is a {own}; expected a {weights.to}")
    _check_same_task(entry, source, repr(weights.written_from), place)


def _check_same_task(entry: Experiment, other: Experiment, name: str, place: str) -> None:
    """An entry's net sees and says what the net does that it comes from."""
    assert entry.data is not None and other.data is not None
    for what in ("inputs", "tasks"):
        theirs, expected = getattr(other.data, what), getattr(entry.data, what)
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
    """Published numbers can be, and a row that has no others shows one of them."""
    for column, value in entry.paper.items():
        percent = COLUMNS[column].unit == "%"
        if value < 0 or (percent and value > 100):
            expected = "percent from 0 to 100" if percent else "0 or more"
            raise InputError(f"{place}.{column}: {value:g}; expected {expected}")
    shown = [column for table in entry.tables for column in config.tables[table].columns]
    if not entry.data and not entry.timing and not entry.paper.keys() & set(shown):
        raise InputError(
            f"{place}: {', '.join(entry.paper)}; expected a column of {', '.join(entry.tables)}"
        )


def _check_columns(
    config: Config, table: Table, rows: Mapping[str, Experiment], place: str
) -> None:
    """A table has rows, and each of its columns, once, a number that one of them can have."""
    if not rows:
        raise InputError(f"{place}: no experiment names it as one of its tables")
    known = set().union(*(_numbers(config, entry) for entry in rows.values()))
    for column in table.columns:
        if table.columns.count(column) > 1:
            raise InputError(f"{place}.columns: {column!r} twice; expected each of them once")
        if column not in known:
            raise InputError(
                f"{place}.columns: {column!r}; expected one that a row can have: "
                f"{', '.join(sorted(known))}"
            )
    timings = [name for name, entry in rows.items() if entry.timing]
    if timings and (scores := [column for column in table.columns if column in SCORES]):
        raise InputError(f"{place}.columns: {scores[0]!r}; {timings[0]} is timed and has no score")


def _numbers(config: Config, entry: Experiment) -> set[ColumnName]:
    """The columns in which an experiment has a number, measured or published."""
    if entry.timing:
        backward: set[ColumnName] = {"backward_ms"} if entry.timing.backward else set()
        return {*TIMES, *backward, *entry.paper}
    if not entry.data:
        return {*entry.paper}
    tasks = {*entry.data.tasks, *(("foreground",) if entry.data.foreground else ())}
    scores = {name for name in SCORES if KEYS[name][0] in tasks}
    if CONTENTS[config.datasets[entry.data.dataset].converter].background is False:
        scores -= WITH_BACKGROUND
    if entry.oracle:
        return {*scores, *RULES, *entry.paper}
    return {*scores, *NET_COSTS, *(() if entry.weights else TRAINED), *entry.paper}
