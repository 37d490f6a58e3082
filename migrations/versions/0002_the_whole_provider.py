"""What the whole provider keeps: revocations, cross-device requests, logouts to be told, registration, second steps;
consent one decision a row."""

import json

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.create_table('initial_access_token',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('policy', JSON, nullable=False),
    sa.Column('uses_left', sa.Integer(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_initial_access_token')),
    sa.UniqueConstraint('digest', name=op.f('uq_initial_access_token_digest'))
    )
    op.create_table('revoked_token',
    sa.Column('jti', sa.String(length=64), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('jti', name=op.f('pk_revoked_token'))
    )
    op.create_index(op.f('ix_revoked_token_expires_at'), 'revoked_token', ['expires_at'], unique=False)

    op.create_table('cross_device_request',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('secret_hash', sa.String(length=64), nullable=False),
    sa.Column('user_code', sa.String(length=16), nullable=True),
    sa.Column('client_id', sa.String(length=64), nullable=False),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('asked', JSON, nullable=False),
    sa.Column('binding_message', sa.Text(), nullable=True),
    sa.Column('poll_seconds', sa.Integer(), nullable=False),
    sa.Column('polled_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('account_id', sa.String(length=32), nullable=True),
    sa.Column('scope', sa.Text(), nullable=True),
    sa.Column('terms', JSON, nullable=True),
    sa.Column('sub', sa.String(length=64), nullable=True),
    sa.Column('session_id', sa.String(length=32), nullable=True),
    sa.Column('family_id', sa.String(length=32), nullable=True),
    sa.Column('auth_time', sa.DateTime(timezone=True), nullable=True),
    sa.Column('acr', sa.String(length=16), nullable=True),
    sa.Column('amr', sa.String(length=100), nullable=True),
    sa.Column('ping_token', sa.LargeBinary(), nullable=True),
    sa.Column('ping_due_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ping_attempts', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_cross_device_request_account_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['client_id'], ['client.id'], name=op.f('fk_cross_device_request_client_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_cross_device_request')),
    sa.UniqueConstraint('secret_hash', name=op.f('uq_cross_device_request_secret_hash')),
    sa.UniqueConstraint('user_code', name=op.f('uq_cross_device_request_user_code'))
    )
    op.create_index(op.f('ix_cross_device_request_account_id'), 'cross_device_request', ['account_id'], unique=False)
    op.create_index(op.f('ix_cross_device_request_client_id'), 'cross_device_request', ['client_id'], unique=False)
    op.create_index(op.f('ix_cross_device_request_expires_at'), 'cross_device_request', ['expires_at'], unique=False)
    op.create_index('ix_cross_device_request_ping_due_at', 'cross_device_request', ['ping_due_at'], unique=False)

    op.create_table('logout_delivery',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('logout_id', sa.String(length=32), nullable=False),
    sa.Column('client_id', sa.String(length=64), nullable=False),
    sa.Column('sub', sa.String(length=64), nullable=False),
    sa.Column('session_id', sa.String(length=32), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('claim', sa.String(length=32), nullable=True),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('given_up_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('last_error', sa.String(length=200), nullable=True),
    sa.ForeignKeyConstraint(['client_id'], ['client.id'], name=op.f('fk_logout_delivery_client_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_logout_delivery'))
    )
    op.create_index(op.f('ix_logout_delivery_client_id'), 'logout_delivery', ['client_id'], unique=False)
    op.create_index(op.f('ix_logout_delivery_created_at'), 'logout_delivery', ['created_at'], unique=False)
    op.create_index('ix_logout_delivery_due_at', 'logout_delivery', ['due_at'], unique=False)
    op.create_index(op.f('ix_logout_delivery_logout_id'), 'logout_delivery', ['logout_id'], unique=False)

    op.create_table('totp_credential',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('account_id', sa.String(length=32), nullable=False),
    sa.Column('secret', sa.LargeBinary(), nullable=False),
    sa.Column('label', sa.String(length=64), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('last_step', sa.Integer(), nullable=False),
    sa.Column('last_used_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_totp_credential_account_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_totp_credential'))
    )
    op.create_index(op.f('ix_totp_credential_account_id'), 'totp_credential', ['account_id'], unique=False)

    op.create_table(
        "consent_decision",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.Column("purpose", sa.String(length=400), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_consent_decision_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_consent_decision_client_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_decision")),
        sa.UniqueConstraint(
            "account_id", "client_id", "kind", "name", name=op.f("uq_consent_decision_account_id_client_id_kind_name")
        ),
    )
    op.create_index(op.f("ix_consent_decision_client_id"), "consent_decision", ["client_id"], unique=False)
    op.create_index(op.f("ix_consent_decision_expires_at"), "consent_decision", ["expires_at"], unique=False)
    _move_consents()
    op.drop_table("consent")

    op.add_column("token_family", sa.Column("parent_id", sa.String(length=32), nullable=True))
    op.add_column("token_family", sa.Column("terms", JSON, nullable=True))
    op.add_column(
        "token_family", sa.Column("offline", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.create_index(op.f("ix_token_family_parent_id"), "token_family", ["parent_id"], unique=False)

    # Nothing refers to codes, so that SQLite may make the table anew.
    with op.batch_alter_table("authorization_code", schema=None) as batch_op:
        batch_op.add_column(sa.Column("terms", JSON, nullable=True))
        batch_op.add_column(sa.Column("offline", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.alter_column("code_challenge", existing_type=sa.VARCHAR(length=128), nullable=True)

    op.add_column("signing_key", sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True))

    op.add_column("client", sa.Column("registration_digest", sa.String(length=64), nullable=True))
    _keep_max_age()
    # Not by batch: on SQLite that would make the table anew, and dropping the old one would take its children along.
    op.execute("ALTER TABLE client DROP COLUMN default_max_age")
    op.execute("ALTER TABLE client DROP COLUMN id_token_alg")


def _move_consents() -> None:
    """One row a client becomes one row a scope."""
    if op.get_bind().dialect.name == "postgresql":
        new_id, each = "replace(gen_random_uuid()::text, '-', '')", "jsonb_array_elements_text({}) AS each(value)"
    else:
        new_id, each = "lower(hex(randomblob(16)))", "json_each({}) AS each"
    for list_, granted in (("granted", "true"), ("declined", "false")):
        op.execute(
            "INSERT INTO consent_decision"
            " (id, account_id, client_id, kind, name, granted, decided_at, expires_at)"
            f" SELECT {new_id}, old.account_id, old.client_id, 'scope', each.value, {granted},"
            f" old.decided_at, old.expires_at FROM consent AS old, {each.format('old.' + list_)}"
        )


def _keep_max_age() -> None:
    """The registered metadata left out a default_max_age of 0; from now on it is read there."""
    bind = op.get_bind()
    client = sa.table("client", sa.column("id"), sa.column("default_max_age"), sa.column("registered", JSON))
    rows = bind.execute(sa.select(client.c.id, client.c.registered).where(client.c.default_max_age == 0)).all()
    for client_id, registered in rows:
        known = json.loads(registered) if isinstance(registered, str) else registered
        bind.execute(
            sa.update(client).where(client.c.id == client_id).values(registered={**known, "default_max_age": 0})
        )
