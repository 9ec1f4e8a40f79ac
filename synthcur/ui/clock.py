"""Times as the person before the screen reads them: in the time zone of the browser."""

from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st


def clock(at: float) -> str:
    """Return the time of day of a moment (seconds since 1970), with the date unless today."""
    zone = st.context.timezone
    when = datetime.fromtimestamp(at, ZoneInfo(zone) if zone else None)
    is_today = when.date() == datetime.now(when.tzinfo).date()
    return when.strftime("%H:%M" if is_today else "%d %b %H:%M")
