"""An hour at the bench in seconds: hundreds of decisions in a row, each kept, once and in order."""

from benchmarks import review as benchmark
from harness.collections import add_scores
from tests.browser.review_driver import open_review


def test_300_decisions_in_a_row_are_300_rows_in_the_order_of_the_screen(page, demo_server):
    store = benchmark.open_store(demo_server.workspace)
    collection = benchmark.invented(benchmark.ROWS)
    store.add_collection(collection)
    add_scores(store, collection)
    open_review(page, demo_server, collection.name)
    found = benchmark.measure(page, store, presses=300, every_ms=80)
    store.close()
    assert found["burst_rows"] == "10 of 10"
    assert (found["rows"], found["samples"]) == (300, 300)
    assert found["in_order"]


def test_the_benchmark_names_what_is_wrong():
    fine = {
        **{"presses": 300, "rows": 300, "samples": 300, "in_order": True, "waited": 0},
        **{"burst_rows": "10 of 10", "p50_ms": 7.0, "p95_ms": 20.0},
    }
    assert benchmark.faults(fine) == []
    spoilt = {
        **{"rows": 299, "samples": 298, "in_order": False, "waited": 1},
        **{"burst_rows": "9 of 10", "p50_ms": 31.0, "p95_ms": 101.0},
    }
    for name, value in spoilt.items():
        (fault,) = benchmark.faults(fine | {name: value})
        assert fault.startswith(name)
