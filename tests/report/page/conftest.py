"""A finished run, its page, and a browser to open it in."""

import pytest
from fixtures.browser import Visit
from fixtures.page import finished_run

from fcnlib.report.page.page import PageInputs, write_page


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> dict:
    return finished_run(tmp_path_factory.mktemp("page"))


@pytest.fixture(scope="session")
def address(finished) -> str:
    write_page(PageInputs(**finished))
    (finished["output"].parent / "report.html").write_text(
        "<!doctype html><title>report</title>", "utf-8"
    )
    return finished["output"].as_uri()


@pytest.fixture
def visit(browser, address):
    opened = []

    def open_page(**options) -> Visit:
        opened.append(Visit(browser, address, **options))
        return opened[-1]

    yield open_page
    for visit in opened:
        visit.context.close()
