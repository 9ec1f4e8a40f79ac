"""The arms of a job on groups of the test rows: by label and by further columns."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from harness.collections import make_collection
from synthcur.errors import InputError
from synthcur.exports.html_report import html_report
from synthcur.results import comparison as report
from synthcur.results.by_group import (
    ByGroup,
    by_group,
    by_group_text,
    chosen_column,
    columns_of_test_rows,
)
from synthcur.schema import REAL, SYNTHETIC, Collection
from synthcur.settings import TrainSettings, fingerprint
from synthcur.stats.metrics import mean_interval, paired_difference, wilson_interval
from synthcur.store.spool import Spool
from synthcur.store.store import Store

T = 120
CHANNEL = np.array(["phone"] * 60 + ["mail"] * 50 + ["fax"] * 8 + [None] * 2, dtype=object)
LABELS = ("no", "yes")


@pytest.fixture
def collection() -> Collection:
    """120 test rows of two labels that came by three channels."""
    rows = [(SYNTHETIC, "train", f"made {i}", LABELS[i % 2]) for i in range(8)]
    rows += [(REAL, part, f"{part} {i}", LABELS[i % 2]) for part in ("train", "validation")
             for i in range(4)]  # fmt: skip
    rows += [(REAL, "test", f"test {i}", LABELS[i % 2]) for i in range(T)]
    made = make_collection("asked", rows, LABELS)
    other = len(rows) - T
    columns = {"Channel": [*[None] * other, *CHANNEL], "batch": ["a", "b"] * (len(rows) // 2)}
    return replace(made, provenance=pd.DataFrame(columns))


def said(wrong: np.ndarray) -> np.ndarray:
    """What a run says that has these test rows wrong."""
    return np.where(wrong, 1 - np.arange(T) % 2, np.arange(T) % 2)


def add_job(store: Store, collection: Collection, runs: dict[str, list[np.ndarray]]) -> None:
    """Store a job whose runs, by arm and seed, have some of the test rows wrong."""
    settings = TrainSettings(arms=tuple(runs), seeds=len(next(iter(runs.values())))).to_dict()
    job = store.add_job("train", collection.name, settings=settings, scores={})
    job.folder.mkdir(parents=True)
    spool = Spool(job.folder / "spool.jsonl")
    spool.append("started", pid=1, identity="nobody")
    for arm, seeds in runs.items():
        for seed, wrong in enumerate(seeds):
            name = fingerprint("toy", job.id, arm, seed)
            probs = np.eye(2, dtype=np.float32)[said(wrong)]
            arrays = {"probs": probs, "labels": np.arange(T, dtype=np.int8) % 2}
            store.artefacts.write(name, arrays=arrays)
            spool.append("run_started", arm=arm, seed=seed, steps=200)
            spool.append("run_done", arm=arm, seed=seed, accuracy=float(1 - wrong.mean()),
                         predictions=name, rows=80, learned=0.99)  # fmt: skip
    spool.append("done")
    spool.close()
    store.ingest(job.id)


PLAIN = [np.arange(T) % 4 == seed for seed in range(2)]
BETTER = [PLAIN[seed] & (CHANNEL != "phone") for seed in range(2)]
"""Without a fault by phone."""


@pytest.fixture
def split(fill: Callable[..., Store], collection: Collection) -> Callable[[str], ByGroup]:
    store = fill(collection)
    add_job(store, collection, {"ce": PLAIN, "imp": BETTER})

    def by(column: str) -> ByGroup:
        found = report.results(store, "asked")
        return by_group(store, found, chosen_column(columns_of_test_rows(collection), column))

    return by


def test_every_arm_has_its_share_right_of_each_group_with_an_interval(
    split: Callable[[str], ByGroup],
) -> None:
    found = split("channel")
    assert [(each.name, each.rows) for each in found.groups] == [
        ("phone", 60), ("mail", 50), ("fax", 8), ("not said", 2),
    ]  # fmt: skip
    phone, mail, fax, _ = found.groups
    rows = CHANNEL == "mail"
    labels = np.arange(T) % 2
    told = np.stack([said(each)[rows] for each in PLAIN])
    assert mail.scores["ce"] == mean_interval(told, labels[rows])
    assert phone.scores["imp"].mean == 1.0
    low, high = wilson_interval(60, 60)
    assert (phone.scores["imp"].low, phone.scores["imp"].high) == (low, high)
    assert fax.scores["ce"].low <= wilson_interval(6, 8)[0]


def test_arms_are_compared_on_groups_with_enough_rows_and_all_looks_are_counted(
    split: Callable[[str], ByGroup],
) -> None:
    found = split("Channel")
    phone, mail, fax, unsaid = found.groups
    assert [each.is_small for each in found.groups] == [False, False, True, True]
    assert fax.differences == unsaid.differences == {}
    rows = CHANNEL == "phone"
    first, second = (np.stack([said(each)[rows] for each in runs]) for runs in (BETTER, PLAIN))
    alone = paired_difference(first, second, (np.arange(T) % 2)[rows])
    assert phone.differences["imp"].mean == alone.mean
    assert phone.differences["imp"].p_holm == pytest.approx(min(1, 2 * alone.p_value))
    assert phone.differences["imp"].outcome == "better"
    assert mail.differences["imp"].outcome == "no evidence"
    text = by_group_text(found, T)
    assert "IMP is better than plain training for phone (+25.0 points); after" in text
    assert "after Holm correction over 2 comparisons of arm and group" in text
    assert "too few to compare arms on: fax (8), not said (2)" in text
    assert "4 groups are 4 looks: in 19 of 100 such tables" in text


def test_where_nothing_differs_that_is_said(
    fill: Callable[..., Store], collection: Collection
) -> None:
    store = fill(collection)
    add_job(store, collection, {"ce": PLAIN, "imp": PLAIN[::-1]})
    known = columns_of_test_rows(collection)
    found = by_group(store, report.results(store, "asked"), chosen_column(known, "channel"))
    assert "In no group is an arm better or worse than plain training" in by_group_text(found, T)


def test_labels_come_first_and_a_column_that_is_not_there_is_refused(
    collection: Collection, split: Callable[[str], ByGroup]
) -> None:
    known = columns_of_test_rows(collection)
    assert [each.column for each in known] == ["label", "batch", "Channel"]
    assert [each.name for each in split("LABEL").groups] == list(LABELS)
    with pytest.raises(InputError, match="'label', 'batch', 'Channel'"):
        chosen_column(known, "generator")


def test_more_groups_than_can_be_read_are_taken_together(
    fill: Callable[..., Store], collection: Collection
) -> None:
    other = len(collection.rows) - T
    many = [*[None] * other, *(f"g{i % 40}" for i in range(T))]
    asked = replace(collection, provenance=pd.DataFrame({"shop": many}))
    store = fill(asked)
    add_job(store, asked, {"ce": PLAIN})
    found = by_group(
        store, report.results(store, "asked"), chosen_column(columns_of_test_rows(asked), "shop")
    )
    assert len(found.groups) == 13
    assert found.groups[-1].name == "28 others"
    assert sum(each.rows for each in found.groups) == T


def test_the_report_and_the_command_split_by_a_column(
    fill: Callable[..., Store], collection: Collection, capsys: pytest.CaptureFixture[str]
) -> None:
    from synthcur.__main__ import main

    markup = "<img src=x>"
    told = collection.provenance.replace({"fax": markup})
    asked = replace(collection, provenance=told)
    store = fill(asked)
    add_job(store, asked, {"ce": PLAIN, "imp": BETTER})
    page = html_report(store, "asked")
    assert "By Channel" in page
    assert "&lt;img src=x&gt;" in page
    assert markup not in page
    assert "By batch" not in html_report(store, "asked", by="channel")
    asked_of = ["results", "asked", "--by", "Channel", f"--workspace={store.workspace}"]
    assert main(asked_of) == 0
    assert "By Channel: percent right of 120 test rows" in capsys.readouterr().out
    assert main([*asked_of[:2], "--by", "nothing", asked_of[-1]]) == 2
    assert "no column 'nothing'" in capsys.readouterr().err
