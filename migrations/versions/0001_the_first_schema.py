"""The first schema."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from kernel import append_only

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "access_entry",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("party_key", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("result", sa.String(length=16), nullable=False),
        sa.Column("reader_id", sa.String(length=128), nullable=False),
        sa.Column("reader_name", sa.String(length=200), nullable=False),
        sa.Column("reader_detail", sa.String(length=200), nullable=True),
        sa.Column("purpose", sa.String(length=400), nullable=False),
        sa.Column("legal_basis", sa.String(length=400), nullable=True),
        sa.Column("fields", JSON, nullable=False),
        sa.Column("reference", sa.String(length=32), nullable=True),
        sa.Column("own_day", sa.String(length=100), nullable=True),
        sa.Column("request_id", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_entry")),
        sa.UniqueConstraint("own_day", name=op.f("uq_access_entry_own_day")),
    )
    op.create_index("ix_access_entry_party_key_at_id", "access_entry", ["party_key", "at", "id"], unique=False)
    op.create_index(
        "ix_access_entry_party_key_result_at_id", "access_entry", ["party_key", "result", "at", "id"], unique=False
    )

    op.create_table(
        "account",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("id_type", sa.String(length=3), nullable=True),
        sa.Column("id_number", sa.LargeBinary(), nullable=True),
        sa.Column("party_key", sa.String(length=32), nullable=True),
        sa.Column("declared_key", sa.String(length=32), nullable=True),
        sa.Column("own_level", sa.Integer(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=True),
        sa.Column("email", sa.LargeBinary(), nullable=True),
        sa.Column("email_index", sa.String(length=32), nullable=True),
        sa.Column("phone", sa.LargeBinary(), nullable=True),
        sa.Column("phone_index", sa.String(length=32), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("admin", sa.Boolean(), nullable=False),
        sa.Column("locale", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("identified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("password_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
    )
    op.create_index("ix_account_declared_key", "account", ["declared_key"], unique=False)
    op.create_index("ix_account_email_index", "account", ["email_index"], unique=False)
    op.create_index("ix_account_party_key", "account", ["party_key"], unique=False)
    op.create_index("ix_account_phone_index", "account", ["phone_index"], unique=False)

    op.create_table(
        "audit_entry",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("details", JSON, nullable=True),
        sa.Column("account_id", sa.Text(), nullable=True),
        sa.Column("client_id", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    op.create_index("ix_audit_entry_account_id_at", "audit_entry", ["account_id", "at"], unique=False)
    op.create_index("ix_audit_entry_at", "audit_entry", ["at"], unique=False)

    op.create_table(
        "audit_link",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("entry_id", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("day", "seq", name=op.f("pk_audit_link")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_audit_link_entry_id")),
    )
    op.create_table(
        "audit_pending",
        sa.Column("entry_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_audit_pending")),
    )
    op.create_table(
        "calendar_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("working", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=True),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_calendar_day")),
    )
    op.create_table(
        "city_source",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("division_codes", JSON, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("settings", JSON, nullable=False),
        sa.Column("secrets", sa.LargeBinary(), nullable=False),
        sa.Column("fields", JSON, nullable=False),
        sa.Column("authoritative_for", JSON, nullable=False),
        sa.Column("subject_types", JSON, nullable=False),
        sa.Column("level_cap", sa.Integer(), nullable=False),
        sa.Column("level_map", JSON, nullable=False),
        sa.Column("own_accounts", sa.Boolean(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("internal", sa.Boolean(), nullable=False),
        sa.Column("display_order", sa.Integer(), nullable=False),
        sa.Column("support_contact", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("level_cap BETWEEN 2 AND 5", name=op.f("ck_city_source_level_cap")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_city_source")),
        sa.UniqueConstraint("code", name=op.f("uq_city_source_code")),
    )
    op.create_table(
        "client",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("auth_method", sa.String(length=32), nullable=False),
        sa.Column("grant_types", JSON, nullable=False),
        sa.Column("redirect_uris", JSON, nullable=False),
        sa.Column("post_logout_redirect_uris", JSON, nullable=False),
        sa.Column("scopes", JSON, nullable=False),
        sa.Column("sector", sa.String(length=255), nullable=False),
        sa.Column("id_token_alg", sa.String(length=16), nullable=False),
        sa.Column("default_max_age", sa.Integer(), nullable=True),
        sa.Column("legal_basis", sa.String(length=400), nullable=True),
        sa.Column("purpose", sa.String(length=400), nullable=True),
        sa.Column("registered", JSON, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client")),
    )
    op.create_table(
        "department",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("uscc", sa.String(length=18), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("families", JSON, nullable=False),
        sa.Column("authoritative_for", JSON, nullable=False),
        sa.Column("client_id", sa.String(length=128), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_department")),
        sa.UniqueConstraint("client_id", name=op.f("uq_department_client_id")),
        sa.UniqueConstraint("code", name=op.f("uq_department_code")),
        sa.UniqueConstraint("uscc", name=op.f("uq_department_uscc")),
    )
    op.create_table(
        "login_count",
        sa.Column("bucket", sa.String(length=32), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("most", sa.Integer(), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("bucket", name=op.f("pk_login_count")),
    )
    op.create_index("ix_login_count_ends_at", "login_count", ["ends_at"], unique=False)

    op.create_table(
        "notification_intent",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("dedupe_key", sa.String(length=200), nullable=False),
        sa.Column("rule", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("facts", JSON, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification_intent")),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_notification_intent_dedupe_key")),
    )
    op.create_index("ix_notification_intent_account_id", "notification_intent", ["account_id"], unique=False)

    op.create_table(
        "outbox_event",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("payload", JSON, nullable=False),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_event")),
    )
    op.create_index("ix_outbox_event_created_at", "outbox_event", ["created_at"], unique=False)

    op.create_table(
        "party",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("party_key", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("id_type", sa.String(length=3), nullable=False),
        sa.Column("number", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=True),
        sa.Column("name_rank", sa.Integer(), nullable=False),
        sa.Column("name_as_of", sa.DateTime(timezone=True), nullable=True),
        sa.Column("legal_rep_key", sa.String(length=32), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_party")),
        sa.UniqueConstraint("party_key", name=op.f("uq_party_party_key")),
    )
    op.create_index("ix_party_legal_rep_key", "party", ["legal_rep_key"], unique=False)

    op.create_table(
        "periodic_task",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("next_run_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claim", sa.Text(), nullable=True),
        sa.Column("last_run_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_outcome", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_periodic_task")),
    )
    op.create_table(
        "reminder",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("rule", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.String(length=32), nullable=False),
        sa.Column("party_key", sa.String(length=32), nullable=False),
        sa.Column("deadline", sa.Date(), nullable=False),
        sa.Column("days_before", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder")),
        sa.UniqueConstraint(
            "rule",
            "subject_id",
            "deadline",
            "days_before",
            name=op.f("uq_reminder_rule_subject_id_deadline_days_before"),
        ),
    )
    op.create_index("ix_reminder_due_at", "reminder", ["due_at"], unique=False)
    op.create_index("ix_reminder_party_key", "reminder", ["party_key"], unique=False)

    op.create_table(
        "reuse_intent",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("client_id", sa.String(length=128), nullable=False),
        sa.Column("receiver_name", sa.String(length=200), nullable=False),
        sa.Column("item_code", sa.String(length=64), nullable=False),
        sa.Column("item_name", sa.String(length=200), nullable=False),
        sa.Column("purpose", sa.String(length=400), nullable=False),
        sa.Column("return_uri", sa.String(length=2000), nullable=False),
        sa.Column("state", sa.String(length=512), nullable=True),
        sa.Column("needed", JSON, nullable=False),
        sa.Column("only_account", sa.String(length=32), nullable=True),
        sa.Column("account_id", sa.String(length=32), nullable=True),
        sa.Column("party_key", sa.String(length=32), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reuse_intent")),
    )
    op.create_index("ix_reuse_intent_client_id", "reuse_intent", ["client_id"], unique=False)

    op.create_table(
        "signing_key",
        sa.Column("kid", sa.String(length=64), nullable=False),
        sa.Column("alg", sa.String(length=16), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("private", sa.LargeBinary(), nullable=False),
        sa.Column("public", JSON, nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signs_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_signing_key")),
        sa.UniqueConstraint("alg", "generation", name=op.f("uq_signing_key_alg_generation")),
    )
    op.create_table(
        "account_link",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("source_id", sa.String(length=64), nullable=False),
        sa.Column("upstream_id", sa.String(length=512), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("party_key", sa.String(length=32), nullable=True),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_account_link_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_link")),
        sa.UniqueConstraint("source_id", "upstream_id", name=op.f("uq_account_link_source_id_upstream_id")),
    )
    op.create_index("ix_account_link_account_id", "account_link", ["account_id"], unique=False)

    op.create_table(
        "authorization_code",
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("family_id", sa.String(length=32), nullable=False),
        sa.Column("session_id", sa.String(length=32), nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("code_challenge", sa.String(length=128), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=True),
        sa.Column("sub", sa.String(length=64), nullable=False),
        sa.Column("auth_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acr", sa.String(length=16), nullable=False),
        sa.Column("amr", sa.String(length=100), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_authorization_code_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_authorization_code_client_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_authorization_code")),
    )
    op.create_index("ix_authorization_code_account_id", "authorization_code", ["account_id"], unique=False)
    op.create_index("ix_authorization_code_client_id", "authorization_code", ["client_id"], unique=False)
    op.create_index("ix_authorization_code_expires_at", "authorization_code", ["expires_at"], unique=False)
    op.create_index("ix_authorization_code_session_id", "authorization_code", ["session_id"], unique=False)

    op.create_table(
        "case_file",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("department_id", sa.String(length=32), nullable=False),
        sa.Column("case_no", sa.String(length=64), nullable=False),
        sa.Column("short_no", sa.String(length=64), nullable=True),
        sa.Column("item_code", sa.String(length=64), nullable=True),
        sa.Column("item_name", sa.String(length=200), nullable=True),
        sa.Column("party_key", sa.String(length=32), nullable=True),
        sa.Column("applicant_name", sa.String(length=200), nullable=True),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("turn", sa.String(length=16), nullable=False),
        sa.Column("bucket", sa.String(length=8), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due", sa.Date(), nullable=True),
        sa.Column("snapshot", JSON, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_case_file_department_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_file")),
    )
    op.create_index("ix_case_file_case_no_department_id", "case_file", ["case_no", "department_id"], unique=True)
    op.create_index(
        "ix_case_file_party_key_bucket_changed_at_id",
        "case_file",
        ["party_key", "bucket", "changed_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_case_file_party_key_bucket_due_id", "case_file", ["party_key", "bucket", "due", "id"], unique=False
    )
    op.create_index(
        "ix_case_file_party_key_changed_at_id", "case_file", ["party_key", "changed_at", "id"], unique=False
    )

    op.create_table(
        "client_secret",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_client_secret_client_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_secret")),
    )
    op.create_index("ix_client_secret_client_id", "client_secret", ["client_id"], unique=False)

    op.create_table(
        "consent",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("granted", JSON, nullable=False),
        sa.Column("declined", JSON, nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_consent_account_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_consent_client_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
        sa.UniqueConstraint("account_id", "client_id", name=op.f("uq_consent_account_id_client_id")),
    )
    op.create_index("ix_consent_client_id", "consent", ["client_id"], unique=False)
    op.create_index("ix_consent_expires_at", "consent", ["expires_at"], unique=False)

    op.create_table(
        "delivery",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("intent_id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("locale", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", sa.String(length=200), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["intent_id"], ["notification_intent.id"], name=op.f("fk_delivery_intent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("intent_id", "channel", name=op.f("uq_delivery_intent_id_channel")),
    )
    op.create_index("ix_delivery_state_not_before", "delivery", ["state", "not_before"], unique=False)

    op.create_table(
        "feed_batch",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("department_id", sa.String(length=32), nullable=False),
        sa.Column("family", sa.String(length=32), nullable=False),
        sa.Column("format", sa.String(length=16), nullable=False),
        sa.Column("encoding", sa.String(length=16), nullable=False),
        sa.Column("header", JSON, nullable=True),
        sa.Column("delimiter", sa.String(length=1), nullable=True),
        sa.Column("hint", sa.String(length=32), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("with_findings", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("duplicates", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_feed_batch_department_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_batch")),
    )
    op.create_index("ix_feed_batch_department_id_id", "feed_batch", ["department_id", "id"], unique=False)
    op.create_index(
        "ix_feed_batch_unfinished",
        "feed_batch",
        ["received_at"],
        unique=False,
        sqlite_where=sa.text("status = 'received'"),
        postgresql_where=sa.text("status = 'received'"),
    )

    op.create_table(
        "inbox_message",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("intent_id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("rule", sa.String(length=64), nullable=False),
        sa.Column("facts", JSON, nullable=False),
        sa.Column("link", sa.String(length=200), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["intent_id"], ["notification_intent.id"], name=op.f("fk_inbox_message_intent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox_message")),
        sa.UniqueConstraint("intent_id", name=op.f("uq_inbox_message_intent_id")),
    )
    op.create_index("ix_inbox_message_account_id_id", "inbox_message", ["account_id", "id"], unique=False)

    op.create_table(
        "known_device",
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("device_hash", sa.String(length=64), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_known_device_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "device_hash", name=op.f("pk_known_device")),
    )
    op.create_index("ix_known_device_last_seen_at", "known_device", ["last_seen_at"], unique=False)

    op.create_table(
        "link_arrival",
        sa.Column("id", sa.String(length=43), nullable=False),
        sa.Column("browser_hash", sa.String(length=64), nullable=False),
        sa.Column("flow", sa.String(length=64), nullable=True),
        sa.Column("next", sa.String(length=2000), nullable=True),
        sa.Column("source_id", sa.String(length=64), nullable=False),
        sa.Column("city_code", sa.String(length=64), nullable=False),
        sa.Column("upstream_id", sa.String(length=512), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("id_type", sa.String(length=3), nullable=True),
        sa.Column("id_number", sa.LargeBinary(), nullable=True),
        sa.Column("email", sa.LargeBinary(), nullable=True),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("upstream_session", sa.String(length=512), nullable=True),
        sa.Column("account_id", sa.String(length=32), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_link_arrival_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_arrival")),
    )
    op.create_index("ix_link_arrival_account_id", "link_arrival", ["account_id"], unique=False)
    op.create_index("ix_link_arrival_expires_at", "link_arrival", ["expires_at"], unique=False)

    op.create_table(
        "login_name",
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("shown", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_login_name_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_login_name")),
    )
    op.create_index("ix_login_name_account_id", "login_name", ["account_id"], unique=False)

    op.create_table(
        "login_session",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("auth_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("amr", JSON, nullable=False),
        sa.Column("source_id", sa.String(length=64), nullable=True),
        sa.Column("upstream_session", sa.String(length=512), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=True),
        sa.Column("device", sa.String(length=200), nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_login_session_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_session")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_login_session_secret_hash")),
    )
    op.create_index("ix_login_session_account_id", "login_session", ["account_id"], unique=False)
    op.create_index("ix_login_session_expires_at", "login_session", ["expires_at"], unique=False)
    op.create_index("ix_login_session_source_id", "login_session", ["source_id"], unique=False)

    op.create_table(
        "outbox_delivery",
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("handler", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claim", sa.Text(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dead_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["event_id"], ["outbox_event.id"], name=op.f("fk_outbox_delivery_event_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("event_id", "handler", name=op.f("pk_outbox_delivery")),
    )
    op.create_index(
        "ix_outbox_delivery_due",
        "outbox_delivery",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("done_at IS NULL AND dead_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL AND dead_at IS NULL"),
    )

    op.create_table(
        "reuse_release",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("party_key", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("intent_id", sa.String(length=32), nullable=False),
        sa.Column("client_id", sa.String(length=128), nullable=False),
        sa.Column("receiver_name", sa.String(length=200), nullable=False),
        sa.Column("item_code", sa.String(length=64), nullable=False),
        sa.Column("item_name", sa.String(length=200), nullable=False),
        sa.Column("purpose", sa.String(length=400), nullable=False),
        sa.Column("released", JSON, nullable=False),
        sa.Column("withheld", JSON, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["intent_id"], ["reuse_intent.id"], name=op.f("fk_reuse_release_intent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reuse_release")),
        sa.UniqueConstraint("intent_id", name=op.f("uq_reuse_release_intent_id")),
        sa.UniqueConstraint("party_key", "seq", name="uq_reuse_release_party_key_seq"),
    )
    op.create_index("ix_reuse_release_party_key_id", "reuse_release", ["party_key", "id"], unique=False)

    op.create_table(
        "subject",
        sa.Column("sub", sa.String(length=64), nullable=False),
        sa.Column("sector", sa.String(length=255), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_subject_account_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("sub", name=op.f("pk_subject")),
        sa.UniqueConstraint("sector", "account_id", name=op.f("uq_subject_sector_account_id")),
    )
    op.create_index("ix_subject_account_id", "subject", ["account_id"], unique=False)

    op.create_table(
        "token_family",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("session_id", sa.String(length=32), nullable=False),
        sa.Column("sub", sa.String(length=64), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("auth_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acr", sa.String(length=16), nullable=False),
        sa.Column("amr", sa.String(length=100), nullable=False),
        sa.Column("seed", sa.LargeBinary(), nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rotated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_for", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_token_family_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_token_family_client_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_token_family")),
    )
    op.create_index("ix_token_family_account_id_client_id", "token_family", ["account_id", "client_id"], unique=False)
    op.create_index("ix_token_family_client_id", "token_family", ["client_id"], unique=False)
    op.create_index("ix_token_family_expires_at", "token_family", ["expires_at"], unique=False)
    op.create_index("ix_token_family_session_id", "token_family", ["session_id"], unique=False)

    op.create_table(
        "raw_record",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("department_id", sa.String(length=32), nullable=False),
        sa.Column("family", sa.String(length=32), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("fingerprint", sa.String(length=32), nullable=False),
        sa.Column("record_key", sa.String(length=200), nullable=True),
        sa.Column("label", sa.String(length=200), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content_key", sa.String(length=32), nullable=True),
        sa.Column("status", sa.String(length=24), nullable=False),
        sa.Column("findings", JSON, nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["feed_batch.id"], name=op.f("fk_raw_record_batch_id")),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_raw_record_department_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_raw_record")),
    )
    op.create_index("ix_raw_record_batch_id_position", "raw_record", ["batch_id", "position"], unique=True)
    op.create_index(
        "ix_raw_record_record_key_department_id_family",
        "raw_record",
        ["record_key", "department_id", "family"],
        unique=False,
    )

    op.create_table(
        "reuse_package",
        sa.Column("release_id", sa.String(length=32), nullable=False),
        sa.Column("client_id", sa.String(length=128), nullable=False),
        sa.Column("code_digest", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["release_id"], ["reuse_release.id"], name=op.f("fk_reuse_package_release_id")),
        sa.PrimaryKeyConstraint("release_id", name=op.f("pk_reuse_package")),
        sa.UniqueConstraint("code_digest", name=op.f("uq_reuse_package_code_digest")),
    )
    op.create_index("ix_reuse_package_expires_at", "reuse_package", ["expires_at"], unique=False)

    op.create_table(
        "case_event",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("seq", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("payload", JSON, nullable=False),
        sa.Column("department_id", sa.String(length=32), nullable=False),
        sa.Column("raw_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name=op.f("fk_case_event_case_id")),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_case_event_department_id")),
        sa.ForeignKeyConstraint(["raw_id"], ["raw_record.id"], name=op.f("fk_case_event_raw_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_event")),
    )
    op.create_index("ix_case_event_case_id_kind_seq", "case_event", ["case_id", "kind", "seq"], unique=True)
    op.create_index("ix_case_event_raw_id", "case_event", ["raw_id"], unique=False)

    op.create_table(
        "certificate",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("department_id", sa.String(length=32), nullable=False),
        sa.Column("record_key", sa.String(length=200), nullable=False),
        sa.Column("party_key", sa.String(length=32), nullable=False),
        sa.Column("holder_name", sa.String(length=200), nullable=True),
        sa.Column("identifier", sa.String(length=200), nullable=True),
        sa.Column("type_code", sa.String(length=64), nullable=False),
        sa.Column("type_name", sa.String(length=200), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("number", sa.LargeBinary(), nullable=False),
        sa.Column("issuer", sa.String(length=200), nullable=False),
        sa.Column("issuer_code", sa.String(length=32), nullable=True),
        sa.Column("area_code", sa.String(length=12), nullable=True),
        sa.Column("item_code", sa.String(length=64), nullable=True),
        sa.Column("case_no", sa.String(length=64), nullable=True),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("status_raw", sa.String(length=64), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("raw_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_certificate_department_id")),
        sa.ForeignKeyConstraint(["raw_id"], ["raw_record.id"], name=op.f("fk_certificate_raw_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate")),
    )
    op.create_index("ix_certificate_expires_on_id", "certificate", ["expires_on", "id"], unique=False)
    op.create_index(
        "ix_certificate_party_key_expires_on_id", "certificate", ["party_key", "expires_on", "id"], unique=False
    )
    op.create_index("ix_certificate_raw_id", "certificate", ["raw_id"], unique=False)
    op.create_index(
        "ix_certificate_record_key_department_id", "certificate", ["record_key", "department_id"], unique=True
    )

    op.create_table(
        "fact",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("party_key", sa.String(length=32), nullable=False),
        sa.Column("field", sa.String(length=48), nullable=False),
        sa.Column("department_id", sa.String(length=32), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=True),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("raw_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_fact_department_id")),
        sa.ForeignKeyConstraint(["raw_id"], ["raw_record.id"], name=op.f("fk_fact_raw_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fact")),
    )
    op.create_index(
        "ix_fact_party_key_field_department_id", "fact", ["party_key", "field", "department_id"], unique=True
    )
    op.create_index("ix_fact_raw_id", "fact", ["raw_id"], unique=False)

    op.create_table(
        "service_item",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("department_id", sa.String(length=32), nullable=False),
        sa.Column("body_name", sa.String(length=200), nullable=True),
        sa.Column("type", sa.String(length=2), nullable=True),
        sa.Column("level", sa.String(length=2), nullable=True),
        sa.Column("legal_limit", sa.Integer(), nullable=True),
        sa.Column("legal_unit", sa.String(length=8), nullable=False),
        sa.Column("promised_limit", sa.Integer(), nullable=True),
        sa.Column("promised_unit", sa.String(length=8), nullable=False),
        sa.Column("materials", JSON, nullable=False),
        sa.Column("result_certificate", sa.String(length=200), nullable=True),
        sa.Column("legal_basis", sa.String(length=1000), nullable=True),
        sa.Column("phone", sa.String(length=64), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("raw_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_service_item_department_id")),
        sa.ForeignKeyConstraint(["raw_id"], ["raw_record.id"], name=op.f("fk_service_item_raw_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_item")),
        sa.UniqueConstraint("code", name=op.f("uq_service_item_code")),
    )

    for table in ("access_entry", "audit_entry", "audit_link", "reuse_release"):
        for statement in append_only.statements(table, op.get_bind().dialect.name):
            op.execute(statement)
