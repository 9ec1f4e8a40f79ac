"""The spool gives every whole record exactly once, torn lines or not."""

import json
import math

import numpy as np

from synthcur.store.spool import Spool, read_spool


def test_records_come_back_in_order_and_only_once(tmp_path):
    path = tmp_path / "spool.jsonl"
    spool = Spool(path)
    spool.append("metric", step=1, loss=np.float32(0.5))
    records, offset = read_spool(path, 0)
    assert [(r["t"], r["step"], r["loss"]) for r in records] == [("metric", 1, 0.5)]
    spool.append("metric", step=2)
    records, offset = read_spool(path, offset)
    assert [r["step"] for r in records] == [2]
    assert read_spool(path, offset) == ([], offset)


def test_a_torn_last_line_waits_until_it_is_whole(tmp_path):
    path = tmp_path / "spool.jsonl"
    whole = json.dumps({"t": "metric", "at": 0, "step": 1}) + "\n"
    path.write_text(whole + whole[:9])
    records, offset = read_spool(path, 0)
    assert len(records) == 1
    assert offset == len(whole)
    path.write_text(whole + whole)
    assert len(read_spool(path, offset)[0]) == 1


def test_a_line_torn_for_good_costs_only_itself(tmp_path):
    path = tmp_path / "spool.jsonl"
    path.write_text('{"t": "metric", "st')
    spool = Spool(path)
    spool.append("done")
    records, _ = read_spool(path, 0)
    assert [r["t"] for r in records] == ["done"]


def test_numbers_json_cannot_hold_and_lone_surrogates_do_not_break_a_line(tmp_path):
    path = tmp_path / "spool.jsonl"
    Spool(path).append("metric", loss=math.nan, ess=[math.inf, 1.0], text="\ud800\n")
    (record,), _ = read_spool(path, 0)
    assert record["loss"] is None
    assert record["ess"] == [None, 1.0]
    assert record["text"] == "\ud800\n"


def test_a_spool_that_is_not_there_yet_is_empty(tmp_path):
    assert read_spool(tmp_path / "none", 0) == ([], 0)
