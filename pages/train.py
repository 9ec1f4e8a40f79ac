"""Train: start runs and watch them live."""

from synthcur.ui import session
from synthcur.ui.train import panel, rail

with session.page():
    name = session.collection_picker()
    choice = rail.rail(name)
    panel.queue(name, choice)
    panel.live(name, choice)
