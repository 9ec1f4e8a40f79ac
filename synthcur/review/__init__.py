"""Decisions about rows, what follows from them, and which rows to look at; pure."""
