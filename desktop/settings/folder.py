"""Where everything of one agent on one computer is kept. Asked for before anything is on the screen, so it imports little."""

from __future__ import annotations

from pathlib import Path

from desktop import APP_NAME


def data_folder(chosen: Path | None = None) -> Path:
    """Where everything is kept, if no folder was `chosen`: on this computer, not in a profile that roams."""
    if chosen is not None:
        return chosen
    import platformdirs

    return platformdirs.user_data_path(APP_NAME, appauthor=False)
