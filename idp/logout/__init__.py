"""Signing out: ``routes`` asks, ends the session and what grew out of it, and says so. Only wiring imports it."""
