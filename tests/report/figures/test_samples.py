"""Images chosen between worst and best."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from fcnlib.report.figures.samples import at_even_steps


@given(st.dictionaries(st.text(), st.floats(0, 100), min_size=1), st.integers(2, 9))
def test_even_steps_go_from_the_worst_to_the_best_and_show_no_image_twice(scores, count):
    found = at_even_steps(scores, count)
    ranks, names = zip(*found, strict=True)
    assert len(set(names)) == len(names) == min(count, len(scores))
    assert [scores[name] for name in names] == sorted(scores[name] for name in names)
    assert (ranks[0], ranks[-1]) == (1, len(scores))
    steps = [b - a for a, b in pairwise(ranks)]
    assert not steps or max(steps) - min(steps) <= 1
