"""Results: which arm won, by how much, and where."""

from synthcur.ui import session
from synthcur.ui.results import empty as results_empty
from synthcur.ui.results import learning as results_learning
from synthcur.ui.results import panel, rail

with session.page():
    name = session.collection_picker()
    choice = rail.rail(name)
    if choice is None:
        results_empty.show(name)
    else:
        panel.show(choice)
    results_learning.section(name)
