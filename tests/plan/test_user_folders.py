"""A user's own folders, before a run."""

from pathlib import Path
from typing import Any

import pytest
from fixtures.own_files import own

from fcnlib.config.load import load_config
from fcnlib.core.errors import InputError
from fcnlib.plan.targets import Targets
from fcnlib.plan.user_folders import require_readable


def test_a_folder_is_read_until_it_is_prepared(
    raw_config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    raw_config["datasets"]["mine"] = {"converter": "folder", "path": "mine"}
    targets = Targets(load_config(raw_config))
    with pytest.raises(InputError, match="mine"):
        require_readable(targets, "mine")
    own(tmp_path / "mine", images=10)
    require_readable(targets, "mine")
    (tmp_path / "mine/classes.txt").write_text("", "utf-8")
    with pytest.raises(InputError, match=r"classes\.txt"):
        require_readable(targets, "mine")
    prepared = Path(targets.paths.dataset("mine"))
    prepared.parent.mkdir(parents=True)
    prepared.touch()
    require_readable(targets, "mine")
