"""What the agent sees. Windows show state and emit wishes; they know neither network nor disk."""
