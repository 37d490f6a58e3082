"""Style sheet, script and pictures."""

import gzip
from pathlib import Path

import pytest

from kernel.door import Door
from tests.unit.doors.test_door import call
from wiring.static_files import StaticFiles


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "img").mkdir()
    (tmp_path / "ui.css").write_text("a{}" * 1000)
    (tmp_path / "small.js").write_text("1")
    (tmp_path / "img" / "mark.svg").write_text("<svg/>")
    return tmp_path


@pytest.fixture
def files(folder) -> StaticFiles:
    return StaticFiles(folder)


@pytest.fixture
def door(files) -> Door:
    return Door([files.endpoint()], lambda _e, start: start("404 Not Found", []) or [])


def test_a_file_of_this_release_is_kept_for_a_year(door, files):
    status, headers, body = call(door, f"{files.url_path}/ui.css")
    assert (status, body) == (200, b"a{}" * 1000)
    assert headers["cache-control"] == "public, max-age=31536000, immutable"
    assert headers["content-type"] == "text/css; charset=utf-8"


def test_a_file_of_another_release_is_given_and_not_kept(door):
    status, headers, _ = call(door, "/static/000000000000/ui.css")
    assert (status, headers["cache-control"]) == (200, "no-cache")


def test_text_is_packed_once_for_who_takes_it(door, files):
    _, headers, body = call(door, f"{files.url_path}/ui.css", HTTP_ACCEPT_ENCODING="br, gzip")
    assert headers["content-encoding"] == "gzip"
    assert headers["vary"] == "Accept-Encoding"
    assert gzip.decompress(body) == b"a{}" * 1000
    assert "content-encoding" not in call(door, f"{files.url_path}/small.js", HTTP_ACCEPT_ENCODING="gzip")[1]


def test_folders_keep_their_names(door, files):
    assert call(door, f"{files.url_path}/img/mark.svg")[1]["content-type"].startswith("image/svg+xml")


@pytest.mark.parametrize("name", ["../secret", "img/../../secret", "%2e%2e/secret", "img", "", "UI.CSS", "/etc/passwd"])
def test_only_files_of_the_folder_are_given(door, files, folder, name):
    (folder.parent / "secret").write_text("s")
    assert call(door, f"{files.url_path}/{name}")[0] == 404


def test_any_change_is_a_new_address(folder, files):
    (folder / "small.js").write_text("2")
    assert StaticFiles(folder).url_path != files.url_path
