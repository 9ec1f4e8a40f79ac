"""Which seed's model of an arm is kept."""

from synthcur.runs import _finished, _is_best, _Judged
from synthcur.spool import Spool


def test_the_seed_with_the_lowest_log_loss_is_kept():
    first = _Judged(val_accuracy=0.9, val_log_loss=0.5)
    assert _is_best(first, [])
    assert _is_best(_Judged(val_accuracy=0.8, val_log_loss=0.4), [first])
    assert not _is_best(_Judged(val_accuracy=1.0, val_log_loss=0.6), [first])
    assert not _is_best(first, [first]), "of equals the earlier one"


def test_accuracy_chooses_where_an_earlier_run_tells_no_log_loss():
    old = _Judged(val_accuracy=0.9, val_log_loss=None)
    lower = _Judged(val_accuracy=0.8, val_log_loss=0.1)
    assert not _is_best(lower, [old])
    assert _is_best(_Judged(val_accuracy=0.95, val_log_loss=0.7), [old, lower])


def test_a_job_that_goes_on_reads_what_its_runs_have_reached(tmp_path):
    spool = Spool(tmp_path / "spool.jsonl")
    spool.append("run_done", arm="ce", seed=0, val_accuracy=0.9)
    spool.append("run_done", arm="ce", seed=1, val_accuracy=0.8, val_log_loss=0.4)
    spool.close()
    assert _finished(tmp_path) == {
        ("ce", 0): _Judged(val_accuracy=0.9, val_log_loss=None),
        ("ce", 1): _Judged(val_accuracy=0.8, val_log_loss=0.4),
    }
