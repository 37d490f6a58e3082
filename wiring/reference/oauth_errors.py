"""oauth-errors.md: what each OAuth error means and what a portal's developer does."""

from collections.abc import Iterator

from idp.oauth_errors import ERRORS, PATH
from wiring.reference.codes import oauth_codes
from wiring.reference.markdown import code, table


def lines() -> Iterator[str]:
    yield "# OAuth errors"
    yield ""
    yield "`error` of the machines' OAuth answers, of their challenges (`WWW-Authenticate`) and of the answers of"
    yield "`/authorize`. `error_description` says in English what to mend this time; `error_uri` leads to the place of"
    yield f"the code on `{PATH}`, which says what stands here in the language of the reader."
    statuses: dict[str, set[str]] = {}
    for one in oauth_codes():
        statuses.setdefault(one.code, set()).add(one.status)
    yield from table(
        ("Error", "HTTP", "Defined in", "What happened", "What to do"),
        (
            (code(e.code), ", ".join(sorted(statuses.get(e.code, {"400"}))), e.source, str(e.meaning), str(e.remedy))
            for e in ERRORS
        ),
    )
