"""Mail: how a letter becomes a message, and the two ways it leaves (an SMTP server, or the demo's folder)."""
