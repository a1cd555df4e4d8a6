"""What team leads do: start and stop campaigns, hang up agents, ask for whatever else a service offers - and the log of it."""
