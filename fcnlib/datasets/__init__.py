"""Data sets: every one becomes the same prepared folder, which one reader reads."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from fcnlib.config import ArchiveDataset, FolderDataset
from fcnlib.datasets.folder import convert_folder
from fcnlib.datasets.voc import convert_voc, convert_voc_sbd
