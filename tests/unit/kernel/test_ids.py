import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

from kernel.ids import new_id, new_secret


def test_an_id_is_a_uuid_of_version_7_and_the_rfc_variant():
    value = uuid.UUID(hex=new_id())
    assert value.version == 7
    assert value.variant == uuid.RFC_4122


def test_an_id_carries_its_millisecond():
    before = time.time_ns() // 1_000_000
    milliseconds = int(new_id()[:12], 16)
    assert before <= milliseconds <= time.time_ns() // 1_000_000 + 1


def test_ids_rise_strictly_even_within_a_microsecond_and_across_threads():
    with ThreadPoolExecutor(4) as pool:
        lists = list(pool.map(lambda _: [new_id() for _ in range(5000)], range(4)))
    for ids in lists:
        assert ids == sorted(ids)
    assert len({i for ids in lists for i in ids}) == 20_000


def test_ids_of_another_process_sort_by_time():
    first = new_id()
    command = [sys.executable, "-c", "from kernel.ids import new_id; print(new_id())"]
    second = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert first < second < new_id()


def test_secrets_are_url_safe_and_differ():
    made = {new_secret() for _ in range(100)}
    assert len(made) == 100
    assert all(len(s) == 43 and s.replace("-", "").replace("_", "").isalnum() for s in made)
