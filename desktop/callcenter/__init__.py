"""The hosted call center as NextCall sees it. Knows neither Qt nor the disk beyond the contract that it is told to keep."""
