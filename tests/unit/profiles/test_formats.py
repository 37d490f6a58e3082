"""From bytes to records: every format, every encoding, and what is broken, too large or hostile."""

import contextlib
import io
import json
import time
import zipfile

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from profiles.feeds.encoding import decode
from profiles.feeds.format import MOST_RECORDS, Shape, TooManyRecords, Unreadable
from profiles.feeds.formats import csv, ndjson, xlsx
from profiles.feeds.formats import json as json_format
from profiles.feeds.registry import families, formats
from profiles.feeds.workbook import check_archive

COLUMNS = families()["case"].columns
ROW = {"SBLSH": "440606202603020087", "SBSJ": "2026-03-02 21:15:00"}


def shape(batch):
    return Shape(header=batch.header, delimiter=batch.delimiter)


def read(plugin, body, charset=None):
    """The batch's records: fields, or the code of what is wrong."""
    batch = plugin.read(body, charset=charset, columns=COLUMNS)
    found = []
    for record in batch.records:
        fields = plugin.fields(record.content, shape(batch))
        found.append(record.fault.code if record.fault else dict(fields.values) or fields.findings[0].code)
    return found


def workbook(*rows, text=True):
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_numbers": not text})
    sheet = book.add_worksheet()
    for number, row in enumerate(rows):
        sheet.write_row(number, 0, row)
    book.close()
    return out.getvalue()


def repacked(body, **parts):
    """The same workbook with parts replaced or added."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in parts:
                new.writestr(name, old.read(name))
        for name, content in parts.items():
            new.writestr(name, content)
    return out.getvalue()


def test_every_plugin_is_found():
    assert list(families()) == ["case", "certificate", "item", "profile"]
    assert list(formats()) == ["csv", "json", "ndjson", "xlsx"]


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        ("广州市".encode(), "utf-8"),
        ("广州市".encode("utf-8-sig"), "utf-8-sig"),
        ("广州市".encode("gbk"), "gbk"),
        ("㐂喜".encode("gb18030"), "gb18030"),
        (b"ascii", "utf-8"),
        ("联通".encode("gbk"), "gbk"),
    ],
)
def test_encodings_are_found_by_a_fixed_rule(body, encoding):
    text, found = decode(body, None)
    assert found == encoding
    assert text.encode("gb18030" if "gb" in encoding else "utf-8") in body


def test_a_named_charset_is_obeyed():
    assert decode("广州".encode("gbk"), "gb2312") == ("广州", "gbk")
    with pytest.raises(Unreadable) as refused:
        decode("广州".encode("gbk"), "utf-8")
    assert refused.value.code == "bad_encoding"
    with pytest.raises(Unreadable) as refused:
        decode(b"", "utf-7")
    assert refused.value.code == "unknown_charset"


def test_bytes_of_no_encoding_are_told_with_their_line():
    with pytest.raises(Unreadable) as refused:
        decode(b"SBLSH\n\xff\xff\xff", None)
    assert refused.value.line == 2


def test_json_elements_keep_their_text():
    body = b'[ {"SBLSH": 440606202603020087 ,"n":1.50},\n{"SBLSH":"\\u5e7f"} ]'
    batch = json_format.plugin.read(body, charset=None, columns=COLUMNS)
    assert [record.content for record in batch.records] == [
        '{"SBLSH": 440606202603020087 ,"n":1.50}',
        '{"SBLSH":"\\u5e7f"}',
    ]
    assert read(json_format.plugin, body) == [
        {"SBLSH": "440606202603020087", "n": "1.50"},
        {"SBLSH": "广"},
    ]


@pytest.mark.parametrize(
    ("body", "line", "column"),
    [
        (b'{"SBLSH": 1}', 1, 1),
        (b'[{"SBLSH": 1},\n {"SBLSH": }]', 2, 12),
        (b'[{"SBLSH": 1}\n {"SBLSH": 2}]', 2, 2),
        (b'[{"SBLSH": 1}', 1, 14),
        (b"[{}] []", 1, 6),
        (b'[{"a": NaN}]', 1, 2),
        (b"[" * 100_000, 1, 2),
        (b"", 1, 1),
    ],
)
def test_broken_json_is_told_with_its_place(body, line, column):
    with pytest.raises(Unreadable) as refused:
        json_format.plugin.read(body, charset=None, columns=COLUMNS)
    assert refused.value.code == "invalid_json"
    assert refused.value.line == line
    assert refused.value.column == column


def test_elements_that_are_no_objects_are_refused_by_themselves():
    deep = '{"a":' * 10 + "1" + "}" * 10
    assert read(json_format.plugin, f'[1, "x", [2], {deep}, {{"SBLSH": "1"}}]'.encode()) == [
        "not_an_object",
        "not_an_object",
        "not_an_object",
        "not_an_object",
        {"SBLSH": "1"},
    ]


def test_numbers_of_any_length_stay_text():
    assert read(json_format.plugin, b'[{"n": ' + b"9" * 10_000 + b"}]") == [{"n": "9" * 10_000}]


def test_too_many_records_and_a_record_too_long():
    with pytest.raises(TooManyRecords):
        json_format.plugin.read(b"[" + b"{}," * MOST_RECORDS + b"{}]", charset=None, columns=COLUMNS)
    with pytest.raises(TooManyRecords):
        ndjson.plugin.read(b"{}\n" * (MOST_RECORDS + 1), charset=None, columns=COLUMNS)
    with pytest.raises(TooManyRecords):
        csv.plugin.read(b"SBLSH\n" + b"1\n" * (MOST_RECORDS + 1), charset=None, columns=COLUMNS)
    assert read(json_format.plugin, b'[{"a": "' + b"x" * 300_000 + b'"}]') == ["too_long_record"]


def test_ndjson_refuses_broken_lines_by_themselves():
    body = b'{"SBLSH":"1"}\r\n\n{"SBLSH":\n{"SBLSH":"3"} x\n{"SBLSH":"4"}'
    assert read(ndjson.plugin, body) == [{"SBLSH": "1"}, "invalid_json", "invalid_json", {"SBLSH": "4"}]
    batch = ndjson.plugin.read(body, charset=None, columns=COLUMNS)
    assert batch.records[1].fault is not None
    assert batch.records[1].fault.args == {"line": 3, "column": 10}
    assert batch.records[1].content == '{"SBLSH":'


def test_an_array_sent_as_lines_is_refused_as_a_whole():
    with pytest.raises(Unreadable):
        ndjson.plugin.read(b'[\n{"SBLSH":\n"1"},\n]', charset=None, columns=COLUMNS)


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_csv_in_gbk_with_any_delimiter(delimiter):
    body = f"SBLSH{delimiter}事项名称\r\n1{delimiter}公积金提取\r\n\r\n2{delimiter}\r\n".encode("gbk")
    batch = csv.plugin.read(body, charset=None, columns=COLUMNS)
    assert (batch.encoding, batch.delimiter) == ("gbk", delimiter)
    assert read(csv.plugin, body) == [
        {"SBLSH": "1", "事项名称": "公积金提取"},
        {"SBLSH": "2", "事项名称": ""},
    ]


def test_a_csv_whose_quotes_never_close_is_not_read_a_hundred_times():
    line = 'a",' + "x" * 1580 + ',"'
    body = ("SBLSH,SXMC\n" + f"{line}\n" * 9_990).encode()
    began = time.process_time()
    batch = csv.plugin.read(body, charset=None, columns=COLUMNS)
    assert [record.fault.code for record in batch.records if record.fault][:1] == ["broken_row"]
    assert time.process_time() - began < 10  # 200 times the body, before: minutes


def test_a_text_of_line_ends_only_is_refused_before_it_is_cut():
    with pytest.raises(TooManyRecords):
        csv.plugin.read(b"\r\n" * 1_000_000, charset=None, columns=COLUMNS)


def test_csv_cells_may_hold_delimiters_quotes_and_lines():
    body = '\ufeffSBLSH,BZGZYY\n1,"布局图，""消毒间""\n未标注, 请补"\n2,x\n'.encode()
    batch = csv.plugin.read(body, charset=None, columns=COLUMNS)
    assert batch.records[0].content == '1,"布局图，""消毒间""\n未标注, 请补"'
    assert read(csv.plugin, body)[0]["BZGZYY"] == '布局图，"消毒间"\n未标注, 请补'
    assert read(csv.plugin, body)[1] == {"SBLSH": "2", "BZGZYY": "x"}


def test_a_csv_row_with_a_broken_quote_loses_no_neighbour():
    body = b'SBLSH,BZGZYY\n1,x\n2,"never closed\n3,z\n4,"a"b\n5,w\n'
    assert read(csv.plugin, body) == [
        {"SBLSH": "1", "BZGZYY": "x"},
        "broken_row",
        {"SBLSH": "3", "BZGZYY": "z"},
        "broken_row",
        {"SBLSH": "5", "BZGZYY": "w"},
    ]


def test_csv_rows_that_shifted_are_refused_and_short_ones_told():
    body = b"SBLSH,SXMC\n1,a,b\n2\n3,c,,\n"
    assert read(csv.plugin, body) == ["too_many_cells", {"SBLSH": "2"}, {"SBLSH": "3", "SXMC": "c"}]


def test_csv_marks_that_keep_long_numbers_text_are_taken_off():
    body = b'SBLSH,SQRZJHM,LXRSFZJHM\n1,"=""440101190001010010""",\'440101190001010010\n'
    assert read(csv.plugin, body)[0]["SQRZJHM"] == "440101190001010010"
    assert read(csv.plugin, body)[0]["LXRSFZJHM"] == "440101190001010010"


def test_numbers_that_excel_rounded_are_told():
    body = b"SBLSH,SQRZJHM\n1,4.40101E+17\n"
    batch = csv.plugin.read(body, charset=None, columns=COLUMNS)
    fields = csv.plugin.fields(batch.records[0].content, shape(batch))
    assert [(f.code, f.field) for f in fields.findings] == [("lost_precision", "SQRZJHM")]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "no_header"),
        (b"\n\n , \n", "no_header"),
        (b"a,b\n1,2\n", "unknown_columns"),
        (b"SBLSH,SBLSH\n1,2\n", "repeated_column"),
        (b'"SBLSH\n1\n', "bad_header"),
        (b"," * 300 + b"SBLSH\n", "bad_header"),
    ],
)
def test_csv_without_a_usable_header_is_refused(body, code):
    with pytest.raises(Unreadable) as refused:
        csv.plugin.read(body, charset=None, columns=COLUMNS)
    assert refused.value.code == code


def test_one_giant_cell_is_refused_by_itself():
    body = b'SBLSH,SXMC\n1,"' + b"x" * 1_000_000 + b'"\n2,b\n'
    assert read(csv.plugin, body) == ["broken_row", {"SBLSH": "2", "SXMC": "b"}]


def test_xlsx_reads_the_first_sheet_as_text():
    body = workbook(["SBLSH", "SQRZJHM", "SLSJ"], ["440606202603020087", "440101190001010010", "2026-03-06"])
    assert read(xlsx.plugin, body) == [
        {"SBLSH": "440606202603020087", "SQRZJHM": "440101190001010010", "SLSJ": "2026-03-06"}
    ]


def test_xlsx_numbers_and_dates_become_text_and_rounded_ones_are_told():
    from datetime import datetime

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet()
    sheet.write_row(1, 1, ["SBLSH", "SQRZJHM", "SLSJ", "GDBLSX", "SXMC"])
    sheet.write_number(2, 1, 20260302)
    sheet.write_number(2, 2, 440101190001010010)
    sheet.write_datetime(2, 3, datetime(2026, 3, 6, 15, 20), book.add_format({"num_format": "yyyy-mm-dd hh:mm"}))
    sheet.write_number(2, 4, 20)
    sheet.write_formula(2, 5, "=1+1", None, "公积金")
    book.close()
    batch = xlsx.plugin.read(out.getvalue(), charset=None, columns=COLUMNS)
    fields = xlsx.plugin.fields(batch.records[0].content, shape(batch))
    assert fields.values["SBLSH"] == "20260302"
    assert fields.values["SLSJ"] == "2026-03-06 15:20:00"
    assert fields.values["GDBLSX"] == "20"
    assert fields.values["SXMC"] == "公积金"
    assert [(f.code, f.field) for f in fields.findings] == [("lost_precision", "SQRZJHM")]


@pytest.mark.parametrize("body", [b"", b"SBLSH,SXMC\n1,2\n", b"PK\x03\x04broken", b"\xd0\xcf\x11\xe0" * 100])
def test_what_is_no_workbook_is_refused(body):
    with pytest.raises(Unreadable) as refused:
        xlsx.plugin.read(body, charset=None, columns=COLUMNS)
    assert refused.value.code == "unreadable_workbook"


def test_half_a_workbook_is_refused():
    body = workbook(["SBLSH"], ["1"])
    for part in (body[: len(body) // 2], body[len(body) // 2 :], body[:-20]):
        with pytest.raises(Unreadable):
            xlsx.plugin.read(part, charset=None, columns=COLUMNS)


def test_a_zip_bomb_is_not_inflated():
    body = repacked(workbook(["SBLSH"], ["1"]), **{"xl/media/x.bin": b"\0" * (200 * 1024 * 1024)})
    assert len(body) < 1_000_000
    with pytest.raises(Unreadable) as refused:
        xlsx.plugin.read(body, charset=None, columns=COLUMNS)
    assert refused.value.code == "inflated_too_large"


def test_a_zip_directory_that_lies_does_not_help():
    body = bytearray(repacked(workbook(["SBLSH"], ["1"]), **{"xl/media/x.bin": b"\0" * (120 * 1024 * 1024)}))
    true_size = (120 * 1024 * 1024).to_bytes(4, "little")
    assert body.count(true_size) == 2
    lying = bytes(body.replace(true_size, (100).to_bytes(4, "little")))
    with pytest.raises(Unreadable) as refused:
        xlsx.plugin.read(lying, charset=None, columns=COLUMNS)
    assert refused.value.code == "inflated_too_large"


@pytest.mark.parametrize(
    ("reference", "error"), [("XFD1048576", TooManyRecords), ("XFD2", Unreadable), ("A1048576", TooManyRecords)]
)
def test_far_away_cells_are_not_allocated(reference, error):
    sheet = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        f'<row r="1"><c r="A1" t="inlineStr"><is><t>SBLSH</t></is></c></row><row><c r="{reference}"><v>1</v></c></row>'
        "</sheetData></worksheet>"
    )
    with pytest.raises(error):
        xlsx.plugin.read(
            repacked(workbook(["SBLSH"], ["1"]), **{"xl/worksheets/sheet1.xml": sheet}),
            charset=None,
            columns=COLUMNS,
        )


@pytest.mark.parametrize(
    ("rows", "error"),
    [
        ('<row r="1"><c r="A1"/><c r="IV1"/></row>' + "<row><c><v>1</v></c></row>" * 12_000, TooManyRecords),
        ('<row r="11000">' + "<c><v>1</v></c>" * 300 + "</row>", Unreadable),
        ('<row r="11000">' + """<c x-r="A1" s=" r='A1'"><v>1</v></c>""" * 300 + "</row>", Unreadable),
        ('<row r="10999"/>' + '<x:row x:r="1"/>' * 2, TooManyRecords),
        (f'<row><c r="A{"0" * 30}1048576"><v>1</v></c></row>', TooManyRecords),
        (f'<row><c r="{"A" * 30}2"><v>1</v></c></row>', Unreadable),
    ],
)
def test_rows_and_cells_that_do_not_say_where_they_are_reach_no_further(rows, error):
    sheet = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        f'<row r="1"><c r="A1" t="inlineStr"><is><t>SBLSH</t></is></c></row>{rows}</sheetData></worksheet>'
    )
    with pytest.raises(error):
        check_archive(repacked(workbook(["SBLSH"], ["1"]), **{"xl/worksheets/sheet1.xml": sheet}))


def test_a_workbook_may_leave_the_places_of_its_cells_out():
    rows = "".join(f'<row><c t="inlineStr"><is><t>{text}</t></is></c></row>' for text in ("SBLSH", "1", "2"))
    sheet = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        f"{rows}</sheetData></worksheet>"
    )
    body = repacked(workbook(["SBLSH"], ["1"]), **{"xl/worksheets/sheet1.xml": sheet})
    assert read(xlsx.plugin, body) == [{"SBLSH": "1"}, {"SBLSH": "2"}]


def test_other_archives_are_not_opened():
    for name in ("xl/workbook.bin", "content.xml"):
        with pytest.raises(Unreadable):
            xlsx.plugin.read(repacked(workbook(["SBLSH"], ["1"]), **{name: "x"}), charset=None, columns=COLUMNS)


def test_the_same_record_reads_the_same_in_every_format():
    table = [list(ROW), list(ROW.values())]
    as_csv = "\n".join(",".join(row) for row in table).encode()
    assert (
        read(json_format.plugin, json.dumps([ROW]).encode())
        == read(ndjson.plugin, json.dumps(ROW).encode())
        == read(csv.plugin, as_csv)
        == read(xlsx.plugin, workbook(*table))
        == [ROW]
    )


@settings(deadline=None)
@given(st.binary(max_size=200), st.sampled_from(["csv", "json", "ndjson", "xlsx"]))
def test_no_bytes_upset_a_format(body, name):
    with contextlib.suppress(Unreadable, TooManyRecords):
        read(formats()[name], body)


@settings(deadline=None)
@given(st.text(max_size=300))
def test_no_table_upsets_csv(text):
    body = ("SBLSH,SXMC\n" + text).encode("utf-8", "surrogatepass")
    with contextlib.suppress(Unreadable, TooManyRecords):
        read(csv.plugin, body)
