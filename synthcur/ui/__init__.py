"""What the pages share: theme, parts of a page, the session, cached reads, browser components.

With ``app.py`` and ``pages/`` the only code that imports streamlit.
"""
