"""Data: the rows of the open collection and what was found in them; adding a collection."""

from synthcur.ui import session
from synthcur.ui.data import import_form, import_panel, stored_panel

with session.page():
    name = session.collection_picker(needed=False)
    state = import_form.current(name)
    if state is None and not name:
        stored_panel.nothing()
    elif state is None:
        stored_panel.show(name)
    else:
        import_panel.show(state)
