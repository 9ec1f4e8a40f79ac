"""Results: which arm won, by how much, and where."""

from synthcur.ui import results_empty, results_learning, results_panel, results_rail, session

with session.page():
    name = session.collection_picker()
    choice = results_rail.rail(name)
    if choice is None:
        results_empty.show(name)
    else:
        results_panel.show(choice)
    results_learning.section(name)
