"""The reference of feeds (docs/reference/feeds.md), made from the families themselves."""

from collections.abc import Iterator

from profiles.feeds.findings import WORDS
from profiles.feeds.format import MOST_BYTES, MOST_RECORDS
from profiles.feeds.registry import families, formats


def markdown() -> str:
    """The whole document, in the source language."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# 数据报送"
    yield ""
    yield "本页由程序生成：`flask feeds reference docs/reference/feeds.md`。"
    yield ""
    yield f"`POST /feeds/v1/<类>`，一次不超过{MOST_RECORDS:,}条、{MOST_BYTES // 1024 // 1024}MiB。"
    yield "列名不分大小写、全角半角；下面每一行的任何一个名字都可以用，不认识的列原样保存。"
    yield ""
    yield "| 格式 | Content-Type |"
    yield "|---|---|"
    for form in formats().values():
        yield f"| {form.name} | {', '.join(f'`{name}`' for name in form.media_types)} |"
    for family in families().values():
        yield ""
        yield f"## `{family.name}` {family.title}"
        yield ""
        yield "| 字段 | 也可以写成 | 含义 |"
        yield "|---|---|---|"
        for column in family.columns.all:
            must = "**必填** " if column.required else ""
            also = " ".join(f"`{alias}`" for alias in column.aliases)
            yield f"| `{column.name}` | {also} | {must}{column.meaning} |"
    yield ""
    yield "## 核对结果"
    yield ""
    yield "| 代码 | 问题 | 怎么办 |"
    yield "|---|---|---|"
    for code, words in sorted(WORDS.items()):
        yield f"| `{code}` | {words.message} | {words.remedy} |"
