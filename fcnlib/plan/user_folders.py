"""A user's own folders, read before a run."""

from pathlib import Path

from fcnlib.config.schema_data import FolderDataset
from fcnlib.plan.targets import Targets


def require_readable(targets: Targets, dataset: str) -> None:
    """Raise unless a data set's own folder is as `fcn check` wants it, or is prepared already."""
    entry = targets.config.datasets[dataset]
    is_new = not Path(targets.paths.dataset(dataset)).exists()
    if isinstance(entry, FolderDataset) and is_new:
        # Imported here, as NumPy would slow the start of every job's Snakemake.
        from fcnlib.datasets.converters.folder import read_folder

        read_folder(entry)
