"""A runner that cancels: it starts a step as the action does, and sends the signals that the real one sends."""
