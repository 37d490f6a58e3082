"""No plan has lost a module: what is collected, counted against the plans (IDENTITY §2)."""

import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
INSTANCES = {
    "test_config": 1,
    "test_basic": 38,
    "test_formpost_basic": 38,
    "test_dynamic": 23,
    "test_rp_initiated_logout": 11,
    "test_frontchannel": 2,
    "test_backchannel": 2,
    "test_third_party_login": 2,
    "test_fapi2_security_profile": 62,
}
COLLECTED = re.compile(r"conformance/(test_\w+)\.py::test_\w+\[((?:oidcc|fapi2)-[\w-]+)(?:@[\w-]+)?\]$", re.MULTILINE)


def test_every_plan_has_every_instance_once():
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "-n", "0", str(HERE)]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True).stdout
    names = defaultdict(list)
    for plan, module in COLLECTED.findall(told):
        names[plan].append(module)
    assert {plan: len(modules) for plan, modules in names.items()} == INSTANCES
    assert all(len(set(modules)) == len(modules) for modules in names.values())
    assert names["test_basic"] == names["test_formpost_basic"]
