"""The GitHub Actions runner of nektos/act in host mode, on repositories made for the test."""
