"""endpoints.md: every address of both doors, and who may ask there."""

from collections.abc import Iterator

from flask import Flask
from werkzeug.routing import Rule

from kernel.machine import Endpoint
from kernel.web import Access, GuardedBlueprint
from wiring.reference.markdown import code, first_sentence, table

_PAGES = {
    Access.PUBLIC: "everybody",
    Access.SIGNED_IN: "who is signed in",
    Access.ADMIN: "administrators",
}
MACHINES = {
    "/healthz": "everybody",
    "/readyz": "everybody",
    "/.well-known/openid-configuration": "everybody",
    "/.well-known/oauth-authorization-server": "everybody",
    "/jwks": "everybody",
    "/par": "registered clients, with their authentication",
    "/device_authorization": "registered clients, with their authentication",
    "/bc-authorize": "registered clients, with their authentication",
    "/register": "an operator's invitation, as a Bearer token",
    "/register/<client_id>": "the client itself, with its registration access token",
    "/.well-known/oauth-protected-resource": "everybody",
    "/.well-known/oauth-protected-resource/<path:path>": "everybody",
    "/introspect": "confidential clients, about tokens that are theirs or meant for them",
    "/revoke": "registered clients, for their own tokens",
    "/token": "registered clients, with their authentication",
    "/userinfo": "a token with scope `openid`",
    "/feeds/v1/batches/<batch>": "a department's token, for its own batches",
    "/feeds/v1/<family>": "a department's token with scope `feeds:<family>`",
    "/reuse/v1/intents": "a portal's token with scope `materials`",
    "/reuse/v1/redeem": "a portal's token with scope `materials`",
}
"""Who may ask at the machine door; the endpoints themselves refuse everybody else."""


def lines() -> Iterator[str]:
    from wiring.parts import ENDPOINTS

    yield "# Endpoints"
    yield ""
    yield "Two doors stand behind one address. Machines are answered in JSON, people with pages."
    yield ""
    yield "## The machines' door"
    yield ""
    yield "Errors are OAuth answers (RFC 6749 §5.2) or problem documents (RFC 9457); their codes are in"
    yield "[errors.md](errors.md). Endpoints for everybody may be read by scripts of any origin (CORS)."
    yield from table(
        ("Address", "Methods", "Who may ask", "Largest body", "Errors", "What it does"),
        (_machine(one) for one in sorted(ENDPOINTS, key=lambda one: one.path)),
    )
    yield "## The people's door"
    yield ""
    yield "POST needs the form token of a page of ours. Who is not signed in is sent to `/login` and comes back."
    app = _pages()
    rules = sorted((r for r in app.url_map.iter_rules() if r.endpoint != "static"), key=lambda r: (r.rule, r.endpoint))
    yield from table(("Address", "Methods", "Who may open it", "What it does"), (_page(app, one) for one in rules))


def _machine(one: Endpoint) -> tuple[str, ...]:
    size = f"{one.max_body / 1024 / 1024:g} MiB" if one.max_body >= 1024 * 1024 else f"{one.max_body // 1024} KiB"
    return (
        code(one.path),
        " ".join(one.methods),
        MACHINES[one.path],
        size if "POST" in one.methods else "",
        "OAuth" if one.errors == "oauth" else "problem",
        first_sentence(one.handle),
    )


def _page(app: Flask, rule: Rule) -> tuple[str, ...]:
    blueprint = app.blueprints[rule.endpoint.rpartition(".")[0]]
    assert isinstance(blueprint, GuardedBlueprint)
    from wiring.parts import DEMO_BLUEPRINTS

    demo = ", in demo mode only" if blueprint in DEMO_BLUEPRINTS else ""
    methods = " ".join(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))
    return code(rule.rule), methods, _PAGES[blueprint.access] + demo, first_sentence(app.view_functions[rule.endpoint])


def _pages() -> Flask:
    """An application with every page and nothing else: the answer is the same in demo mode and outside it."""
    from wiring import parts

    app = Flask("kapok.reference", static_folder=None)
    for install in parts.INSTALLS:
        install(app)
    for blueprint in (*parts.BLUEPRINTS, *parts.DEMO_BLUEPRINTS):
        app.register_blueprint(blueprint)
    return app
