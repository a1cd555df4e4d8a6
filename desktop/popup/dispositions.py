"""The dispositions that are offered where no campaign says otherwise."""

from __future__ import annotations

BUILT_IN = (
    "Interested",
    "Call back later",
    "Not interested",
    "Already a customer",
    "Answering machine",
    "Wrong number",
    "Language barrier",
    "Do not call again",
)
"""In the order of their digit keys, 1 to 8. The text is what is stored as agentResponse."""
