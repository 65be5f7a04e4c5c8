"""Checks what a notebook finds around it."""

import re
import unittest

from holt_grader.grading_case import GradingCase


class Student(GradingCase):
    def look(self, code: str) -> str:
        """Answers what a cell prints."""
        answer = self.grade(code)
        self.assertIn("log", answer, answer)
        return str(answer["log"])

    def test_the_notebook_has_no_rights_and_a_filter_of_system_calls(self) -> None:
        log = self.look("print(open('/proc/self/status').read())")
        for line in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            self.assertRegex(log, rf"{line}:\s+0000000000000000\n")
        self.assertRegex(log, r"NoNewPrivs:\s+1\n")
        self.assertRegex(log, r"Seccomp:\s+2\n")
        self.assertRegex(log, r"Uid:\s+([1-9]\d*)\s+\1\s+\1\s+\1\n")
        self.assertRegex(log, r"Groups:\s*\n")

    def test_the_notebook_has_only_its_output_and_the_registry_open(self) -> None:
        code = "import os\nfor n in os.listdir('/proc/self/fd'):\n    try: print('fd', n, os.readlink(f'/proc/self/fd/{n}'))\n"
        log = self.look(f"{code}    except OSError: pass")
        found = dict(re.findall(r"fd (\d+) (\w+|/dev/null)", log))
        allowed = {"0": "/dev/null", "1": "pipe", "2": "pipe", "3": "socket"}
        # An event loop has a selector, and a pair of sockets to be woken by.
        loop = {number: kind for number, kind in found.items() if number not in allowed}
        self.assertEqual({number: found[number] for number in allowed}, allowed)
        self.assertLessEqual(set(loop.values()), {"anon_inode", "socket"}, found)
        self.assertLessEqual(len(loop), 3, found)

    def test_the_first_process_shows_and_gives_nothing(self) -> None:
        code = """
import os
def attempt(name, work):
    try: print(name, 'GOT', work())
    except OSError as error: print(name, 'refused')
attempt('environ', lambda: open('/proc/1/environ').read())
attempt('memory', lambda: open('/proc/1/mem', 'rb'))
attempt('maps', lambda: open('/proc/1/maps').read())
attempt('root', lambda: os.listdir('/proc/1/root/'))
attempt('files', lambda: os.listdir('/proc/1/fd'))
attempt('copies', lambda: os.listdir('/copies'))
attempt('kill', lambda: os.kill(1, 9))
attempt('score', lambda: open('/proc/1/oom_score_adj', 'w').write('1000'))
print(sorted(n for n in os.listdir('/proc') if n.isdigit()) == ['1', str(os.getpid())])
"""
        log = self.look(code)
        refused = re.findall(r"(\w+) refused", log)
        # A root sees the copies' empty mount point, if anything.
        self.assertGreaterEqual(set(refused), {"environ", "memory", "maps", "root", "files", "kill", "score"}, log)
        self.assertNotRegex(log, r"copies GOT \[.+\]")
        self.assertIn("True", log)

    def test_the_notebook_finds_no_part_of_the_grader_on_its_path_and_nothing_in_its_environment(self) -> None:
        log = self.look("import os, sys\nprint([p for p in sys.path if 'grader-job' in p], sorted(os.environ))")
        self.assertTrue(log.startswith("[] "), log)
        self.assertNotRegex(log, "PYTHONPATH|TOKEN|SECRET|HOLT|GOOGLE")


if __name__ == "__main__":
    unittest.main()
