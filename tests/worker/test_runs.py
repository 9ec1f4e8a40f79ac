"""Which seed's model of an arm is kept."""

from synthcur.store.spool import Spool
from synthcur.worker.run_results import Reached, is_best
from synthcur.worker.runs import _finished


def test_the_seed_with_the_lowest_log_loss_is_kept():
    first = Reached(val_accuracy=0.9, val_log_loss=0.5)
    assert is_best(first, [])
    assert is_best(Reached(val_accuracy=0.8, val_log_loss=0.4), [first])
    assert not is_best(Reached(val_accuracy=1.0, val_log_loss=0.6), [first])
    assert not is_best(first, [first]), "of equals the earlier one"


def test_accuracy_chooses_where_an_earlier_run_tells_no_log_loss():
    old = Reached(val_accuracy=0.9, val_log_loss=None)
    lower = Reached(val_accuracy=0.8, val_log_loss=0.1)
    assert not is_best(lower, [old])
    assert is_best(Reached(val_accuracy=0.95, val_log_loss=0.7), [old, lower])


def test_a_job_that_goes_on_reads_what_its_runs_have_reached(tmp_path):
    spool = Spool(tmp_path / "spool.jsonl")
    spool.append("run_done", arm="ce", seed=0, val_accuracy=0.9)
    spool.append("run_done", arm="ce", seed=1, val_accuracy=0.8, val_log_loss=0.4)
    spool.close()
    assert _finished(tmp_path) == {
        ("ce", 0): Reached(val_accuracy=0.9, val_log_loss=None),
        ("ce", 1): Reached(val_accuracy=0.8, val_log_loss=0.4),
    }
