"""NextCall: the desktop companion of a call-center agent's phone."""

APP_NAME = "NextCall"
__version__ = "0.1.0"
