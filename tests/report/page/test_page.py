import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fixtures.estimate import ESTIMATE
from fixtures.marks import MARK, WHY
from fixtures.page import (
    BOUND_TABLE,
    CLAIMS,
    NET_TABLE,
    NETS_SPEC,
    table_files,
)

from fcnlib.config.columns import COLUMNS
from fcnlib.core.errors import InputError
from fcnlib.report.claims import write_claims
from fcnlib.report.page.page import PageInputs, write_page
from fcnlib.report.results import join_tables
from fcnlib.report.specs import Part
from fcnlib.report.tables import build_table


class Links(HTMLParser):
    """Every address and identifier in a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.ids: list[str] = []
        self.images: list[dict[str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.targets += [found[key] for key in ("href", "src") if key in found]
        self.ids += [found["id"]] if "id" in found else []
        self.images += [found] if tag == "img" else []


@pytest.fixture(scope="module")
def given(finished) -> dict:
    """The run, whose pages are written beside the one that browsers open."""
    return finished | {"output": finished["output"].with_name("page.html")}


@pytest.fixture(scope="module")
def html(given) -> str:
    """The page of the run as it is."""
    return page(given)


def page(given: dict, **changes) -> str:
    write_page(PageInputs(**given | changes))
    return Path(given["output"]).read_text("utf-8")


def text(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_every_link_of_the_page_leads_somewhere(html, given):
    links = Links(html)
    folder = given["output"].parent
    files = {target for target in links.targets if not target.startswith(("#", "data:"))}
    assert files - {"report.html"}
    assert [f for f in files - {"report.html"} if not (folder / f).is_file()] == []
    anchors = {target[1:] for target in links.targets if target.startswith("#")}
    assert anchors <= set(links.ids)
    assert len(links.ids) == len(set(links.ids))


def test_every_image_is_described_and_has_its_size(html):
    images = Links(html).images
    assert len(images) == 5
    assert all(image["alt"] and int(image["width"]) and int(image["height"]) for image in images)


def test_a_demo_page_states_that_its_numbers_are_not_the_papers(html):
    assert '<span class="badge demo">demo</span>' in html
    assert "These are numbers of synthetic scenes, not the paper" in text(html)
    assert "a difference between them is one between two worlds" in text(html)
    headings = re.findall(r'data-full="(mean IU[^"]*)"', html)
    assert headings[:3] == ["mean IU, demo", "mean IU, paper", "mean IU, demo"]
    assert "difference" not in "".join(headings)  # it would compare all the same


def test_a_page_of_a_part_of_the_list_says_so(html, given):
    assert "Only a part was run" not in html
    part = Part(rows=3, of_rows=77, tables=1, of_tables=25).model_dump()
    said = "Only a part was run: 3 of 77 experiments, and 1 of 25 tables."
    assert said in text(page(given, part=part)).replace(" :", ":")
    own = [table | {"images": "own"} for table in given["tables"]]
    assert "Only a part" not in page(given, scale="street", tables=own, part=part)


def test_a_page_of_a_part_folds_the_sections_without_any_result(html, given, tmp_path):
    assert "Not run" not in html
    verdicts = json.loads(given["claims"].read_text("utf-8"))
    later = verdicts[2] | {"id": "later", "section": "0.3: later"}
    (tmp_path / "claims.json").write_text(json.dumps([*verdicts, later]), "utf-8")
    claims = {"claims": tmp_path / "claims.json"}
    assert "Not run" not in page(given, **claims)
    part = Part(rows=3, of_rows=77, tables=1, of_tables=25).model_dump()
    found = page(given, part=part, **claims)
    folded = found.partition('<details id="not-run">')[2].partition('<section id="legend">')[0]
    assert 'id="part-0.3"' in folded and 'id="claim-later"' in folded
    assert "Not run: 0.3" in text(folded) and 'id="part-1"' not in folded
    assert 'href="#part-0.3"' not in found and '<a href="#not-run">Not run</a>' in found
    contents = text(found.partition('<section id="contents">')[2].partition("</section>")[0])
    assert "Not run: 0.3 0 0 1 All claims 1 1 3" in contents


def test_a_paper_page_compares_like_with_like(given):
    tables = [table | {"images": "published"} for table in given["tables"]]
    html = page(given, scale="paper", tables=tables)
    assert '<span class="badge paper">paper</span>' in html
    assert "synthetic scenes" not in text(html)
    assert 'data-full="mean IU, measured"' in html


def test_a_page_of_own_data_states_whose_numbers_they_are(given):
    own = NET_TABLE | {"images": "own"}
    html = page(given, scale="street", tables=[own, BOUND_TABLE])
    assert '<span class="badge own">street</span>' in html
    assert "numbers of your own data (“street”), not the paper" in text(html)
    assert "The paper's numbers are of other images" in html
    assert "Where a published number stands beside one" in text(html)


def test_a_page_of_own_data_alone_has_a_lead_of_its_own(given):
    own = NET_TABLE | {"images": "own"}
    bound = BOUND_TABLE | {"images": "own"}
    words = text(page(given, scale="street", tables=[own, bound]))
    assert "Results on your own images (“street”): what each net scores" in words
    assert "not the paper" not in words
    assert "Where a published number stands beside one, it is of other images." in words


def test_a_page_without_published_numbers_does_not_speak_of_them(given, tmp_path):
    rows = [row | {"paper": {}} for row in NETS_SPEC["nets"]]
    table = NET_TABLE | {"images": "own", "rows": rows}
    csv, results = tmp_path / "nets.csv", tmp_path / "results.csv"
    build_table(table, scale="mine", metrics=given["metrics"][:4], **table_files(csv))
    join_tables([csv], results)
    html = page(given, scale="mine", tables=[table], csvs=[csv], results=results)
    assert "published number" not in text(html) and "paper's numbers" not in html
    assert "Difference" not in text(html)


def test_another_scale_of_synthetic_scenes_is_not_taken_for_own_data(given):
    html = page(given, scale="tiny")
    assert "These are numbers of synthetic scenes, not the paper" in text(html)
    assert "your own data" not in text(html)


def test_commands_in_a_note_are_set_as_code_and_nothing_else_is_markup(given):
    table = NET_TABLE | {"note": "Ask `fcn submit a<b` for <b>it</b>."}
    html = page(given, tables=[table, BOUND_TABLE])
    assert "Ask <code>fcn submit a&lt;b</code> for &lt;b&gt;it&lt;/b&gt;." in html


def test_class_colours_stand_by_data_set(html):
    legend = re.search(r'<section id="legend">.*?</section>', html, re.S)
    assert legend and legend[0].count("<h3>") == 1 and "<h3>toy</h3>" in legend[0]
    assert legend[0].count("cat</li>") == 1


def test_a_table_names_the_images_it_is_of_and_how_snapshots_were_picked(html):
    words = text(html)
    assert "Made for a test." in words
    assert words.count("Here synthetic scenes take the place of the published images") == 1
    assert words.count("snapshot with the best mean IU on the test images") == 1  # not of bounds


def test_the_way_to_the_same_numbers_names_the_full_configuration(html):
    assert '<a href="config.json">config.json</a>, beside this page' in html


def test_forward_time_is_not_sold_as_a_fair_comparison(html, given):
    """Once, with the table's own column where it has one."""
    words = text(html)
    assert words.count("while other jobs may have run") == 1
    assert "while other jobs may have run beside" in words
    tables = [
        table | {"columns": [name for name in table["columns"] if name != "forward_ms"]}
        for table in given["tables"]
    ]
    without = text(page(given | {"tables": tables}))
    assert "measured while other jobs may have run; for a fair comparison" in without


def test_measured_published_and_difference_stand_side_by_side(given):
    tables = [table | {"images": "published"} for table in given["tables"]]
    html = page(given, scale="paper", tables=tables)
    rows = re.findall(r'<tr[^>]*><th scope="row">(.*?)</tr>', html, re.S)
    sharp = text(next(row for row in rows if row.startswith("Sharp"))).split()
    measured, paper, difference = float(sharp[1]), float(sharp[4]), sharp[5]
    assert sharp[2] == "±" and paper == 99.5
    assert difference == COLUMNS["mean_iu"].signed(round(measured - paper, 1))
    published = text(next(row for row in rows if row.startswith("Published only"))).split()
    assert published == ["Published", "only", "12.5"]


def test_rows_of_others_are_muted_and_noted_as_no_runs(html):
    assert html.count('<tr class="others">') == 1
    assert '<tr class="others"><th scope="row">Published only' in html
    assert "Rows in grey: numbers that others published; nothing was run for them." in text(html)


def test_what_only_the_server_scores_stands_in_its_cells(given):
    table = NET_TABLE | {
        "columns": ["mean_iu", "voc2012_test_mean_iu"],
        "rows": [
            {**NET_TABLE["rows"][0], "paper": {"voc2012_test_mean_iu": 67.2}},
            NET_TABLE["rows"][1],
            {"experiment": "sds", "row": "SDS", "paper": {"voc2012_test_mean_iu": 51.6}},
        ],
    }
    csv = given["results"].with_name("server.csv")
    build_table(table, scale="demo", metrics=given["metrics"][:4], **table_files(csv))
    html = page(given, tables=[table], csvs=[csv], results=csv, figures=[])
    cells = re.findall(r'<td class="first server" data-v=""[^>]*>(.*?)</td>', html)
    assert cells == ["server only", "server only", ""]
    assert 'data-full="mean IU, VOC2012 test, difference"' not in html


def test_times_and_sizes_have_their_unit_and_no_difference(html):
    assert "forward time (ms)" in html and "rf size (px)" in html
    assert 'data-full="forward time, demo"' in html
    assert 'data-full="rf size, derived"' in html and 'data-full="rf size, paper"' in html
    assert 'data-full="rf size, difference"' not in html
    sharp = next(row for row in re.findall(r"<tr><th.*?</tr>", html, re.S) if "Sharp" in row)
    assert text(sharp).split()[-2:] == ["404", "907"]
    assert "Timed on cpu: A Machine (1 thread), while other jobs may have run" in text(html)


def test_bold_is_for_scores_alone(html):
    rows = re.findall(r'<tr[^>]*><th scope="row">(?:Near|Sharp).*?</tr>', html, re.S)
    cells = [re.findall(r'<td class="first".*?</td>', row, re.S) for row in rows]
    bold = [["<strong>" in cell for cell in row] for row in cells if len(row) == 4]
    assert len(bold) == 2 and any(map(any, bold))
    assert not any(any(row[2:]) for row in bold)
    assert "Bold: best score." in text(html)


def test_a_difference_between_two_worlds_has_no_colour(html, given):
    coloured = re.compile(r'class="diff (?:up|down)"')
    assert not coloured.search(html)
    tables = [table | {"images": "published"} for table in given["tables"]]
    assert coloured.search(page(given, scale="paper", tables=tables))


def test_runs_are_called_averaged_only_where_there_are_several(given):
    assert "Several runs are averaged." in text(page(given, figures=[]))
    one = [path for path in given["metrics"] if path.stem == "0"]
    alone = {"csvs": [path.with_name(f"{path.stem}-one.csv") for path in given["csvs"]]}
    for table, path in zip(given["tables"], alone["csvs"], strict=True):
        files = [p for p in one if p.parent.name in {row["experiment"] for row in table["rows"]}]
        build_table(table, scale="demo", metrics=files, **table_files(path))
    join_tables(alone["csvs"], given["output"].with_name("one.csv"))
    alone |= {"metrics": one, "results": given["output"].with_name("one.csv"), "figures": []}
    assert "averaged" not in text(page(given, **alone))


def test_metrics_without_published_numbers_have_no_empty_columns(html):
    assert 'data-full="pixel acc., demo"' in html
    assert 'data-full="pixel acc., paper"' not in html


def test_text_from_outside_is_escaped(html):
    assert "Near-sighted <net>" not in html and "Near-sighted &lt;net&gt;" in html
    assert "Table 1: nets &amp; eyes" in html
    assert "echo &#39;&lt;done&gt;&#39;" in html


def test_the_page_lists_commit_machine_and_versions(html):
    words = text(html)
    for fact in (
        "0123456789 with uncommitted changes",
        "2026-01-02 03:04 UTC",
        "cpu: A Machine",
        "4 min 3 s, the sum of 5 measured jobs (4 train, 1 prepare)",
        "512 MB",
        "5 of toy, test",
        "torch 2.13.0",
        "recipe.learning_rate 1e-10",
        "123,456",
        "one image of 32 x 24 pixels",
        "standard deviation over 2 runs",
    ):
        assert fact in words, fact


def test_the_page_is_small_and_whole_in_itself(html):
    library = re.search(r'id="chart-library">([^<]+)<', html)[1]
    assert len(library) < 450_000
    assert len(html.encode()) - len(library) < 600_000
    assert all(image["src"].startswith("data:image/") for image in Links(html).images)
    own = re.sub(r'src="data:image/[^"]*"', "", html)
    assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//|url\(|@import""", own)


def test_equal_input_gives_equal_bytes(given):
    assert page(given) == page(given)


def test_a_table_without_figures_is_shown(given):
    html = page(given, figures=[], tables=[NET_TABLE], csvs=given["csvs"][:1])
    assert 'id="table-nets"' in html and "<figure" not in html


def test_a_page_needs_a_result(given, tmp_path):
    with pytest.raises(InputError, match="at least one metrics file"):
        page(given, metrics=[], output=tmp_path / "index.html")
    assert not (tmp_path / "index.html").exists()


def test_the_contents_count_claims_by_section_and_a_false_one_stays_false(html):
    contents = re.search(r'<section id="contents">.*?</section>', html, re.S)
    assert contents
    rows = re.findall(r"<tr>(.*?)</tr>", contents[0], re.S)
    assert [text(row).split()[-3:] for row in rows[1:]] == [
        ["1", "1", "0"],
        ["0", "0", "2"],
        ["1", "1", "2"],
    ]
    items = re.findall(r'<li id="claim-(\w+)">(.*?)</li>', html, re.S)
    words = {name: text(item) for name, item in items}
    assert "\N{CHECK MARK} true Sharp eyes &lt;see&gt; more." in words["sharper"]
    assert "\N{MULTIPLICATION X} false Both see alike." in words["alike"]
    assert "\N{EN DASH} untested Blind ones see less." in words["blind"]
    assert "no row blind in its table later" in words["blind"]
    assert "tests/test_eyes.py::test_eyes" in words["counted"]


def test_tables_figures_and_claims_stand_by_the_papers_section(html):
    parts = dict(re.findall(r'<section id="part-([\d.]*)"(.*?)</section>', html, re.S))
    assert list(parts) == ["1", "2"]
    assert all(f'id="{name}"' in parts["1"] for name in ("table-nets", "figure-fig4", "claims-1"))
    assert 'id="table-bounds"' in parts["2"] and 'id="claim-blind"' in parts["2"]
    assert "<h2>1: eyes</h2>" in parts["1"]


def test_what_has_no_section_is_an_overview_and_other_tables(given, tmp_path):
    tables = [NET_TABLE | {"section": "10"}, BOUND_TABLE | {"section": ""}]
    moved = tmp_path / "fig4.json"
    shutil.copy(given["figures"][3].with_suffix(".png"), tmp_path)
    content = json.loads(given["figures"][3].read_text("utf-8"))
    moved.write_text(json.dumps(content | {"section": ""}), "utf-8")
    figures = [moved if path.stem == "fig4" else path for path in given["figures"]]
    html = page(given, tables=tables, figures=figures)
    parts = re.findall(r'<section id="part-([\d.]*)" class="part">\s*<h2>(.*?)</h2>', html)
    assert parts == [
        ("1", "1: eyes"),
        ("2", "2: no eyes"),
        ("10", "Section 10"),
        ("", "Other tables"),
    ]
    overview = re.search(r'<section id="overview">.*?</section>', html, re.S)
    assert overview and 'id="figure-fig4"' in overview[0]


def test_a_claim_stands_with_its_predicate_its_numbers_and_its_noise(html):
    item = re.search(r'<li id="claim-sharper">(.*?)</li>', html, re.S)
    assert item
    words = text(item[1])
    assert "Holds if sharp &gt; near" in words and "standard errors from turning over" in words
    assert re.search(r"sharp Sharp, mean IU [\d.]+ ± [\d.]+ / paper 99.5", words)


def test_a_verdict_within_noise_is_not_sold_as_more(given, tmp_path):
    verdicts = json.loads(given["claims"].read_text("utf-8"))
    verdicts[0] |= {"standard_errors": 1.44, "within_noise": True}
    path = tmp_path / "claims.json"
    path.write_text(json.dumps(verdicts), "utf-8")
    item = re.search(r'<li id="claim-sharper">(.*?)</li>', page(given, claims=path), re.S)
    assert item
    words = text(item[1])
    assert "true within noise Sharp eyes" in words
    assert "Only 1.4 standard errors from turning over: it may be noise." in words


def test_verdicts_on_synthetic_scenes_are_marked(html, given):
    assert "Verdicts on synthetic scenes, not on the paper." in text(html)
    tables = [table | {"images": "published"} for table in given["tables"]]
    html = page(given, scale="paper", tables=tables)
    assert "synthetic scenes" not in text(html) and 'id="claims-1"' in html
    html = page(given, tables=[NET_TABLE | {"images": "own"}, BOUND_TABLE], scale="street")
    assert "Verdicts on your own images, not on the paper." in text(html)


def records(folder: Path, **status: str) -> list[Path]:
    for name, found in status.items():
        content = {"file": f"{name}.tar", "status": found, "sha256": name[0] * 64}
        (folder / f"{name}.json").write_text(json.dumps(content), "utf-8")
    return [folder / f"{name}.json" for name in status]


def test_the_page_says_which_archives_are_the_published_ones(given, tmp_path):
    tables = [table | {"images": "published"} for table in given["tables"]]
    found = records(tmp_path, voc="published", sbd="published", sift="first-seen")
    html = page(given, scale="paper", tables=tables, archives=found)
    words = text(html)
    assert "Paper scale: the published data sets" in words
    assert "Archives with the published checksum voc.tar, sbd.tar" in words
    assert "Complete archives without a published checksum sift.tar ssssssssss" in words
    assert "ot the published files" not in words


@pytest.mark.parametrize("scale", ["paper", "mine"])
def test_the_page_does_not_call_other_files_the_published_ones(given, tmp_path, scale):
    tables = [table | {"images": "published"} for table in given["tables"]]
    html = page(given, scale=scale, tables=tables, archives=records(tmp_path, voc="own"))
    words = text(html)
    assert "the published data sets" not in words.lower()
    assert "iles that are not the published ones" in words
    assert (
        "Not the published files: voc.tar ." in words
        or "Not the published files: voc.tar." in words
    )
    assert "Archives that are not the published files voc.tar vvvvvvvvvv" in words


def test_a_damaged_record_of_an_archive_is_one_line(given, tmp_path):
    (tmp_path / "voc.json").write_text("{}", "utf-8")
    with pytest.raises(InputError, match=r"voc\.json: file: Field required"):
        page(given, archives=[tmp_path / "voc.json"])


def test_every_file_of_synthetic_scenes_says_so(given):
    folder = given["output"].parent
    pictures = [*folder.glob("figures/*.svg"), *folder.glob("figures/*.png")]
    tables = [path.with_suffix(end) for path in given["csvs"] for end in (".csv", ".md", ".tex")]
    assert len(pictures) == 5
    assert [p.name for p in pictures + tables if b"synthetic" not in p.read_bytes()] == []


def test_a_scale_named_paper_of_synthetic_scenes_is_not_called_the_published_data(given):
    html = text(page(given, scale="paper"))
    assert "These are numbers of synthetic scenes, not the paper" in html
    assert "the published data sets and full-width nets" not in html


def test_the_page_lists_what_was_not_available_and_what_took_its_place(given, tmp_path):
    tables = [table | {"images": "published"} for table in given["tables"]]
    found = records(tmp_path, voc="published", net="unavailable", other="unavailable")
    marks = MARK.model_copy(update={"fallback": "x.pth"}), MARK
    for path, mark in zip(found[1:], marks, strict=True):
        content = json.loads(path.read_text("utf-8")) | {"mark": mark.model_dump()}
        if mark.fallback:
            content["fallback"] = {"file": "x.pth", "status": "published", "sha256": 64 * "f"}
        path.write_text(json.dumps(content), "utf-8")
    words = text(page(given, scale="paper", tables=tables, archives=found))
    assert "Sources 2 of 2 files have the published checksum; 2 not available" in words
    assert "Archives with the published checksum voc.tar, x.pth" in words
    assert f"Released files that were not available {WHY}" in words
    assert "; x.pth takes its place" in words


def test_times_are_beside_those_that_were_estimated_where_an_estimate_was_saved(given, tmp_path):
    missing = tmp_path / "estimate.json"
    assert 'id="estimated"' not in page(given, estimate=missing)
    missing.write_text(ESTIMATE.model_dump_json(), "utf-8")
    html = page(given, estimate=missing)
    part = text(html.partition('<section id="estimated">')[2].partition("</section>")[0])
    assert "train 4 1 min 40 s 4 min 0 s 2.40" in part
    assert "prepare 1 0 s 3 s" in part
    assert "all of these 5 1 min 40 s 4 min 3 s 2.43" in part
    assert page(given) == page(given, estimate=None)


def own_page(given: dict, folder: Path, **changes) -> str:
    """The page of a run on own images alone, with all claims that the paper's studies list."""
    rows = [row | {"paper": {}} for row in NETS_SPEC["nets"]]
    table = NET_TABLE | {"images": "own", "section": "", "title": "My street", "rows": rows}
    files = {"csv": folder / "nets.csv", "results": folder / "results.csv"}
    build_table(table, scale="mine", metrics=given["metrics"][:4], **table_files(files["csv"]))
    join_tables([files["csv"]], files["results"])
    write_claims(folder / "claims.json", claims=CLAIMS, results=files["results"])
    values = {"tables": [table], "csvs": [files["csv"]], "results": files["results"]}
    figures = [path for path in given["figures"] if path.stem in ("curves", "class_iu", "examples")]
    values |= {"scale": "mine", "figures": figures, "claims": folder / "claims.json"}
    return page(given, **values | changes)


def test_a_page_of_own_images_has_their_title_and_opens_all_that_there_is_of_them(given, tmp_path):
    (tmp_path / "none.json").write_text("[]", "utf-8")
    html = own_page(given, tmp_path, claims=tmp_path / "none.json")
    assert "<h1>My street</h1>" in html and "Shelhamer" not in html
    assert re.findall(r'<section id="([^"]*)"', html) == [
        "contents",
        "part-",
        "legend",
        "reproduce",
        "provenance",
    ]
    for name in ("curves", "class_iu", "examples"):
        assert f'<details id="more-nets-{name}" open>' in html


def test_a_page_of_own_images_says_first_how_few_they_are(given, tmp_path):
    lead = text(own_page(given, tmp_path).partition('<p class="lead">')[2].partition("</p>")[0])
    assert "5 tested, 2 seeds: expect other numbers from other images." in lead
    values = {"data": {"dataset": "toy", "train": "test"}, "recipe": {"iterations": 100}}
    metrics = []
    for path, share in zip(given["metrics"], (1, 1, 0.4, 0.4, 1, 1), strict=True):
        content = json.loads(path.read_text("utf-8"))
        data = {"data": {**values["data"], "train_share": share}}
        content["provenance"]["values"] = values | data
        metrics.append(tmp_path / "metrics" / path.parent.name / path.name)
        metrics[-1].parent.mkdir(parents=True, exist_ok=True)
        metrics[-1].write_text(json.dumps(content), "utf-8")
        shutil.copy(path.with_suffix(".npz"), metrics[-1].with_suffix(".npz"))
    html = own_page(given, tmp_path, metrics=metrics)
    assert "2 to 5 images trained on, 5 tested, 100 iterations, 2 seeds: expect other" in text(html)


def test_a_page_of_own_images_has_none_of_the_papers_claims(given, tmp_path):
    html = own_page(given, tmp_path)
    assert "claim-counted" not in html
    assert 'id="claim-sharper"' in html  # it is on numbers of these images
    (tmp_path / "none.json").write_text("[]", "utf-8")
    html = own_page(given, tmp_path, claims=tmp_path / "none.json")
    assert "<h2>What was run</h2>" in html and 'class="verdict' not in html


def test_a_net_that_collapsed_is_marked_with_the_reason_and_never_bold(given, tmp_path):
    path = tmp_path / "sharp.json"
    content = json.loads(given["metrics"][2].read_text("utf-8"))
    content["tasks"]["semantic"]["class_iu"] = [0.7, 0.0, 0.0]
    path.write_text(json.dumps(content), "utf-8")
    html = page(given, metrics=[*given["metrics"][:2], path, *given["metrics"][3:]])
    row = re.search(r'<tr class="collapsed" title="([^"]*)">(.*?)</tr>', html, re.S)
    assert row and "<strong>" not in row[2] and "\N{DOUBLE DAGGER}" in row[2]
    assert row[1] == "Sharp: collapsed; it labels every pixel as one class (seed 0)."
    assert f"\N{DOUBLE DAGGER} {row[1]}" in text(html)


def test_what_holds_for_every_table_is_said_once(html):
    words = text(html)
    for sentence in (
        "Bold: best score.",
        "standard deviation over 2 runs",
        "Here synthetic scenes",
    ):
        assert words.count(sentence) == 1, sentence


def test_the_navigation_has_the_names_of_the_parts(html):
    bar = re.search(r"<nav.*?</nav>", html, re.S)
    assert bar
    expected = "Scorecard 1 Eyes 2 No eyes Colours Reproduce Provenance"
    assert " ".join(text(bar[0]).split()) == expected


def test_a_picture_that_is_none_is_one_line_and_leaves_no_page(given, tmp_path):
    shutil.copy(given["figures"][3], tmp_path)
    (tmp_path / "fig4.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"fig4\.png: expected a picture: "):
        page(given, figures=[tmp_path / "fig4.json"], output=tmp_path / "index.html")
    assert not (tmp_path / "index.html").exists()


def test_provenance_says_what_differs_from_the_base_and_how_to_make_it_again(given, tmp_path):
    content = json.loads(given["metrics"][2].read_text("utf-8"))
    values = content["provenance"]["values"]
    values["recipe"] = {"learning_rate": 1e-12, "momentum": 0.9, "milestones": []}
    path = tmp_path / "0.json"
    path.write_text(json.dumps(content), "utf-8")
    near, sharp, other = NET_TABLE["rows"]
    table = NET_TABLE | {"rows": [near | {"base": "gone"}, sharp | {"base": "near"}, other]}
    metrics = [*given["metrics"][:2], path, *given["metrics"][4:]]
    html = text(page(given, metrics=metrics, tables=[table, BOUND_TABLE]))
    assert "What differs from its base, near" in html
    assert "recipe.learning_rate 1e-10 1e-12 recipe.momentum none 0.9" in html
    assert "data.inputs rgb rgb" not in html
    assert "milestones" not in html  # empty
    assert "The base is not part of this run." in html
    assert f"snakemake {path} --configfile {given['configuration']}" in html
