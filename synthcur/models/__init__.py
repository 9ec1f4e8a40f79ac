"""Encoders and classifiers, and where their files come from."""
