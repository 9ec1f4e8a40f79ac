"""A text classifier that follows scikit-learn's conventions; training is that of the app."""

import json
import warnings
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from synthcur.api.arguments import (
    COUNTED,
    label_array,
    require_columns,
    require_texts,
    text_rows,
    weight_array,
)
from synthcur.data.labels import quoted
from synthcur.data.splits import SHARE, draw_splits
from synthcur.data.texts import text_keys
from synthcur.environment import quiet, undisturbed
from synthcur.errors import InputError
from synthcur.models.classifier import Classifier, build, predict_proba, save
from synthcur.schema import VALIDATION
from synthcur.settings import AUTOMATIC, BUNDLED_MODEL, FitSettings
from synthcur.training.pools import Examples, WeightedExamples, require_labels
from synthcur.training.recipes import automatic_recipe
from synthcur.training.trainer import fit

PUBLISHED = "published"
"""The recipe of Kuo et al. 2024, the defaults of `settings.FitSettings`."""

WEIGHT = "weight"
"""Column that `train` reads where it is there."""

_NOTE = "synthcur.json"


class TextClassifier(ClassifierMixin, BaseEstimator):
    """A BERT-size classifier of texts or pairs of texts.

    Parameters
    ----------
    base_model
        ``bundled-minilm``, which needs no network, a folder (a path that begins with ``/``, ``.``
        or ``~``), or a name on the Hugging Face hub.
    recipe
        ``automatic``: learning rate and steps follow the model's width, the rows and the labels
        (`recipes.automatic`); ``published``: that of Kuo et al. 2024; or a `FitSettings`, of which
        all but `base_model` counts.
    validation
        What chooses the checkpoint and is never learned: a share of the rows that `fit` is given,
        more than 0 and less than 1, drawn label by label so that rows with the same text stay
        together; or texts and their labels, ``(X, y)``.
    seed
        Of the share, the head, the dropout and the order of rows: equal seeds give equal models on
        the same hardware.

    Attributes
    ----------
    classes_ : numpy.ndarray
        The K labels in the order of the columns of `predict_proba`, sorted.
    recipe_ : FitSettings
        How it was trained.
    val_accuracy_, val_log_loss_ : float
        On the validation rows, 0 to 1 and in nats after temperature scaling.
    best_epoch_ : int
        The pass over the rows, from 1, whose checkpoint was kept.
    learned_ : float
        How far the rows of the last steps were learned; about 0 where nothing was, at most 1.

    Examples
    --------
    >>> model = TextClassifier(recipe="automatic", seed=0)
    >>> model.fit(texts, labels, sample_weight=weights)
    >>> model.predict(["where is my parcel?"])
    """

    def __init__(
        self,
        base_model: str = BUNDLED_MODEL,
        *,
        recipe: str | FitSettings = AUTOMATIC,
        validation: float | tuple[Any, Any] = SHARE,
        seed: int = 0,
    ) -> None:
        self.base_model = base_model
        self.recipe = recipe
        self.validation = validation
        self.seed = seed

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on texts with their labels.

        Parameters
        ----------
        X
            n strings, or n pairs of strings.
        y
            Labels, shape (n,): strings, truth values or numbers, two different ones at least.
        sample_weight
            Weights, shape (n,), >= 0; None for 1 everywhere. A row of weight 0 is left out, from
            the validation share as well.

        Returns
        -------
        TextClassifier
            Itself.

        Raises
        ------
        InputError
            If a text, label or weight cannot be used (with its row), lengths differ, there is one
            label only, a label has no row of weight, or validation has labels of its own.
        WorkerError
            If the loss stops being a number or the GPU has too little memory.
        """
        rows = text_rows(X, "X")
        labels = label_array(y, "y", rows=len(rows))
        return self._learn(
            rows, labels, weight_array(sample_weight, "sample_weight", rows=len(rows)), name="X"
        )

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of every label for every text.

        Parameters
        ----------
        X
            n texts, or n pairs as it was trained on; an empty text is allowed here.

        Returns
        -------
        numpy.ndarray
            Shape (n, K), float64, rows sum to 1, columns in the order of `classes_`.

        Raises
        ------
        InputError
            If a text is missing, or pairs are asked for where single texts were learned.
        NotFittedError
            Before `fit` or `load`.
        """
        check_is_fitted(self, "classifier_")
        rows = text_rows(X, "X")
        if len(rows) and self.is_pair_ is not None and _are_pairs(rows) != self.is_pair_:
            learned = "pairs of texts" if self.is_pair_ else "single texts"
            raise InputError(f"The model has learned {learned}, X is not made of them.")
        with quiet():
            return predict_proba(self.classifier_, rows).astype(np.float64)

    def predict(self, X: Any) -> np.ndarray:
        """Return the most likely label of every text, shape (n,); see `predict_proba`."""
        probs = self.predict_proba(X)
        return self.classes_[probs.argmax(axis=1)]

    def save(self, folder: str | Path) -> Path:
        """Write the model to a folder, made when absent; `load` reads it back.

        transformers reads it as well: ``pipeline("text-classification", folder)``.

        Returns
        -------
        Path
            The folder.
        """
        check_is_fitted(self, "classifier_")
        note = {
            "base_model": self.base_model,
            "recipe": self.recipe if isinstance(self.recipe, str) else self.recipe.to_dict(),
            "seed": self.seed,
            "classes": self.classes_.tolist(),
            "is_pair": self.is_pair_,
        }
        with quiet():
            save(self.classifier_, Path(folder), note=note)
        return Path(folder)

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read a model that `save` or the app has written.

        Parameters
        ----------
        folder
            Where it lies. A validation set of its own is not kept with it.

        Raises
        ------
        InputError
            If there is no such model.
        """
        path = Path(folder).expanduser().resolve()
        try:
            note = json.loads((path / _NOTE).read_text("utf-8"))
            names = json.loads((path / "config.json").read_text("utf-8"))["id2label"]
        except (OSError, ValueError, KeyError) as error:
            raise InputError(
                f"There is no trained classifier in {path}.",
                fix="Name a folder that save, or the app, has written.",
            ) from error
        labels = [names[str(label)] for label in range(len(names))]
        recipe = note.get("recipe", AUTOMATIC)
        model = cls(
            note.get("base_model", BUNDLED_MODEL),
            recipe=recipe if isinstance(recipe, str) else FitSettings.from_dict(recipe),
            seed=note.get("seed", 0),
        )
        model.classes_ = np.array(note.get("classes", labels))
        with quiet():
            # Cut where training did, which the tokenizer knows.
            classifier = build(str(path), labels, max_length=512)
        model._take(classifier, is_pair=note.get("is_pair"))
        return model

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags

    def _learn(self, rows: pd.DataFrame, labels: np.ndarray, weight: np.ndarray, name: str) -> Self:
        """Train on rows as `inputs` reads them; `name` is what an error calls them."""
        require_texts(rows, name)
        classes, ids = np.unique(labels, return_inverse=True)
        if len(classes) < 2:
            only = f"one label, {quoted(str(classes[0]))}" if len(classes) else "no label"
            raise InputError(f"{name} has {only}.", fix="Give rows of two labels or more.")
        names = tuple(str(each) for each in classes)
        taught = weight > 0
        given = WeightedExamples(rows[taught].reset_index(drop=True), ids[taught], weight[taught])
        train, validation = self._parts(given, classes)
        require_labels(train.labels, names, what="The rows to learn from", at_least=len(names))
        settings = self._settings(len(train.labels), len(names))
        with quiet(), undisturbed():
            found = fit(train, validation, labels=names, settings=settings, seed=self.seed)
        self.classes_ = classes
        self.recipe_ = settings
        self.best_epoch_ = found.best_epoch
        self.val_accuracy_ = found.val_accuracy
        self.val_log_loss_ = found.val_log_loss
        self.learned_ = found.learned
        self._take(found.classifier, is_pair=_are_pairs(rows))
        return self

    def _take(self, classifier: Classifier, *, is_pair: bool | None) -> None:
        classifier.model.eval()
        self.classifier_ = classifier
        self.is_pair_ = is_pair

    def _settings(self, n_rows: int, n_labels: int) -> FitSettings:
        if isinstance(self.recipe, FitSettings):
            if self.recipe.base_model not in (BUNDLED_MODEL, self.base_model):
                raise InputError(
                    f"The recipe names the base model {self.recipe.base_model!r}, the classifier "
                    f"{self.base_model!r}.",
                    fix="Name it as base_model of the classifier.",
                )
            return FitSettings.from_dict({**self.recipe.to_dict(), "base_model": self.base_model})
        published = FitSettings(base_model=self.base_model)
        if self.recipe == PUBLISHED:
            return published
        if self.recipe == AUTOMATIC:
            return automatic_recipe(published, n_rows=n_rows, n_labels=n_labels)
        raise InputError(
            f"Unknown recipe {self.recipe!r}.",
            fix=f"Use {AUTOMATIC!r}, {PUBLISHED!r} or a FitSettings.",
        )

    def _parts(
        self, given: WeightedExamples, classes: np.ndarray
    ) -> tuple[WeightedExamples, Examples]:
        """Return the rows to learn and those to validate with."""
        if isinstance(self.validation, tuple) and len(self.validation) == 2:
            validation = _validation(*self.validation, classes, is_pair=_are_pairs(given.rows))
            _warn_of_leaks(given.rows, validation.rows)
            return given, validation
        if not isinstance(self.validation, int | float) or not 0 < self.validation < 1:
            raise InputError(
                f"validation is {str(self.validation)[:60]}.",
                fix="Use a share between 0 and 1, such as 0.2, or texts and labels: (X, y).",
            )
        names = [str(classes[label]) for label in given.labels]
        drawn = draw_splits(
            names, text_keys(given.rows), (VALIDATION,), seed=self.seed, share=self.validation
        )
        held_out = drawn == VALIDATION
        if not held_out.any():
            raise InputError(
                f"{len(names):,} rows are too few to hold some out: no label has three texts.",
                fix="Give more rows, or texts and labels to validate with: validation=(X, y).",
            )
        train = WeightedExamples(
            given.rows[~held_out].reset_index(drop=True),
            given.labels[~held_out],
            given.factor[~held_out],
        )
        rows = given.rows[held_out].reset_index(drop=True)
        return train, Examples(rows, given.labels[held_out])


def train(
    rows: pd.DataFrame,
    *,
    validation: pd.DataFrame,
    text: str = "text",
    label: str = "label",
    text_pair: str | None = None,
    weight: str = WEIGHT,
    base_model: str = BUNDLED_MODEL,
    recipe: str | FitSettings = AUTOMATIC,
    seed: int = 0,
) -> TextClassifier:
    """Train a classifier on a data frame.

    Parameters
    ----------
    rows
        What is learned; n rows.
    validation
        Real rows that choose the checkpoint, for instance those of `holdout`; never learned from.
    text, label, text_pair
        Columns of both frames.
    weight
        Column of the weights, >= 0; without a column ``weight`` all rows count the same.
    base_model, recipe, seed
        See `TextClassifier`.

    Returns
    -------
    TextClassifier
        Trained; with ``predict``, ``predict_proba`` and ``save``.

    Raises
    ------
    InputError
        If a column is missing, or as `TextClassifier.fit` does.

    Examples
    --------
    >>> weighted = synthcur.weigh(synthetic, real)
    >>> model = synthcur.train(weighted, validation=synthcur.holdout(real))
    >>> model.predict_proba(["where is my parcel?"])
    """
    texts = [text] if text_pair is None else [text, text_pair]
    weights = [weight] if weight in rows or weight != WEIGHT else []
    require_columns(rows, "rows", [*texts, label, *weights])
    require_columns(validation, "validation", [*texts, label])
    model = TextClassifier(
        base_model,
        recipe=recipe,
        validation=(validation[texts], validation[label]),
        seed=seed,
    )
    return model._learn(
        text_rows(rows[texts], "rows"),
        label_array(rows[label], "rows"),
        weight_array(rows[weight] if weights else None, "rows", rows=len(rows)),
        name="rows",
    )


def _validation(texts: Any, labels: Any, classes: np.ndarray, *, is_pair: bool) -> Examples:
    rows = text_rows(texts, "validation")
    if not len(rows):
        raise InputError("validation has no rows.", fix="Give some.")
    require_texts(rows, "validation")
    if _are_pairs(rows) != is_pair:
        raise InputError("One of X and validation holds pairs of texts, the other single texts.")
    names = label_array(labels, "the labels of validation", rows=len(rows))
    index = {label: i for i, label in enumerate(classes.tolist())}
    unknown = [row for row, name in enumerate(names.tolist()) if name not in index]
    if unknown:
        raise InputError(
            f"Row {unknown[0] + 1:,} of validation has the label "
            f"{quoted(str(names[unknown[0]]))}, which no row to learn from has "
            f"({len(unknown):,} such rows).",
            fix=f"Validate with the labels that are learned. {COUNTED}",
        )
    return Examples(rows, np.array([index[name] for name in names.tolist()], dtype=np.int64))


def _warn_of_leaks(learned: pd.DataFrame, validation: pd.DataFrame) -> None:
    known = set(text_keys(validation))
    found = sum(key in known for key in text_keys(learned))
    if found:
        warnings.warn(
            f"Texts of validation are also learned (rows: {found:,}), so its figures are too good. "
            "Leave them out of one of the two.",
            stacklevel=5,
        )


def _are_pairs(rows: pd.DataFrame) -> bool:
    return bool(rows["text_pair"].notna().any())
