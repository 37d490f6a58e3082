"""The page between a right password and the session: one code."""

from flask import redirect, render_template, request
from werkzeug.wrappers import Response

from idp.factor import second as second_factor
from idp.login import pages, portal, second
from idp.login.errors import CodesPaused, Ended, WrongCode
from idp.login.linking import Contradiction
from kernel.errors import AppError, Invalid, Text
from kernel.web import Access, blueprint

second_step = blueprint("second_step", __name__, access=Access.PUBLIC)


@second_step.get(second.PAGE)
def show() -> Response:
    return _page(request.args.get("step", ""))


@second_step.post(second.PAGE)
def submit() -> Response:
    step = request.form.get("step", "")
    try:
        goal = second.complete(step, second_factor().answer(request.form))
    except (Invalid, WrongCode) as refused:
        return _page(step, refused)
    except CodesPaused as refused:
        return pages.ended(refused)
    return pages.forget_city(redirect(goal.url, 303))


def _page(step: str, refusal: AppError | None = None) -> Response:
    goal = second.waiting(step).goal
    asking = portal.of(goal)
    portal.let_forms_end_there(asking, goal)
    page = render_template(
        "idp/second.html",
        asking=asking,
        step=step,
        factor=second_factor(),
        faults=faults_of(refusal),
        other=goal.on("/login", use=pages.PROVINCE),
    )
    return pages.answered(page, refusal)


def faults_of(refusal: AppError | None) -> dict[str, Text]:
    """What is told beside the code."""
    if refusal is None:
        return {}
    return refusal.fields if isinstance(refusal, Invalid) else {"code": refusal.message}


@second_step.errorhandler(Contradiction)
def only_a_clerk(refused: Contradiction) -> Response:
    return pages.clerk(refused.why)


@second_step.errorhandler(Ended)
def over(refused: AppError) -> Response:
    return pages.ended(refused)
