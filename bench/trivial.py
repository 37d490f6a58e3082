"""The least application of Flask, SQLAlchemy and Authlib: one table, one server with its grants, one page."""

import os
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer, ResourceProtector
from authlib.oauth2.rfc6749 import grants
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core.grants import OpenIDCode
from flask import Flask, jsonify
from sqlalchemy import create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


class Person(Base):
    __tablename__ = "person"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


app = Flask("trivial")
app.secret_key = "x" * 32
_engine = create_engine(os.environ["DATABASE_URL"])  # noqa: TID251  # not Kapok's
Base.metadata.create_all(_engine)
_server = AuthorizationServer(app, query_client=lambda _id: None, save_token=lambda _token, _request: None)
_server.register_grant(grants.AuthorizationCodeGrant, [OpenIDCode(), CodeChallenge()])
_server.register_grant(grants.RefreshTokenGrant)
_server.register_grant(grants.ClientCredentialsGrant)
_protector = ResourceProtector()


@app.get("/")
def page() -> Any:
    with Session(_engine) as db:
        return jsonify(names=list(db.scalars(select(Person.name))))


@app.post("/token")
def token() -> Any:
    return _server.create_token_response()
