# %% [markdown]
# # TextClassifier in scikit-learn: a pipeline, cross-validation, and a comparison
#
# `TextClassifier` follows scikit-learn's conventions, so it can be a step of a `Pipeline` and is
# cloned and cross-validated like any other classifier. The rows are real ones of the bundled demo,
# of three labels, and training is cut short to keep this quick: in earnest leave `recipe` out.

# %%
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import synthcur as sc
from synthcur.demo import FOLDER

real = pd.read_json(FOLDER / "real_train.jsonl", lines=True)
real = real[real["label"].isin(["billing", "delivery", "feedback"])]
texts, labels = real["text"], real["label"]

# %% [markdown]
# What comes before the classifier is free; here a step turns all texts into lower case.

# %%
short = sc.FitSettings(learning_rate=1e-4, steps=15, batch_size=16, head_first=True)
lower_case = FunctionTransformer(lambda texts: [text.lower() for text in texts])
encoder = make_pipeline(lower_case, sc.TextClassifier(recipe=short, seed=0))
words = make_pipeline(TfidfVectorizer(), LogisticRegression(C=10))

folds = StratifiedKFold(2, shuffle=True, random_state=0)
accuracies = cross_val_score(encoder, texts, labels, cv=folds)
print(f"accuracy {accuracies.mean():.0%}, by fold {accuracies.round(2)}")

# %% [markdown]
# Is the encoder better than counting words? Both predict each row out of fold, so the difference is
# paired: its interval comes from resampling the rows, with the same rows for both.

# %%
said = {
    name: cross_val_predict(model, texts, labels, cv=folds)
    for name, model in (("encoder", encoder), ("words", words))
}
found = sc.compare(said["encoder"], said["words"], labels)
print(f"{found.first.mean:.0%} and {found.second.mean:.0%}")
print("95 % interval", round(found.difference.low, 2), "to", round(found.difference.high, 2))
print(f"McNemar: {found.flips.gained} gained, {found.flips.lost} lost, {found.flips.p_value:.2g}")
print(found.verdict)
