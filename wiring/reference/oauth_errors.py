"""oauth-errors.md: what each OAuth error means and what a portal's developer does."""

from collections.abc import Iterator

from idp.oauth_errors import ERRORS, PATH
from idp.page_faults import FAULTS
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
    yield "## Pages"
    yield ""
    yield "Where it is not certain who asks, or where an answer may go, the person sees a page and the portal hears"
    yield "nothing. A small line on the page names the code for the portal's developer, and leads to its place on"
    yield f"`{PATH}` (`#page-` and the code)."
    yield from table(
        ("Code", "Endpoint", "What happened", "What to do"),
        ((code(fault.code), code(fault.path), str(fault.meaning), str(fault.remedy)) for fault in FAULTS),
    )
