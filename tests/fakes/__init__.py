"""Stand-ins for services, checked against the service's own published description."""
