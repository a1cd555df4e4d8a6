"""NextCall: the desktop companion of a call-center agent's phone."""

APP_NAME = "NextCall"
__version__ = "0.1.0"
PROJECT = ""
"""The project's page, `https://github.com/OWNER/NAME`. Its releases are asked for newer versions; without a page, nobody is."""
BUNDLE_ID = "nextcall.desktop"
"""What macOS knows the program by, and where its administrators put its settings (settings/policy.py)."""
