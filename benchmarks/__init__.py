"""Figures that anyone can measure again; how and when is in docs/benchmarks.md."""
