"""What the kind ``oidc`` stands on: a provider's metadata and keys, and the rules of an ID token.

Only ``connectors.kinds.oidc`` imports this package.
"""
