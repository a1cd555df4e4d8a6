"""An agent's working session with the hosted call center. Knows neither Qt nor the wire."""
