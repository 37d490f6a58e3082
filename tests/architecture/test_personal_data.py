"""Nobody reads a party's data past the layer that writes the access log."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
READERS = {"profiles.cases.read", "profiles.certificates.read", "profiles.facts"}
MODELS = {"profiles.models.case", "profiles.models.certificate", "profiles.models.fact", "profiles.models.party"}
DATA_SIDE = (
    "profiles/access.py",
    "profiles/facts.py",
    "profiles/contract.py",  # the state of one certificate for a reminder: no value of it leaves
    "profiles/cases/",
    "profiles/certificates/",
    "profiles/feeds/",
    "profiles/models/",
)
LOOKS = {"profiles/access.py", "profiles/subject.py", "profiles/claims.py"}
"""Who may open a look without the guards around it: the layer itself, the person's own page, the answers to claims."""


def modules():
    for package in ("profiles", "subscriptions", "wiring", "idp"):
        for path in (ROOT / package).rglob("*.py"):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def imported(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for name in node.names:
                yield node.module, name.name
        elif isinstance(node, ast.Import):
            for name in node.names:
                yield name.name, ""


def faults(name, tree):
    if name.startswith(DATA_SIDE):
        return
    for module, thing in imported(tree):
        # Types and constants may be named anywhere; what reads is a function, and those are written small.
        if module in READERS and not thing[:1].isupper():
            yield f"{name} imports {module}.{thing}"
        if module in MODELS:
            yield f"{name} imports {module}"
        if module == "profiles.access" and thing == "Look" and name not in LOOKS and _calls(tree, "Look"):
            yield f"{name} opens a Look of its own"


def _calls(tree, function):
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == function
        for node in ast.walk(tree)
    )


def test_only_the_access_layer_reads_personal_data():
    found = [fault for name, tree in modules() for fault in faults(name, tree)]
    assert not found, "\n".join(found)


def test_the_check_itself_finds_what_it_looks_for():
    told = list(
        faults("profiles/x.py", ast.parse("from profiles.facts import facts_of, FactField\nimport profiles.cases.read"))
    )
    assert told == ["profiles/x.py imports profiles.facts.facts_of", "profiles/x.py imports profiles.cases.read."]
