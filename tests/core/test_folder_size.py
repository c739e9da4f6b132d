"""How much of a disk files take."""

from pathlib import Path

from fcnlib.core.folder_size import bytes_of


def test_a_folder_takes_what_all_its_files_take_and_what_is_not_there_nothing(
    tmp_path: Path,
) -> None:
    (tmp_path / "within/deeper").mkdir(parents=True)
    (tmp_path / "a").write_bytes(bytes(3))
    (tmp_path / "within/deeper/b").write_bytes(bytes(5))
    (tmp_path / "within/gone").symlink_to("no-such")
    assert bytes_of(tmp_path) == 8
    assert bytes_of(tmp_path / "a") == 3
    assert bytes_of(tmp_path / "no-such") == bytes_of(tmp_path / "within/gone") == 0
