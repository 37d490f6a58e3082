"""One file a protocol: each module offers ``plugin``, a ``connectors.kind.Kind``. Nothing else lives here."""
