"""What the page's styles and scripts keep to, so that its parts do not get in each other's way."""

import re

import pytest

from fcnlib.report.page.environment import TEMPLATES

ROOTS = {
    "browser": ".browser",
    "confusion": ".confusion",
    "drawer": "#drawer",
    "chance": ".chance",
    "explore": ".explore",
}


def outermost(css: str) -> list[str]:
    """What stands before the outermost braces."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.S)
    found, depth, start = [], 0, 0
    for sign in re.finditer(r"[{}]", css):
        if sign[0] == "{" and not depth:
            found.append(css[start : sign.start()].strip())
        depth += 1 if sign[0] == "{" else -1
        if not depth:
            start = sign.end()
    return found


@pytest.mark.parametrize("part", ROOTS)
def test_the_styles_of_a_part_stay_within_it(part):
    assert set(outermost((TEMPLATES / f"{part}.css").read_text("utf-8"))) == {ROOTS[part]}


def test_every_file_is_in_the_page():
    used = "".join((TEMPLATES / name).read_text("utf-8") for name in INCLUDING)
    files = [path.name for path in TEMPLATES.iterdir() if path.suffix in (".css", ".js")]
    assert [name for name in files if f'"{name}"' not in used] == []


INCLUDING = ("index.html.j2", "styles.html.j2")


def test_every_key_of_the_address_is_listed():
    scripts = [path.read_text("utf-8") for path in sorted(TEMPLATES.glob("*.js"))]
    calls = re.findall(r"pageState\.(?:on|set)\(([^\s,)]+)", "\n".join(scripts))
    keys = re.findall(r"const key = (`\w[^`]+`)", "\n".join(scripts))
    used = {re.match(r"[`\"](\w+)", key)[1] for key in [*calls, *keys] if key != "key"}
    listing = (TEMPLATES / "state.js").read_text("utf-8").partition("The keys")[2]
    listed = re.findall(r"^//   (\w+)(?:\.\w+)?(?:, (\w+))?  ", listing, re.M)
    assert {name for names in listed for name in names if name} == used
