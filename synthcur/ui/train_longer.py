"""The press that trains on: the arms that were not trained to the end, with more steps."""

from collections.abc import Collection

import streamlit as st

from synthcur.jobs import job_queue
from synthcur.jobs.longer import TIMES, train_longer
from synthcur.store.records import Job
from synthcur.ui import resources, session


def button(job: Job, undertrained: Collection[str], *, baseline: str, is_primary: bool) -> None:
    """Offer to train these arms of a job that has ended longer; go and watch it once pressed."""
    pressed = st.button(
        "Train longer",
        type="primary" if is_primary else "secondary",
        icon=":material/more_time:",
        key=f"train_longer_{job.id}",
        help="Queues the arms that were not trained to the end, and the one they are compared "
        f"with, for {TIMES} times as many steps. All else is as in this run, on the rows and "
        "decisions as they stand now.",
    )
    if pressed:
        runs = resources.store().runs(job.id)
        settings = train_longer(job, runs, undertrained, baseline=baseline)
        job_queue.submit_train(session.writing(), job.collection, session.allowed(settings))
        st.switch_page("pages/train.py")
