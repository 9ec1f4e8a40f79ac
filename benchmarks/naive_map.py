"""The map the obvious way, for comparison: all rows through ``px.scatter`` and ``st.plotly_chart``.

Started by `benchmarks.map` with ``streamlit run``; rows come from the file that NAIVE_MAP names.
"""

import os

import numpy as np
import pandas as pd
import plotly.express as px
import streamlit as st


@st.cache_data
def read(path: str) -> pd.DataFrame:
    """Read what the benchmark has written: x, y, p, q, source, label and text of every row."""
    return pd.read_parquet(path)


st.set_page_config(layout="wide")
rows = read(os.environ["NAIVE_MAP"])
exponent = st.sidebar.slider("Exponent on P'", 0.0, 3.0, 1.0, 0.05)
log_weight = np.clip(exponent * np.log(rows["p"]) - np.log(rows["q"]), -3, 3)
figure = px.scatter(
    rows.assign(log_weight=log_weight),
    x="x",
    y="y",
    color="log_weight",
    symbol="source",
    hover_data=["text", "label"],
    color_continuous_scale="RdBu",
    render_mode="webgl",
    height=560,
)
chosen = st.plotly_chart(figure, on_select="rerun", selection_mode=("lasso", "box"), key="map")
positions = [point["customdata"][-1] for point in chosen["selection"]["points"]]
st.write(f"{len(positions):,} rows selected")
st.dataframe(rows.iloc[: len(positions)].head(200))
