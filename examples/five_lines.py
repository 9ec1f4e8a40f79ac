# %% [markdown]
# # Two data frames, weights, a classifier
#
# `synthetic.csv` holds generated rows, `real.csv` a few hundred real ones, both with the columns
# `text` and `label`. Where they are missing, rows of the bundled demo stand in for them: 600 of its
# 1,800 generated ones, which is quicker.

# %%
from pathlib import Path

import pandas as pd

from synthcur.demo import FOLDER

for file, part, n in (("synthetic.csv", "synthetic", 600), ("real.csv", "real_train", 240)):
    if not Path(file).exists():
        rows = pd.read_json(FOLDER / f"{part}.jsonl", lines=True)
        rows.sample(n, random_state=0).to_csv(file, index=False)

# %% [markdown]
# A fifth of the real rows is held out: `weigh` trains its two checkers without them, and they
# choose the state of the model that is kept.

# %%
import pandas as pd, synthcur as sc

synthetic, real = pd.read_csv("synthetic.csv"), pd.read_csv("real.csv")
weighted = sc.weigh(synthetic, real, rule="imp")  # synthetic + columns p, q, weight
model = sc.train(weighted, validation=sc.holdout(real), seed=0)
model.predict_proba(["where is my parcel?"])

# %% [markdown]
# What the model says, and the rows that deserve a look: the label that fits better, and why.

# %%
print(model.predict(["where is my parcel?"])[0], f"{model.val_accuracy_:.0%}")
lightest = weighted[weighted["reason"] != ""].nsmallest(5, "weight")
print(lightest[["label", "posterior", "weight", "reason"]].to_string())
