"""Configurations that cannot be meant, whatever they would do if they were used."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from fixtures.hostile import Kind

CONFIG = Path(__file__).parents[2] / "config.yaml"
ALIASED = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join(9 * [f'*{below}'])}]\n"
    for below, name in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGED = "a: &a {x: 1}\n" + "".join(
    f"{name}: &{name} {{<<: [{', '.join(9 * [f'*{below}'])}]}}\n"
    for below, name in zip("abcdefg", "bcdefgh", strict=True)
)
CHAINED = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 500))
OWN = "datasets: {mine: {converter: folder, path: photos, classes: [a, b], %s}}"
CLAIM = "claims: {mine: {section: x, statement: x, numbers: {a: %s}, holds: '%s'}}"
NUMBER = "[skips, voc-fcn32s, mean_iu]"


def overlay(content: str | bytes) -> Callable[[Path], list[object]]:
    """The arguments that lay a file of this content over the project's configuration."""

    def make(folder: Path) -> list[object]:
        written = content if isinstance(content, bytes) else content.encode()
        (folder / "own.yaml").write_bytes(written)
        return ["train", "voc-fcn32s", "--config", CONFIG, "--config", "own.yaml"]

    return make


def claim(holds: str) -> Callable[[Path], list[object]]:
    return overlay(CLAIM % (NUMBER, holds))


def train_with_seed(seed: int) -> Callable[[Path], list[object]]:
    return lambda folder: ["train", "voc-fcn32s", "--config", CONFIG, "--seed", seed]


EXTENT = [
    Kind("aliases of aliases", overlay(ALIASED), r"own\.yaml: more than 100,000 values.*aliases"),
    Kind("merges of merges", overlay(MERGED), r"own\.yaml: more than 100,000 values.*aliases"),
    Kind("aliases in a chain", overlay(CHAINED), r"own\.yaml: nested too deeply"),
    Kind(
        "an alias of what is around it",
        overlay("a: &a {b: [*a]}"),
        r"own\.yaml: nested too deeply, as \*a",
    ),
    Kind("brackets without end", overlay("a: " + "[" * 100_000), r"own\.yaml: nested too deeply"),
    Kind(
        "mappings without end",
        overlay("".join(" " * i + "a:\n" for i in range(1500))),
        r"own\.yaml: nested too deeply",
    ),
    Kind("a huge file", overlay("#" * 5_000_000), r"own\.yaml: .*bytes"),
    Kind("many values", overlay("a: [" + "x," * 300_000 + "]"), r"own\.yaml: .*100,000"),
]
VALUES = [
    Kind("a number of 5000 digits", overlay(f"seeds: [{'9' * 5000}]"), r"own\.yaml: .*9999.*line"),
    Kind("a number of 4000 digits", overlay(f"seeds: [{'9' * 4000}]"), r"own\.yaml: seeds"),
    Kind("no such date", overlay("seeds: 2001-99-99"), r"own\.yaml: .*2001-99-99.*line"),
    Kind("a tag of another type", overlay("seeds: !!bool x"), r"own\.yaml: .*'x'.*line"),
    Kind("an empty number", overlay("seeds: !!int ''"), r"own\.yaml: .*''.*line"),
    Kind("a time of no calendar", overlay("seeds: !!timestamp x"), r"own\.yaml: .*'x'.*line"),
    Kind("a number to base 60", overlay(f"seeds: 1{':30' * 300}.0"), r"own\.yaml: .*line"),
    Kind(
        "infinity",
        overlay("recipes: {heavy: {learning_rate: 1e400}}"),
        r"own\.yaml: recipes\.heavy\.learning_rate: inf",
    ),
    Kind(
        "not a number",
        overlay("recipes: {heavy: {momentum: .nan}}"),
        r"own\.yaml: recipes\.heavy\.momentum: nan",
    ),
    Kind(
        "more iterations than a number holds",
        overlay(f"recipes: {{heavy: {{iterations: {10**30}}}}}"),
        r"own\.yaml: recipes\.heavy\.iterations: 1000000",
    ),
]
MISREAD = [
    Kind(
        f"{text} as a number",
        overlay(f"recipes: {{heavy: {{iterations: {text}}}}}"),
        rf"own\.yaml: expected a number to base 10 .*'{text}' at line 1",
    )
    for text in ("01500", "0_10", "25:00", "1:30:00", "-010")
]
TEXTS = [
    Kind(
        f"{what} in {place.partition(':')[0]}",
        overlay(text.replace("HERE", sign)),
        r"own\.yaml: .*control character",
    )
    for what, sign in {
        "a terminal's escape": r"\e[31m",
        "a null byte": r"\0",
        "a carriage return": r"\r",
        "a tab": r"\t",
        "a line separator": r"\L",
        "a mark that turns the direction of text": r"\u202e",
    }.items()
    for place, text in {
        "a title": 'tables: {skips: {title: "xHERE"}}',
        "a note": 'tables: {skips: {note: "xHERE"}}',
        "a row": 'experiments: {voc-fcn32s: {row: "xHERE"}}',
        "a key": '{"xHERE": 1}',
        "a class": 'datasets: {mine: {classes: ["xHERE"]}}',
    }.items()
]
BAD_NAMES = ("../../notes", "/absolute", "a/b", "..", ".", "", "a b", "x" * 300, "a.txt", "a\\b")
NAMED = {
    "datasets.mine.splits": OWN % "splits: {'HERE': m.txt}",
    "datasets": "datasets: {'HERE': {converter: folder, path: photos}}",
    "tables": "tables: {'HERE': {title: x, columns: [mean_iu]}}",
    "figures": "figures: {'HERE': {title: x, experiments: [voc-fcn32s]}}",
    "experiments": "experiments: {'HERE': {base: voc-fcn32s, row: x}}",
    "scales": "scales: {'HERE': {preset: demo, archives: synthetic}}",
    "recipes": "recipes: {'HERE': {momentum: 0.5}}",
    "claims": "claims: {'HERE': {section: x, statement: x, untested: x}}",
    "experiments.voc-fcn32s.data.tasks": "experiments: {voc-fcn32s: {data: {tasks: ['HERE']}}}",
}
NAMES = [
    *(
        Kind(
            f"{name[:20]!r} as a name in {place}",
            overlay(text.replace("HERE", name)),
            rf"own\.yaml: {place}.*expected a name",
        )
        for place, text in NAMED.items()
        for name in (BAD_NAMES if "splits" in place else BAD_NAMES[:1])
    ),
    *(
        Kind(
            f"a data set where the project keeps its {name}",
            overlay(f"datasets: {{{name}: {{converter: folder, path: photos}}}}"),
            rf"own\.yaml: datasets\.{name}: expected another name",
        )
        for name in ("archives", "weights", "logs", "benchmarks")
    ),
]


def data_set(**changes: object) -> Callable[[Path], list[object]]:
    """The arguments that describe a data set whose description was changed by hand."""

    def make(folder: Path) -> list[object]:
        content = {
            **{"name": "x", "tasks": {"semantic": ["a"]}, "palette": {"semantic": [[0, 0, 0]]}},
            **{"means": {}, "splits": {}, "digest": ""},
        }
        (folder / "dataset.json").write_text(json.dumps(content | changes), "utf-8")
        return ["info", folder]

    return make


DATA_SETS = [
    Kind(f"{what} of a data set", data_set(**change), rf"dataset\.json: {message}")
    for what, change, message in (
        ("a split outside", {"splits": {"../../x": 1}}, ".*splits.*expected a name"),
        ("a task outside", {"tasks": {"../x": ["a"]}}, ".*tasks.*expected a name"),
        ("a class of two lines", {"tasks": {"semantic": ["a\nb"]}}, ".*tasks.*expected one line"),
        ("a class that ends a line", {"tasks": {"x": ["\x1b[2J"]}}, ".*tasks.*control"),
    )
]
SEEDS = [
    Kind("a seed twice", overlay("seeds: [0, 0]"), r"own\.yaml: seeds: .*once"),
    Kind("a seed twice, once as text", overlay("seeds: [0, '0']"), r"own\.yaml: seeds: .*once"),
    Kind("true as a seed", overlay("seeds: [true]"), r"own\.yaml: seeds.*valid integer"),
    Kind("a seed below 0", overlay("seeds: [-1]"), r"own\.yaml: seeds.*greater than or equal to 0"),
    Kind("a seed of 64 bits", overlay(f"seeds: [{2**63}]"), r"own\.yaml: seeds.*less than"),
    Kind(
        "seeds of the same random numbers",
        overlay(f"seeds: [{2**32 - 1}, {2**63 - 1}]"),
        r"own\.yaml: seeds: .*32 bits",
    ),
    Kind("a seed below 0 in a command", train_with_seed(-1), "--seed: -1; expected 0 to"),
    Kind("a seed of 64 bits in a command", train_with_seed(2**63), "--seed: 92.*; expected 0 to"),
]
CLAIMS = [
    Kind("a long power", claim("a > " + "9**" * 500 + "9"), r"claims\.mine: holds: .*characters"),
    Kind("many signs", claim("a > " + "-" * 400 + "a"), r"claims\.mine: holds: .*nested"),
    Kind("many brackets", claim("(" * 300 + "a" + ")" * 300 + " > 0"), r"claims\.mine: holds: "),
    Kind("many terms", claim("a" + " + a" * 200_000 + " > 0"), r"claims\.mine: holds: "),
    Kind("a number of 4000 digits", claim("a > " + "9" * 4000), r"claims\.mine: holds: "),
    Kind("infinity in a claim", claim("a > 1e999"), r"claims\.mine: holds: .*finite"),
    Kind("many calls", claim("abs(" * 150 + "a" + ")" * 150 + " > 0"), r"claims\.mine: holds: "),
]


def study_that_is_a_pipe(folder: Path) -> list[object]:
    """The arguments that name a folder of studies of which reading one would never end."""
    (folder / "studies").mkdir()
    os.mkfifo(folder / "studies/a.yaml")
    return overlay(f"studies: {folder}/studies")(folder)


FILES = [
    Kind("nothing", overlay(""), r"own\.yaml: holds nothing; expected a YAML mapping"),
    Kind("comments", overlay("# later\n"), r"own\.yaml: holds nothing; expected a YAML mapping"),
    Kind(
        "UTF-16",
        overlay("seeds: [1]\n".encode("utf-16")),
        r"own\.yaml: 'utf-8' codec .* position 0: .*; expected YAML in UTF-8",
    ),
    Kind(
        "no such configuration",
        lambda folder: ["train", "x", "--config", "own.yaml"],
        r"error: own\.yaml: No such file or directory; expected a YAML file",
    ),
    Kind(
        "a folder as a configuration",
        lambda folder: ["train", "x", "--config", folder],
        r": Is a directory; expected a YAML file",
    ),
    Kind(
        "an experiment that a disk without capitals takes for another",
        overlay("experiments: {VOC-FCN32s: {base: voc-fcn32s, row: x, tables: [skips]}}"),
        r"own\.yaml: experiments\.VOC-FCN32s: expected a name that differs from 'voc-fcn32s'",
    ),
    Kind(
        "a folder of archives by ~",
        overlay("archive_folder: ~/archives"),
        r"archive_folder: .*~/archives.*: expected a path as it is, without ~ or \$",
    ),
    Kind("a study that is a pipe", study_that_is_a_pipe, r"studies/a\.yaml: no file"),
    Kind(
        "a configuration without an end",
        lambda folder: ["train", "x", "--config", "/dev/zero"],
        r"/dev/zero: .*bytes",
    ),
    Kind(
        "a colour that no picture has",
        overlay(OWN % "palette: [[0, 0, 256]]"),
        r"own\.yaml: datasets\.mine\.palette",
    ),
]
KINDS = [*EXTENT, *FILES, *VALUES, *MISREAD, *TEXTS, *NAMES, *DATA_SETS, *SEEDS, *CLAIMS]


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_what_cannot_be_meant_is_refused_in_one_line(
    kind: Kind, try_kind: Callable[[Kind], None]
) -> None:
    try_kind(kind)
