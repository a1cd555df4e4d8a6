"""What is remembered between two starts: settings in a file, the API key in the system's keyring."""
