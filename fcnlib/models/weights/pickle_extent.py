"""How much a pickle makes, found before anything is made of it.

A few bytes can make a pair of one pair twice, that of another pair twice, and so on. As a key of a
dict it is hashed, which takes for ever; hashing 100,000 nested tuples ends the process.
"""

import pickletools
from dataclasses import dataclass

MAX_VALUES = 1_000_000  # plain values, each counted as often as it is referred to
MAX_DEPTH = 50
MAX_BITS = 4096  # of a whole number: Python refuses to print those of over 4300 digits
TEXT_VALUE = 16  # characters or bytes that count as one more value
MARK = pickletools.markobject


@dataclass(slots=True)
class _Made:
    """A value that a pickle makes: how many values are in it, how deep, and its class if known."""

    values: int = 1
    depth: int = 0
    name: str = ""


class PickleExtent:
    """Follows a pickle's operations; a ValueError once they make more than files of tensors do."""

    def __init__(self) -> None:
        self._stack: list[_Made | None] = []  # None: a mark
        self._memo: dict[int, _Made] = {}

    def follow(self, code: pickletools.OpcodeInfo, argument: object) -> None:
        """Take one operation, as `pickletools.genops` gives it."""
        if code.name in ("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"):
            self._memo[len(self._memo) if argument is None else _index(argument)] = self._top()
        elif code.name in ("GET", "BINGET", "LONG_BINGET"):
            self._stack.append(self._memo[_index(argument)])
        else:
            self._replace(code, argument)

    def _replace(self, code: pickletools.OpcodeInfo, argument: object) -> None:
        """Take values from the stack, and put there what is made of them."""
        taken = self._take(code)
        if code.name == "BUILD" and taken[0].name != "collections OrderedDict":
            raise ValueError  # of a tensor, it would allocate the size that is declared
        made = _Made(
            sum(each.values for each in taken) + plain_size(argument),
            max((each.depth for each in taken), default=-1) + 1,
            str(argument) if code.name == "GLOBAL" else taken[0].name if taken else "",
        )
        if made.values > MAX_VALUES or made.depth > 2 * MAX_DEPTH:
            raise ValueError
        for kind in code.stack_after:
            self._stack.append(None if kind is MARK else made)

    def _take(self, code: pickletools.OpcodeInfo) -> list[_Made]:
        """The values that an operation takes from the stack, the lowest first."""
        before, taken = list(code.stack_before), []
        if MARK in before:
            while (top := self._stack.pop()) is not None:
                taken.append(top)
            before = before[: before.index(MARK)]
        taken += [self._top(pop=True) for _ in before]
        return taken[::-1]

    def _top(self, *, pop: bool = False) -> _Made:
        top = self._stack.pop() if pop else self._stack[-1]
        if top is None:
            raise ValueError
        return top


def plain_size(value: object) -> int:
    """How many values a plain one counts as; a ValueError for a whole number that is too long."""
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        raise ValueError
    return 1 + len(value) // TEXT_VALUE if isinstance(value, str | bytes) else 1


def _index(argument: object) -> int:
    assert isinstance(argument, int)
    return argument
