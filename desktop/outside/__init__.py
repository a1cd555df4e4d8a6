"""What NextCall asks and tells systems other than the call center. Knows neither Qt nor the keyring."""
