"""What actionlint says of workflows."""
