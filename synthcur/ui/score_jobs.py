"""The scoring job of a collection as pages show it: followed, cancelled, why it failed."""

import streamlit as st

from synthcur.jobs import job_queue
from synthcur.store.job_kinds import JobKind
from synthcur.store.records import Job
from synthcur.ui import parts, resources
from synthcur.ui.session import page, writing


def say_failure(name: str) -> None:
    """Say what went wrong if the latest scoring of a collection failed."""
    last = next(iter(resources.store().jobs(name, JobKind.SCORE)), None)
    if last is not None and last.has_failed:
        lines = [parts.plain(line, limit=2000) for line in (last.what, last.fix) if line]
        st.error("  \n".join(lines))


def active(name: str) -> Job | None:
    """Return the active scoring job of a collection, if there is one."""
    found = resources.store().jobs(name, JobKind.SCORE)
    return next((job for job in found if job.is_active), None)


@st.fragment(run_every=1)
def watch(name: str) -> None:
    """Follow the active scoring job; run the page again when it has ended."""
    with page():
        job = active(name)
        if job is None:
            st.rerun()
            return
        parts.job_progress(job)
        if st.button("Cancel scoring", icon=":material/cancel:", key="cancel_scoring"):
            job_queue.cancel(writing(), job.id)
