"""Metrics, intervals and calibration; pure."""
