"""Weigh LLM-generated training data by quality and diversity, look at it, train on it, prove it.

Reading order: `schema` and `settings` (the words), `loading` and `checks` (files become a
collection), `encoders`, `projection`, `checkers` (texts become probabilities), `weighting` and
`arms` (probabilities become weights), `review` (decisions), `losses`, `classifier`, `training`
(weights become models), `evaluation` and `report` (models become proof), `pipeline` (the stages in
order), `artefacts`, `store`, `spool`, `jobs` (where it is kept and how work runs), then `ui`,
`pages` and `app.py` (what people see) and `__main__` (the same as commands).
"""

__version__ = "0.2.0"
