"""Figures in one style, for pages and reports."""
