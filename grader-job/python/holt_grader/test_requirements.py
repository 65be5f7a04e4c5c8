"""Checks what an archive is said to ask for beyond the grader's own packages."""

import sys
import unittest
from importlib.metadata import version

from .archive import ArchiveProblem
from .requirement_lines import LONGEST_LINE, MOST_BYTES, MOST_LINES
from .requirements import Asked, Conflict, find_beyond

OTTERS = b"""\
name: otter-env
channels:
  - conda-forge
dependencies:
  - python=3.13
  - pip
  - jupyter_server
  - pip:
      - otter-grader[grading,plugins]==7.0.0
      - numpy
      - pandas
"""


def find(text: str) -> Asked:
    return find_beyond({"requirements.txt": text.encode()})


class RequirementsTest(unittest.TestCase):
    def refuse(self, files: dict[str, bytes], *words: str) -> None:
        with self.assertRaises(ArchiveProblem) as caught:
            find_beyond(files)
        for word in words:
            self.assertIn(word, caught.exception.sentence)

    def test_what_otter_writes_itself_asks_for_nothing(self) -> None:
        self.assertEqual(find_beyond({"environment.yml": OTTERS}), Asked())
        self.assertEqual(find("otter-grader==4.1.0\n"), Asked(), "the grader has its own otter")
        self.assertEqual(find_beyond({}), Asked())

    def test_names_are_in_plain_form_and_sorted_whichever_file_has_them(self) -> None:
        text = "# our own\n\nTabulate >= 0.9  # tables\ncowsay\\\n  ==6.1\nNumPy\n"
        self.assertEqual(find(text).lines, ("cowsay==6.1", "tabulate>=0.9"))
        conda = b"dependencies:\n - pip:\n   - Cow.Say<7\n   - tabulate\n"
        asked = find_beyond({"requirements.txt": b"cow_say>=1\n", "environment.yml": conda})
        self.assertEqual(asked.lines, ("cow-say<7,>=1", "tabulate"))

    def test_what_is_meant_for_another_python_is_not_asked_for(self) -> None:
        here = "{}.{}".format(*sys.version_info)
        text = f"cowsay; python_version < '3'\ntabulate; python_version == '{here}'\nnumpy==1; sys_platform == 'mars'\n"
        self.assertEqual(find(text).lines, ("tabulate",))

    def test_an_extra_that_the_base_has_not_is_asked_for(self) -> None:
        self.assertEqual(find("otter-grader[grading]\nrequests[socks]\n").lines, ("requests[socks]",))
        self.assertEqual(find("requests>=2\n").lines, ())
        self.assertEqual(find("requests[no-such-extra]\n").lines, ())

    def test_another_version_than_the_base_has_is_a_conflict_that_names_both(self) -> None:
        with self.assertRaises(Conflict) as caught:
            find("numpy<2,>=1.20\n")
        self.assertIn("numpy<2,>=1.20", caught.exception.sentence)
        self.assertIn(f"numpy {version('numpy')}", caught.exception.sentence)

    def test_places_and_options_are_refused_by_what_they_say(self) -> None:
        for line in ("../x", "./x.whl", "file:///x", "git+https://h/x", "x @ https://h/x.whl", "C:\\x"):
            self.refuse({"requirements.txt": line.encode()}, ascii(line)[1:-1], "a place", "tabulate>=0.9")
        for line in ("-r other.txt", "-e .", "--index-url https://h", "cowsay --hash=sha256:aa", "--pre"):
            self.refuse({"requirements.txt": line.encode()}, ascii(line), "an option")
        for line in ("cowsay==", "cow say", "cowsay===6.1", "cowsay==6.1;", "cowsay; x == 'y'", "c\0w"):
            self.refuse({"requirements.txt": line.encode()}, "asks for", ascii(line)[1:6])

    def test_a_credential_in_an_address_is_not_told(self) -> None:
        with self.assertRaises(ArchiveProblem) as caught:
            find("git+https://user:word@host/x")
        self.assertNotIn("word", caught.exception.sentence)

    def test_no_break_of_a_line_smuggles_an_option_in(self) -> None:
        for mark in ("\n", "\r", "\f", "\x0b", "\x85", "\u2028", "\\\n "):
            self.refuse({"requirements.txt": f"cowsay{mark}--index-url=https://h".encode()}, "an option")
        for text in ('"cowsay\\n--index-url=https://h"', "|\n     cowsay\n     --index-url=https://h"):
            conda = f"dependencies:\n - pip:\n   - {text}\n".encode()
            self.refuse({"environment.yml": conda}, "environment.yml", "'--index-url=https://h'", "an option")
        for mark in ("\t", "\u00a0", "\u3000"):
            self.refuse({"requirements.txt": f"cowsay{mark}--index-url=https://h".encode()}, "asks for")

    def test_what_conda_would_install_is_named(self) -> None:
        conda = b"dependencies:\n - conda-forge::r-base=4\n - numpy=1.26\n - python=3.9\n - pip: [cowsay]\n"
        asked = find_beyond({"environment.yml": conda})
        self.assertEqual(asked.lines, ("cowsay",))
        self.assertEqual(len(asked.notes), 1)
        self.assertIn("conda package r-base is not supported", asked.notes[0])

    def test_files_that_cannot_be_read_are_refused(self) -> None:
        self.refuse({"requirements.txt": b"\xff"}, "not UTF-8")
        self.refuse({"requirements.txt": b"#" * (MOST_BYTES + 1)}, "64 kB")
        self.refuse({"requirements.txt": b"x\n" * (MOST_LINES + 1)}, "more than 300")
        self.refuse({"requirements.txt": b"x" * (LONGEST_LINE + 1)}, "too long")
        for conda in (b"dependencies: [", b"[" * 30_000, b"a: b: c", b"\0"):
            self.refuse({"environment.yml": conda}, "environment.yml", "not YAML")
        self.refuse({"environment.yml": b"dependencies: [{pip: [{a: b}]}]"}, "more than names")

    def test_a_file_of_yaml_that_grows_does_not(self) -> None:
        levels = [f"l{n}: &l{n} {{{', '.join(f'k{i}: *l{n - 1}' for i in range(9))}}}" for n in range(1, 12)]
        merges = [f"m{n}: &m{n} {{<<: [{', '.join([f'*m{n - 1}'] * 9)}]}}" for n in range(1, 12)]
        conda = "\n".join(["l0: &l0 {a: b}", *levels, "m0: &m0 {a: b}", *merges, "dependencies: [*l11, *m11]"])
        self.assertEqual(find_beyond({"environment.yml": conda.encode()}), Asked())
        self.assertEqual(find_beyond({"environment.yml": b"- a list"}), Asked())


if __name__ == "__main__":
    unittest.main()
