"""Files of other tools, both ways: each module knows one tool by the fields of its files."""
