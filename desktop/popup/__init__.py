"""What a campaign shows and collects while somebody is on the line. Knows neither Qt nor the wire."""
