"""Ways of proving oneself: one module a factor, each offering ``plugin``. They never import one another."""
