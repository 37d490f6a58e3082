"""What a machine's request asks of Redis: nothing, where the specification gives no reason to (PERFORMANCE §9.6)."""

import pytest
import redis

from kernel import keyvalue
from tests.protocol.parties import ISSUER, Pkce


@pytest.fixture
def asked(redis_url, op):
    """How many commands Redis got since the last question, of anybody."""
    keyvalue.configure(redis_url)
    client = redis.Redis.from_url(redis_url)

    def since() -> int:
        seen = client.info("commandstats")
        client.config_resetstat()
        ours = {"cmdstat_info", "cmdstat_config|resetstat", "cmdstat_client|setinfo", "cmdstat_hello"}
        return sum(stats["calls"] for name, stats in seen.items() if name not in ours)

    since()
    yield since
    client.close()
    keyvalue.configure(None)


def test_the_count_counts(asked):
    keyvalue.store().set("x", "1", 10)
    assert asked() == 1


def test_client_credentials_when_warm(op, asked):
    machine = op.machine_client("feeds:cases")
    op.token(machine, grant_type="client_credentials")
    asked()
    assert op.token(machine, grant_type="client_credentials").status_code == 200
    assert asked() == 0


@pytest.mark.parametrize("path", ["/jwks", "/.well-known/openid-configuration"])
def test_public_documents(op, asked, path):
    op.machine.get(path, base_url=ISSUER)
    asked()
    op.machine.get(path, base_url=ISSUER)
    assert asked() == 0


def test_code_refresh_userinfo_and_introspection(op, asked):
    portal, person, pkce = op.portal(), op.person().sign_in(), Pkce()
    code = person.code(portal, pkce)
    asked()
    tokens = op.redeem(portal, code, pkce).json
    assert op.refresh(portal, tokens["refresh_token"]).status_code == 200
    assert op.userinfo(tokens["access_token"]).status_code == 200
    data = {"token": tokens["access_token"]}
    assert op.machine.post("/introspect", base_url=ISSUER, data=data, headers=portal.basic).json["active"] is True
    assert asked() == 0
