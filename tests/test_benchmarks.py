"""The arithmetic and the table of the benchmarks; what they measure is run by `make bench`."""

import json

import pytest

from benchmarks.table import Row, Target, as_json, median, number, quantile, summary, table

ROW = Row("new digit", "ms", [3, 1, 2], "floor", [1, 1, 4], Target("beyond", 10))


@pytest.mark.parametrize(("values", "middle"), [([5], 5), ([3, 1, 2], 2), ([4, 1, 2, 3], 2.5)])
def test_the_median_is_the_middle_whatever_the_order(values, middle):
    assert median(values) == middle


def test_a_quantile_is_a_value_that_was_measured():
    values = list(range(10, 0, -1))
    assert [quantile(values, share) for share in (0, 0.1, 0.5, 0.9, 1)] == [1, 1, 5, 9, 10]


@pytest.mark.parametrize("statistic", [median, summary])
def test_nothing_measured_is_refused(statistic):
    with pytest.raises(ValueError, match="nothing was measured"):
        statistic([])


@pytest.mark.parametrize(
    ("target", "just_met", "just_missed"),
    [
        (Target("most", 2), (2, None), (2.1, None)),
        (Target("least", 30), (30, None), (29.9, None)),
        (Target("beyond", 10), (26, 16), (26.1, 16)),
        (Target("faster", 20), (5, 100), (5.1, 100)),
        (Target("share", 1.25), (5, 4), (5.1, 4)),
    ],
)
def test_a_target_is_met_up_to_its_limit(target, just_met, just_missed):
    assert row_of(target, *just_met).met
    assert not row_of(target, *just_missed).met


def row_of(target, ours, other):
    return Row("a thing", "ms", [ours], "another", [] if other is None else [other], target)


def test_a_target_that_compares_needs_something_to_compare():
    with pytest.raises(ValueError, match="nothing to compare"):
        _ = row_of(Target("faster", 20), 1, None).met


def test_a_row_has_its_ratio_and_whether_its_target_is_met():
    assert (ROW.ratio, ROW.met) == (1, True)
    assert Row("a round each", "ms", [1, 9, 40], "floor", [2, 3, 20]).ratio == 2
    assert Row("not in rounds", "ms", [1, 9, 40], "floor", [3]).ratio == 3
    alone = Row("import", "s", [0.1])
    assert (alone.ratio, alone.met) == (None, None)


def test_the_table_has_a_line_a_row_with_columns_of_one_width():
    slow = Row("import", "s", [0.5], target=Target("most", 0.3))
    lines = table([ROW, slow]).splitlines()
    assert len({len(line) for line in lines}) == 1
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert cells[2] == ["new digit", "2 ms", "1–3", "floor 1", "1×", "≤ + 10 ms", "yes"]
    assert cells[3] == ["import", "0.5 s", "0.5–0.5", "", "", "≤ 0.3 s", "NO"]


def test_the_json_has_every_sample():
    found = json.loads(as_json([ROW], cores=2))
    assert found["cores"] == 2
    (row,) = found["rows"]
    assert row["ours"] == {"median": 2, "p10": 1, "p90": 3, "samples": [3, 1, 2]}
    assert row["other"]["samples"] == [1, 1, 4]
    assert (row["ratio"], row["target"], row["met"]) == (1, "≤ + 10 ms", True)


@pytest.mark.parametrize(
    ("value", "text"), [(0.0123, "0.0123"), (28.64, "28.6"), (584.4, "584"), (7575, "7,575")]
)
def test_numbers_are_short(value, text):
    assert number(value) == text
