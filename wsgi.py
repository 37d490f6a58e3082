"""The web application: ``granian --interface wsgi wsgi:app``; ``FLASK_APP=wsgi`` for ``flask`` commands."""

from wiring.app import serve

app = serve()
