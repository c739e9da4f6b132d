"""The records of PyTorch's ZIP files, each checked against its size and CRC before it is used."""

import mmap
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import torch
from torch import Tensor

from fcnlib.core.errors import DAMAGED, InputError
from fcnlib.core.reading import open_regular

NAME_AND_EXTRA = struct.Struct("<26xHH")  # of a record's header in the file: two lengths
CODE_BYTES = 64 << 20  # of all compressed records: TorchScript compresses its code alone


class Records:
    """The records of an open file by name, without the name of the folder that holds them."""

    def __init__(self, path: Path, file: IO[bytes], archive: zipfile.ZipFile) -> None:
        self.path, self._archive = path, archive
        self._content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        self._infos: dict[str, zipfile.ZipInfo] = {}
        members = archive.infolist()
        for info in members:
            name = info.filename.partition("/")[2]
            if name in self._infos:
                raise InputError(f"{path}: two records {name!r}; expected one (is it damaged?)")
            self._infos[name] = info
        if sum(info.compress_size for info in members) > path.stat().st_size:
            raise InputError(f"{path}: its records overlap; expected each by itself")

    def __contains__(self, name: str) -> bool:
        return name in self._infos

    def names(self) -> list[str]:
        """The records' names."""
        return list(self._infos)

    def size(self, folder: str) -> int:
        """The bytes of all records of a folder such as "data/"."""
        return sum(i.file_size for name, i in self._infos.items() if name.startswith(folder))

    def read(self, name: str, most: int | None = None) -> bytes:
        """A record's bytes; if there are more than `most`, an error before any is read."""
        if most is not None and (size := self._stored(name).file_size) > most:
            raise InputError(
                f"{self.path}: record {name!r} has {size} bytes; expected {most} at most"
            )
        return self.mapped(name).numpy().tobytes()

    def mapped(self, name: str, size: int | None = None) -> Tensor:
        """A record's bytes in the file, uint8 [size]; an error unless there are that many.

        They are gone, and the process with them, when the file is cut off in place.
        """
        info = self._stored(name)
        if size not in (None, info.file_size):
            raise InputError(
                f"{self.path}: record {name!r} has {info.file_size} bytes; expected {size}"
            )
        self._archive.open(info).close()  # raises if its header in the file differs
        begin = info.header_offset
        begin += NAME_AND_EXTRA.size + sum(NAME_AND_EXTRA.unpack_from(self._content, begin))
        with memoryview(self._content) as content:
            if begin + info.file_size > len(content):
                raise EOFError
            if zlib.crc32(content[begin : begin + info.file_size]) != info.CRC:
                raise zipfile.BadZipFile
        if not info.file_size:
            return torch.empty(0, dtype=torch.uint8)
        return torch.frombuffer(
            self._content, dtype=torch.uint8, count=info.file_size, offset=begin
        )

    def check_stored(self) -> None:
        """Raise unless every record is stored as it is, and its CRC is right."""
        for name in self._infos:
            self._stored(name)
        self.check_all()

    def check_all(self) -> None:
        """Raise unless the CRC of every record is right, also of those that are compressed."""
        compressed = [i for i in self._infos.values() if i.compress_type != zipfile.ZIP_STORED]
        if sum(info.file_size for info in compressed) > CODE_BYTES:
            raise InputError(f"{self.path}: its code is of more than {CODE_BYTES} bytes")
        if damaged := self._archive.testzip():
            raise InputError(f"{self.path}: {damaged!r} is damaged (its CRC differs)")

    def _stored(self, name: str) -> zipfile.ZipInfo:
        if name not in self._infos:
            raise InputError(f"{self.path}: lacks the record {name!r}; is it damaged?")
        info = self._infos[name]
        if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
            raise InputError(
                f"{self.path}: record {name!r} is compressed; expected it stored, as PyTorch does"
            )
        return info


@contextmanager
def open_records(path: Path, expected: str) -> Iterator[Records]:
    """The records of a ZIP file; what is wrong with it is one line, which ends in `expected`."""
    try:
        with open_regular(path, expected) as file, zipfile.ZipFile(file) as archive:
            records = Records(path, file, archive)
            if "byteorder" in records and records.read("byteorder") != b"little":
                raise InputError(f"{path}: of a big-endian machine; expected little-endian numbers")
            yield records
    except InputError:
        raise
    except DAMAGED:
        raise InputError(f"{path}: damaged; expected {expected}") from None
