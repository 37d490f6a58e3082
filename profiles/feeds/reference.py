"""The reference of feeds (docs/reference/feeds.md), made from the families themselves."""

from collections.abc import Iterator

from profiles.feeds.findings import WORDS
from profiles.feeds.format import MOST_BYTES, MOST_RECORDS
from profiles.feeds.registry import families, formats


def markdown() -> str:
    """The whole document: English, with meanings and findings in the source language, as senders get them."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Feeds"
    yield ""
    size = f"{MOST_BYTES // 1024 // 1024} MiB"
    yield f"`POST /feeds/v1/<family>` takes a batch of at most {MOST_RECORDS:,} records and {size}."
    yield "Any name in a field's row may be its column's name, in any case and width; unknown columns are kept as sent."
    yield ""
    yield "| Format | Content-Type |"
    yield "|---|---|"
    for form in formats().values():
        yield f"| {form.name} | {', '.join(f'`{name}`' for name in form.media_types)} |"
    for family in families().values():
        yield ""
        yield f"## `{family.name}` {family.title}"
        yield ""
        yield "| Field | Also written | Required | Meaning |"
        yield "|---|---|---|---|"
        for column in family.columns.all:
            also = " ".join(f"`{alias}`" for alias in column.aliases)
            must = "yes" if column.required else ""
            yield f"| `{column.name}` | {also} | {must} | {column.meaning} |"
    yield ""
    yield "## Findings"
    yield ""
    yield "What the report of a batch says about a record, and what to do about it."
    yield ""
    yield "| Code | What is wrong | What to do |"
    yield "|---|---|---|"
    for code, words in sorted(WORDS.items()):
        yield f"| `{code}` | {words.message} | {words.remedy} |"
