"""Checks what is read of an archive, and what is refused before it is unpacked."""

import io
import json
import pathlib
import stat
import unittest
import zipfile

from .archive import ArchiveProblem, read_archive

LAB = pathlib.Path(__file__).parents[3] / "testing/fixtures/otter-lab/autograders/demo/zips/lab-demo-autograder.zip"
SPEC = {"name": "q1", "points": 1, "suites": [{"cases": [{"code": ">>> x\n3\n", "hidden": False}]}]}
TEST = f"OK_FORMAT = True\n\ntest = {SPEC!r}\n"


def pack(entries: dict[str, bytes | str], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", compression) as made:
        for name, content in entries.items():
            made.writestr(name, content)
    return data.getvalue()


def pack_one(entry: zipfile.ZipInfo, content: bytes = b"x") -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as made:
        made.writestr("tests/q1.py", TEST)
        made.writestr(entry, content)
    return data.getvalue()


class ArchiveTest(unittest.TestCase):
    def refuse(self, data: bytes, words: str) -> None:
        with self.assertRaises(ArchiveProblem) as caught:
            read_archive(data)
        self.assertIn(words, caught.exception.sentence)

    def test_the_lab_is_read(self) -> None:
        archive = read_archive(LAB.read_bytes())
        self.assertEqual(archive.config["assignment_name"], "lab-demo")
        self.assertEqual(list(archive.tests), [f"tests/q{number}.py" for number in range(1, 7)])
        self.assertEqual([test.unsupported for test in archive.tests.values()], [None] * 6)
        self.assertEqual(list(archive.files), ["weather.csv"])

    def test_an_archive_without_a_config_has_an_empty_one(self) -> None:
        self.assertEqual(read_archive(pack({"tests/q1.py": TEST})).config, {})

    def test_only_files_directly_below_tests_are_tests(self) -> None:
        entries = {"tests/q1.py": TEST, "tests/more/q2.py": TEST, "tests/.q3.py": TEST, "tests/data.csv": "1"}
        self.assertEqual(list(read_archive(pack({**entries})).tests), ["tests/q1.py"])

    def test_files_keep_their_folders_and_tests_among_them_are_dropped(self) -> None:
        entries: dict[str, bytes | str] = {
            "tests/q1.py": TEST,
            "files/data/a.csv": b"\xff",
            "files/b.txt": "b",
            "files/empty/": "",
            "files/tests/q1.py": "x",
            "setup.sh": "rm",
        }
        self.assertEqual(read_archive(pack(entries)).files, {"data/a.csv": b"\xff", "b.txt": b"b"})

    def test_names_with_empty_parts_are_what_unpacking_makes_of_them(self) -> None:
        archive = read_archive(pack({"./tests//q1.py": TEST, "./otter_config.json": '{"seed": 1}'}))
        self.assertEqual((list(archive.tests), archive.config), (["tests/q1.py"], {"seed": 1}))

    def test_what_is_no_zip_is_refused(self) -> None:
        for data in (b"", b"PK", b"hello" * 100, pack({"tests/q1.py": TEST})[:-30]):
            self.refuse(data, "not a readable zip file: upload it again")

    def test_a_damaged_zip_is_refused(self) -> None:
        data = bytearray(pack({"tests/q1.py": TEST}, zipfile.ZIP_STORED))
        data[data.index(b"OK_FORMAT")] ^= 1
        self.refuse(bytes(data), "damaged")

    def test_any_damaged_byte_gives_an_archive_or_a_sentence(self) -> None:
        good = pack({"tests/q1.py": TEST, "files/a": "a" * 99, "otter_config.json": "{}"})
        for place in range(len(good)):
            for change in (0x01, 0x80, 0xFF):
                data = bytearray(good)
                data[place] ^= change
                try:
                    read_archive(bytes(data))
                except ArchiveProblem as problem:
                    self.assertTrue(problem.sentence)

    def test_an_encrypted_zip_is_refused(self) -> None:
        data = bytearray(pack({"tests/q1.py": TEST}))
        data[6] |= 1
        data[data.index(b"PK\x01\x02") + 8] |= 1
        self.refuse(bytes(data), "encrypted")

    def test_links_and_special_files_are_refused(self) -> None:
        for kind in (stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK):
            entry = zipfile.ZipInfo("files/link")
            entry.external_attr = (kind | 0o777) << 16
            self.refuse(pack_one(entry, b"/etc/passwd"), "link or special file")

    def test_names_that_leave_the_folder_are_refused(self) -> None:
        cases = {
            "/etc/passwd": "absolute name",
            "files/../../a": '".."',
            "..": '".."',
            "files\\a": "backslash",
            "files/" + "a" * 256: "too long",
            "files/" + "a/" * 1000 + "b": "too long",
        }
        for name, words in cases.items():
            with self.subTest(name[:30]):
                self.refuse(pack({"tests/q1.py": TEST, name: "x"}), words)

    def test_a_name_with_a_hidden_end_is_refused(self) -> None:
        data = pack({"tests/q1.py": TEST, "files/a_b": "x"}).replace(b"files/a_b", b"files/a\0b")
        self.refuse(data, "backslash or NUL")

    def test_too_many_entries_are_refused(self) -> None:
        entries: dict[str, bytes | str] = {f"files/{number}": "" for number in range(10_000)}
        self.refuse(pack({"tests/q1.py": TEST, **entries}), "more than 10,000 entries")
        self.refuse(b"PK\x01\x02" * 200_001, "more than 10,000 entries")

    def test_unpacked_bytes_are_counted_whatever_the_archive_says(self) -> None:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
            made.writestr("tests/q1.py", TEST)
            with made.open("environment.yml", "w") as file:
                for _ in range(33):
                    file.write(bytes(16 * 2**20))
        self.refuse(packed.getvalue(), "over 512 MB when unpacked")

    def test_a_file_that_is_also_a_folder_is_refused(self) -> None:
        self.refuse(pack({"tests/q1.py": TEST, "files/a": "x", "files/a/b": "y"}), "a file and a folder")

    def test_a_config_that_is_not_an_object_of_json_is_refused(self) -> None:
        for config, words in ((b"{", "is not JSON"), (b"\xff", "is not JSON"), (b"[]", "not an object")):
            self.refuse(pack({"tests/q1.py": TEST, "otter_config.json": config}), words)
        self.refuse(pack({"tests/q1.py": TEST, "otter_config.json": "[" * 100_000}), "is not JSON")

    def test_an_archive_without_tests_is_refused(self) -> None:
        self.refuse(pack({"otter_config.json": "{}", "tests/more/q1.py": TEST}), "has no tests")

    def test_another_language_is_refused(self) -> None:
        config = json.dumps({"lang": "julia"})
        self.refuse(pack({"tests/q1.py": TEST, "otter_config.json": config}), "'julia'; this grader has only Python and R")

    def test_r_is_left_to_plain_otter_with_its_tests_unread(self) -> None:
        config = json.dumps({"lang": "r"})
        archive = read_archive(pack({"tests/q1.R": "test = list()", "tests/q2.py": TEST, "otter_config.json": config}))
        self.assertEqual((archive.tests, archive.unsupported), ({}, ("The assignment is in R.",)))
        self.refuse(pack({"tests/q1.py": TEST, "otter_config.json": config}), "no tests (tests/*.R)")

    def test_plugins_of_the_author_are_left_to_plain_otter_and_otters_own_are_noted(self) -> None:
        config = json.dumps({"plugins": ["curve.Curve", {"otter.plugins.builtin.RateLimiting": {}}]})
        archive = read_archive(pack({"tests/q1.py": TEST, "otter_config.json": config}))
        self.assertEqual(len(archive.tests), 1)
        self.assertIn("The plugin curve.Curve is", "".join(archive.unsupported))
        self.assertIn("RateLimiting is left out", "".join(archive.notes))

    def test_plugins_that_name_no_class_are_refused(self) -> None:
        self.refuse(pack({"tests/q1.py": TEST, "otter_config.json": '{"plugins": ["Curve"]}'}), "names a plugin by")

    def test_two_tests_of_one_name_are_refused(self) -> None:
        self.refuse(pack({"tests/q1.py": TEST, "tests/q2.py": TEST}), "tests/q2.py has no question name of its own")
