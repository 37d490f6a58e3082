"""The sweep takes what nothing can come of any more, and nothing else."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from idp import purge
from idp.models.account import Account
from idp.models.client import Client
from idp.models.code import AuthorizationCode
from idp.models.token import TokenFamily
from idp.tokens import sweep
from kernel import clock
from kernel.db import reading, transaction
from kernel.ids import new_id


@pytest.fixture
def kept(database, frozen_clock):
    """Adds a code and its family that end in so many hours, and counts what is left."""
    with transaction() as db:
        db.add(Account(id="a" * 32, name="张三"))
        db.add(
            Client(id="c", name="c", kind="portal", auth_method="none", grant_types=[], redirect_uris=[], scopes=[],
                   post_logout_redirect_uris=[], sector="c", registered={})
        )  # fmt: skip

    def add(*, code_hours: float, family_hours: float | None) -> None:
        now, family_id = clock.now(), new_id()
        who = {"client_id": "c", "account_id": "a" * 32, "session_id": "s", "sub": "sub", "scope": "openid"}
        how = {"auth_time": now, "acr": "3", "amr": "pwd"}
        with transaction() as db:
            db.add(
                AuthorizationCode(
                    code_hash=new_id(), family_id=family_id, redirect_uri="https://x.cn", code_challenge="x",
                    expires_at=now + timedelta(hours=code_hours), **who, **how,
                )
            )  # fmt: skip
            if family_hours is not None:
                db.add(
                    TokenFamily(
                        id=family_id, created_at=now, rotated_at=now, expires_at=now + timedelta(hours=family_hours),
                        **who, **how,
                    )
                )  # fmt: skip

    def count() -> tuple[int, int]:
        with reading() as db:
            return tuple(db.scalar(select(func.count()).select_from(t)) for t in (AuthorizationCode, TokenFamily))

    return add, count


def test_what_is_over_for_a_day_goes_and_a_code_stays_with_its_living_family(kept):
    add, count = kept
    add(code_hours=-25, family_hours=None)
    add(code_hours=-25, family_hours=-25)
    add(code_hours=-25, family_hours=100)
    add(code_hours=-23, family_hours=-23)
    sweep.sweep()
    assert count() == (3, 2)
    sweep.sweep()
    assert count() == (2, 2)


def test_many_go_in_portions(kept, monkeypatch):
    add, count = kept
    monkeypatch.setattr(purge, "AT_ONCE", 2)
    for _ in range(5):
        add(code_hours=-30, family_hours=None)
    sweep.sweep()
    assert count() == (0, 0)
