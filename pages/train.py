"""Train: start runs and watch them live."""

from synthcur.ui import session, train_panel, train_rail

with session.page():
    name = session.collection_picker()
    choice = train_rail.rail(name)
    train_panel.queue(name, choice)
    train_panel.live(name, choice)
