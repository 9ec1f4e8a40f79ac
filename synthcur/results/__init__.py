"""Finished runs, compared."""
