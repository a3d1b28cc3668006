"""A GitHub on loopback that keeps state and checks every request and answer."""
