"""Clusters of the Curate page: what they are called, renaming them, selecting their rows.

A name is a stranger's words: it is shown in fields and on the map, never as Markdown.
"""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from synthcur.checkers.clusters import title
from synthcur.errors import InputError
from synthcur.store.cluster_names import CLUSTER_NAME_LENGTH
from synthcur.store.records import Scores
from synthcur.ui import parts, resources
from synthcur.ui.session import actor, session, writing

WIDTH, HEIGHT = 520, 420
"""Pixels of the list of clusters; a longer one is scrolled."""

_MENU = "curate_clusters"
_REFUSED = "curate_cluster_refused"


@dataclass(frozen=True)
class Naming:
    """What the clusters of a collection are called.

    Attributes
    ----------
    clusters
        Name of the artefact that holds them.
    titles
        Their words, until somebody names them, (C,).
    given
        What people called them, by cluster.
    """

    clusters: str
    titles: tuple[str, ...]
    given: dict[int, str]

    @property
    def names(self) -> tuple[str, ...]:
        """What each is called now, (C,)."""
        return tuple(self.given.get(i, words) for i, words in enumerate(self.titles))


def naming(name: str, scores: Scores) -> Naming | None:
    """Return what the clusters are called at this moment; None where rows are not clustered."""
    known = scores.artefacts.get("clusters")
    if known is None:
        return None
    store = resources.store()
    terms = store.artefacts.meta(known)["terms"]
    titles = tuple(title(each, number) for number, each in enumerate(terms))
    return Naming(known, titles, store.cluster_names.given(name, known))


def menu(name: str, scores: Scores) -> None:
    """Offer to rename clusters and to select their rows, before the map is drawn."""
    found = naming(name, scores)
    if found is None:
        return
    # The list is drawn only while it is open: it has two widgets a cluster.
    opened = st.popover(
        "Clusters", icon=":material/workspaces:", on_change="rerun", key=_MENU, width="content"
    )
    if opened.open:
        with opened:
            _list(name, found)


def members(name: str, clusters: str, cluster: int) -> tuple[str, ...]:
    """Return the sample ids of a cluster, synthetic before real, each in the order of its file."""
    ids = [
        ids[resources.array(clusters, part) == cluster]
        for part, ids in resources.mapped_ids(name).items()
    ]
    return tuple(np.concatenate(ids))


def _list(name: str, found: Naming) -> None:
    sizes = _sizes(found)
    refused: tuple[str, InputError] | None = st.session_state.pop(_REFUSED, None)
    with st.container(width=WIDTH):
        st.caption(
            "Called by the words that tell each from the others, until you name it. An empty name "
            "brings the words back. Names are there for everybody."
        )
        with st.container(height=HEIGHT, border=False, gap="small"):
            for cluster in np.argsort(-sizes.sum(axis=0), kind="stable").tolist():
                synthetic, real = sizes[:, cluster].tolist()
                _line(name, found, cluster, (synthetic, real), refused)


def _sizes(found: Naming) -> np.ndarray:
    """Count the synthetic and the real rows of every cluster, (2, C)."""
    return np.stack(
        [
            np.bincount(resources.array(found.clusters, part), minlength=len(found.titles))
            for part in ("synthetic", "real")
        ]
    )


def _line(
    name: str,
    found: Naming,
    cluster: int,
    sizes: tuple[int, int],
    refused: tuple[str, InputError] | None,
) -> None:
    synthetic, real = sizes
    key = f"curate_cluster_{found.clusters}_{cluster}"
    # What is stored is shown, also where another tab has renamed it; a refused name stays.
    is_refused = refused is not None and refused[0] == key
    if not is_refused:
        st.session_state[key] = found.given.get(cluster, "")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.text_input(
            f"Name of cluster {cluster + 1}",
            key=key,
            placeholder=found.titles[cluster],
            max_chars=CLUSTER_NAME_LENGTH,
            label_visibility="collapsed",
            on_change=_rename,
            args=(name, found.clusters, cluster, key),
        )
        words = parts.plain(found.titles[cluster])
        st.button(
            f"Select its {parts.count(synthetic + real)} rows",
            key=f"{key}_select",
            help=f"{words}: {parts.count(synthetic)} synthetic, {parts.count(real)} real",
            width=160,
            on_click=_select,
            args=(name, found.clusters, cluster),
        )
    if is_refused and refused is not None:
        st.error(f"{refused[1].what} {refused[1].fix}")


def _rename(name: str, clusters: str, cluster: int, key: str) -> None:
    try:
        writing().cluster_names.rename(
            name, clusters, cluster, st.session_state[key], annotator=actor()
        )
    except InputError as error:
        st.session_state[_REFUSED] = (key, error)


def _select(name: str, clusters: str, cluster: int) -> None:
    session().selection = members(name, clusters, cluster)
    # The list lies over the map, where these rows are now to be seen.
    st.session_state[_MENU] = False
