"""Comparisons of named numbers, as people write them: `a > b > c and a - b > 5`."""

import ast
import math
import operator
import sys
from collections.abc import Callable, Mapping
from typing import NamedTuple

OPERATORS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: math.pow,  # an error where ** of floats would be a complex number
}
FUNCTIONS: Mapping[str, Callable[..., float]] = {"abs": abs, "min": min, "max": max}
LARGER = (ast.Gt, ast.GtE)
COMPARED = (*LARGER, ast.Lt, ast.LtE)
SIGNS = {
    "*": "\N{MULTIPLICATION SIGN}",
    "-": "\N{MINUS SIGN}",
    ">=": "\N{GREATER-THAN OR EQUAL TO}",
    "<=": "\N{LESS-THAN OR EQUAL TO}",
}
FINITE = sys.float_info.max
LONGEST, DEEPEST = 500, 30  # characters, and terms within terms


class Comparison(NamedTuple):
    """One of the comparisons that a predicate joins by `and`."""

    text: str
    larger: ast.expr  # what should be the larger one
    smaller: ast.expr
    or_equal: bool

    def margin(self, values: Mapping[str, float]) -> float:
        """By how much it holds; negative where it does not."""
        return _value(self.larger, values) - _value(self.smaller, values)

    def holds(self, values: Mapping[str, float]) -> bool:
        margin = self.margin(values)
        return margin >= 0 if self.or_equal else margin > 0

    def names(self) -> set[str]:
        """The numbers that it reads."""
        nodes = [*ast.walk(self.larger), *ast.walk(self.smaller)]
        names = {node.id for node in nodes if isinstance(node, ast.Name)}
        return names - FUNCTIONS.keys()

    def with_numbers(self, numbers: Mapping[str, str]) -> str:
        """Its text with numbers in the place of their names, as typeset: 56.7 > 63.8 + 1."""
        text = ast.unparse(_Named(numbers).visit(ast.parse(self.text, mode="eval")))
        for sign, typeset in SIGNS.items():
            text = text.replace(f" {sign} ", f" {typeset} ")
        return text


class _Named(ast.NodeTransformer):
    """Writes texts in the place of names."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = texts

    def visit_Name(self, node: ast.Name) -> ast.Name:
        is_function = node.id in FUNCTIONS
        return node if is_function else ast.Name(self.texts.get(node.id, node.id))


def parse(text: str) -> tuple[Comparison, ...]:
    """The comparisons of a predicate; a ValueError names what is not allowed in it."""
    if len(text) > LONGEST:
        raise ValueError(f"{len(text)} characters; expected at most {LONGEST}")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"does not parse: {' '.join(str(error).split())}") from None
    _check_depth(tree)
    joined = isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And)
    parts = tree.values if joined else [tree]  # type: ignore[attr-defined]
    return tuple(comparison for part in parts for comparison in _comparisons(part))


def _check_depth(tree: ast.expr) -> None:
    """Raise if terms are nested too deeply for the recursive functions below."""
    level: list[ast.AST] = [tree]
    for _ in range(DEEPEST):
        level = [part for node in level for part in ast.iter_child_nodes(node)]
    if level:
        raise ValueError(f"nested too deeply; expected at most {DEEPEST} terms within terms")


def _comparisons(node: ast.expr) -> list[Comparison]:
    if not isinstance(node, ast.Compare):
        raise ValueError(f"`{ast.unparse(node)}` is no comparison; expected < <= > or >=")
    found = []
    sides = [node.left, *node.comparators]
    for left, sign, right in zip(sides, node.ops, sides[1:], strict=False):
        if not isinstance(sign, COMPARED):
            raise ValueError(f"`{ast.unparse(node)}`: expected < <= > or >= to compare by")
        _check(left)
        _check(right)
        text = ast.unparse(ast.Compare(left, [sign], [right]))
        pair = (left, right) if isinstance(sign, LARGER) else (right, left)
        found.append(Comparison(text, *pair, isinstance(sign, ast.GtE | ast.LtE)))
    return found


def _check(node: ast.expr) -> None:
    """Only numbers, names, + - * / ** and the functions above; an error names what is not."""
    match node:
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            parts = [left, right]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            parts = [operand]
        case ast.Call(func=ast.Name(id=name), args=[_, *_], keywords=[]) if name in FUNCTIONS:
            parts = node.args
        case ast.Name(id=name) if name not in FUNCTIONS:
            parts = []
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            if not -FINITE <= value <= FINITE:
                raise ValueError(f"`{ast.unparse(node)}`: expected a finite number")
            parts = []
        case _:
            allowed = f"numbers, names, + - * / ** and {', '.join(FUNCTIONS)}"
            raise ValueError(f"`{ast.unparse(node)}`: expected {allowed}")
    for part in parts:
        _check(part)


def _value(node: ast.expr, values: Mapping[str, float]) -> float:
    match node:
        case ast.Name(id=name):
            return values[name]
        case ast.BinOp(left=left, op=op, right=right):
            return OPERATORS[type(op)](_value(left, values), _value(right, values))
        case ast.UnaryOp(operand=operand):
            return -_value(operand, values)
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return FUNCTIONS[name](*(_value(argument, values) for argument in arguments))
        case ast.Constant(value=int() | float() as value):
            return float(value)
    raise AssertionError(ast.dump(node))  # _check let it pass


def standard_errors(
    comparison: Comparison, values: Mapping[str, float], errors: Mapping[str, float]
) -> float | None:
    """How many standard errors of its margin a comparison is from turning over.

    `errors` are the standard errors of the numbers, taken as independent of each other; None
    where none of those that the comparison reads has one, or the margin is not finite.
    """
    margin = comparison.margin(values)
    if not math.isfinite(margin):
        return None
    squares = 0.0
    for name in comparison.names() & errors.keys():
        step = 1e-4 * errors[name]
        if step:
            moved = comparison.margin({**values, name: values[name] + step}) - margin
            squares += (moved / step * errors[name]) ** 2
    return abs(margin) / math.sqrt(squares) if squares else None
