"""The life of a job: what may follow what, and that nothing else is ever stored."""

import ast
import subprocess
import sys
import textwrap
import threading
from contextlib import closing
from itertools import product
from pathlib import Path

import pytest

from harness.house import modules, tree
from synthcur.errors import ConflictError
from synthcur.schema import Collection
from synthcur.store.job_kinds import KINDS, JobKind, Lane
from synthcur.store.job_states import (
    FINISHED,
    MOVES,
    OPEN,
    RESUMABLE,
    JobState,
    RunState,
    sources,
)
from synthcur.store.records import Job, Run
from synthcur.store.spool import Spool
from synthcur.store.store import Store

PAIRS = list(product(JobState, JobState))
ALLOWED = [(state, to) for state, to in PAIRS if to in MOVES[state]]
FORBIDDEN = [(state, to) for state, to in PAIRS if to not in MOVES[state]]
TOLD = {
    "started": JobState.RUNNING,
    "done": JobState.DONE,
    "failed": JobState.FAILED,
    "cancelled": JobState.CANCELLED,
}
"""What each word of a worker says of its job."""


@pytest.fixture
def opened(tmp_path: Path, small_collection: Collection):
    store = Store(tmp_path / "ws")
    store.add_collection(small_collection)
    yield store
    store.close()


def way_to(state: JobState) -> list[JobState]:
    """Return the shortest way from a queued job to a state."""
    ways = [[JobState.QUEUED]]
    while ways[0][-1] != state:
        way = ways.pop(0)
        ways += [[*way, each] for each in JobState if each in MOVES[way[-1]] and each not in way]
    return ways[0][1:]


def job_in(store: Store, state: JobState) -> Job:
    """Queue a job with one run that goes on, and bring it to a state."""
    job = store.add_job("train", "small", settings={"arms": ["ce"]}, scores={}, request=str(state))
    job.folder.mkdir(parents=True)
    with closing(Spool(job.folder / "spool.jsonl")) as spool:
        spool.append("run_started", arm="ce", seed=0, steps=1)
    store.ingest(job.id)
    for each in way_to(state):
        assert store.move_job(job.id, each)
    assert store.job(job.id).status == state
    return store.job(job.id)


def stored(store: Store, job: Job) -> tuple[Job, list[Run]]:
    return store.job(job.id), store.runs(job.id)


def test_every_state_is_either_open_or_finished_and_can_be_reached():
    assert {*OPEN, *FINISHED} == set(JobState) == set(MOVES)
    assert not {*OPEN} & {*FINISHED}
    for state in JobState:
        assert len(way_to(state)) <= 3
        assert all(state in MOVES[each] for each in sources(state))


@pytest.mark.parametrize(("state", "to"), ALLOWED)
def test_an_allowed_move_is_made_unless_the_job_is_not_what_the_caller_takes_it_for(
    opened: Store, state: JobState, to: JobState
):
    job = job_in(opened, state)
    before = stored(opened, job)
    others = [each for each in JobState if each != state]
    assert not opened.move_job(job.id, to, only_from=others, what="So.")
    assert stored(opened, job) == before
    assert opened.move_job(job.id, to, only_from=(state,), what="So.", fix="Do.")
    after, (run,) = stored(opened, job)
    assert (after.status, after.what, after.fix) == (to, "So.", "Do.")
    assert (after.ended_at is None) == (to in OPEN)
    assert (run.status == RunState.STOPPED) == (to in FINISHED or state in FINISHED)


@pytest.mark.parametrize(("state", "to"), FORBIDDEN)
def test_a_forbidden_move_is_refused_and_changes_nothing(
    opened: Store, state: JobState, to: JobState
):
    job = job_in(opened, state)
    before = stored(opened, job)
    words = f"Job 1 is {state} and cannot become {to}"
    for expected in ({}, {"only_from": (state,)}):
        with pytest.raises(ConflictError, match=words):
            opened.move_job(job.id, to, **expected, what="So.")
    assert stored(opened, job) == before


@pytest.mark.parametrize(("state", "to"), ALLOWED)
def test_of_two_that_make_the_same_move_one_makes_it(opened: Store, state: JobState, to: JobState):
    job = job_in(opened, state)
    other, gate, made = Store(opened.workspace), threading.Barrier(2), []

    def move(store: Store) -> None:
        gate.wait()
        made.append(store.move_job(job.id, to, only_from=(state,)))

    threads = [threading.Thread(target=move, args=(store,)) for store in (opened, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    assert sorted(made) == [False, True]
    assert opened.job(job.id).status == to


def test_of_two_processes_that_start_what_waits_each_job_goes_to_one(opened: Store):
    jobs = [opened.add_job("train", "small", settings={}, scores={}).id for _ in range(20)]
    code = textwrap.dedent(
        f"""
        import sys
        from synthcur.store.store import Store
        store = Store({str(opened.workspace)!r})
        print("ready", flush=True)
        sys.stdin.readline()
        for job in {jobs!r}:
            if store.claim_job(job, places={len(jobs)}):
                print(job)
        """
    )
    both = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for each in both:
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n"
    for each in both:
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.flush()
    claimed = [line for each in both for line in each.communicate()[0].split()]
    assert sorted(claimed) == sorted(jobs)
    assert {opened.job(job).status for job in jobs} == {JobState.STARTING}
    assert len({opened.job(job).place for job in jobs}) == len(jobs)


@pytest.mark.parametrize("state", JobState)
def test_only_what_waits_is_claimed(opened: Store, state: JobState):
    job = job_in(opened, state)
    before = stored(opened, job)
    assert opened.claim_job(job.id) == (state == JobState.QUEUED)
    assert state == JobState.QUEUED or stored(opened, job) == before


@pytest.mark.parametrize("state", JobState)
def test_only_what_can_go_on_waits_again(opened: Store, state: JobState):
    job = job_in(opened, state)
    opened.set_worker(job.id, pid=4_000_000, identity="x")
    before = stored(opened, job)
    if state in RESUMABLE:
        opened.requeue_job(job.id)
        after = opened.job(job.id)
        assert (after.status, after.pid, after.identity) == (JobState.QUEUED, None, "")
    else:
        with pytest.raises(ConflictError, match=f"Job 1 is {state}"):
            opened.requeue_job(job.id)
        assert stored(opened, job) == before


def test_a_job_does_not_wait_again_while_the_same_work_waits(opened: Store):
    job = job_in(opened, JobState.FAILED)
    again = opened.add_job("train", "small", settings={}, scores={}, request="failed")
    assert again.id != job.id
    before = stored(opened, job)
    with pytest.raises(ConflictError, match="job 1 does waits or runs already"):
        opened.requeue_job(job.id)
    assert stored(opened, job) == before


@pytest.mark.parametrize("word", TOLD)
@pytest.mark.parametrize("state", JobState)
def test_the_words_of_a_worker_count_where_the_table_has_room_for_them(
    opened: Store, state: JobState, word: str
):
    job = job_in(opened, state)
    with closing(Spool(job.folder / "spool.jsonl")) as spool:
        spool.append(word, **({"pid": 1, "identity": "x"} if word == "started" else {}))
    opened.ingest(job.id)
    to = TOLD[word]
    assert opened.job(job.id).status == (to if to in MOVES[state] else state)


def test_a_job_of_an_unknown_kind_is_not_stored(opened: Store):
    with pytest.raises(ValueError, match="'bake' is not a valid JobKind"):
        opened.add_job("bake", "small", settings={}, scores={})
    assert opened.jobs() == []


def test_jobs_are_listed_by_collection_and_kind(opened: Store):
    for kind in JobKind:
        opened.add_job(kind, "small", settings={}, scores={})
    assert [job.kind for job in opened.jobs()] == list(reversed(JobKind))
    for kind in JobKind:
        assert [job.kind for job in opened.jobs("small", kind)] == [kind]
        assert [job.kind for job in opened.jobs(kind=kind)] == [kind]
        assert opened.jobs("another", kind) == []


def test_each_kind_says_where_it_waits_and_what_has_finished():
    assert set(KINDS) == set(JobKind)
    lanes = {
        (kind, checkers): KINDS[kind].lane({"checkers": checkers})
        for kind in JobKind
        for checkers in ("probe", "finetune", "average")
    }
    assert [at for at, lane in lanes.items() if lane == Lane.SHORT] == [(JobKind.SCORE, "probe")]
    settings = {"arms": ["ce", "of a later release", "imp"]}
    said = {kind: KINDS[kind].finished for kind in JobKind}
    words = {kind: each(7, settings) for kind, each in said.items() if each is not None}
    assert words == {
        JobKind.TRAIN: "Run 7 finished: Plain (synthetic only), IMP, P′/Q",
        JobKind.LEARNING_CURVE: "Learning curve 7 finished",
    }


def test_states_and_kinds_are_nowhere_compared_with_their_bare_words():
    words = {*JobState, *RunState, *JobKind}
    found = [
        f"{module.name}:{node.lineno}"
        for module in modules()
        for node in ast.walk(tree(module.path))
        if isinstance(node, ast.Compare)
        and getattr(node.left, "attr", "") in ("status", "kind")
        and words & set(constants(node))
    ]
    assert not found


def constants(node: ast.Compare) -> list[object]:
    parts = [part for each in node.comparators for part in ast.walk(each)]
    return [part.value for part in parts if isinstance(part, ast.Constant)]
