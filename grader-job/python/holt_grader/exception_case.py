"""Runs the cases of a test file in otter's exception format. This runs in a snapshot: what it returns is a claim."""

import __future__

from typing import Any

from otter.test_files.exception_test import ExceptionTestFile, test_case

from .example import CAP, Answer, ExceptionText

#: What otter writes before the message of a failure, which the judge writes itself.
HEADING = "❌ Test case failed\n"
PLAIN = (type(None), bool, int, float, str)
FUTURE = sum({getattr(__future__, name).compiler_flag for name in __future__.all_feature_names})


class ExceptionRunner:
    """Answers the judge's questions about one test file, in one namespace of that file's names, as otter does."""

    def __init__(self, environment: dict[str, Any]) -> None:
        self._environment = environment
        self._file: dict[str, Any] = {}
        self._path = ""
        self._flags = 0

    def answer(self, request: dict[str, Any]) -> object:
        """Does what a request asks for; what goes wrong is part of the answer."""
        actions = {"list": self._list, "open": self._open, "enter": self._enter, "run": self._run}
        try:
            return actions[request["do"].removeprefix("exception-")](request)
        except BaseException as error:
            return {"failed": f"{type(error).__name__}: {error}"[:1500].encode(errors="replace").decode()}

    def _list(self, request: dict[str, Any]) -> dict[str, object]:
        """Tells what cases a file has. Asked where no notebook has run."""
        self._open(request)
        points = self._file.get("points")
        return {
            "name": plain(self._file["name"]),
            "points": [plain(each) for each in points] if isinstance(points, list) else plain(points),
            "all_or_nothing": bool(self._file.get("all_or_nothing", False)),
            "cases": [describe(key, value) for key, value in self._file.items() if isinstance(value, test_case)],
        }

    def _open(self, request: dict[str, Any]) -> dict[str, object]:
        """Executes a file, twice as otter does: once to look at its format, and once for its names."""
        self._path = request["path"]
        # A module's own future imports are not the file's.
        code = compile(request["source"], self._path, "exec", dont_inherit=True)
        self._flags = code.co_flags & FUTURE
        exec(code, {})
        self._file = {}
        exec(code, self._file)
        return {}

    def _enter(self, request: dict[str, Any]) -> dict[str, object]:
        """Executes a part of the file that was left out, among the names of the rest."""
        code = compile(request["source"], self._path, "exec", flags=self._flags, dont_inherit=True)
        exec(code, self._file)
        return {}

    def _run(self, request: dict[str, Any]) -> object:
        """Runs one case through otter, which finds the line that failed in `source`."""
        try:
            case = self._file[request["key"]].to_dataclass()
            file = ExceptionTestFile(request["name"], self._path, [case])
            file.source = request["source"]
            file.run(self._environment)
            (result,) = file.test_case_results
            if result.passed:
                return Answer().write()
            message = str(result.message).removeprefix(HEADING)
        except BaseException as error:
            # Otter does not catch it, and has no result then.
            message = f"{type(error).__name__}: {error}"
        return Answer(exception=ExceptionText("", message[: CAP + 1])).write()

    def make_names(self, parameters: list[str]) -> dict[str, Any]:
        """Makes the names that the statements of a case see: the file's, and the values of its parameters."""
        given = {each: self._environment if each == "env" else self._environment.get(each) for each in parameters}
        return {**self._file, **given}

    def execute(self, source: str, names: dict[str, Any]) -> dict[str, object]:
        """Executes a statement of a case; one that fails leaves the values after it as they are."""
        try:
            exec(compile(source, self._path, "exec", flags=self._flags, dont_inherit=True), names)
        except BaseException as error:
            return {"failed": type(error).__name__}
        return {}


def plain(value: object) -> object:
    """Returns a value that a frame can hold, or raises TypeError."""
    if isinstance(value, PLAIN):
        return value
    raise TypeError(f"{type(value).__name__} is not a plain value")


def describe(key: str, case: test_case) -> dict[str, object]:
    """Describes a case without its function."""
    return {
        "key": key,
        "name": plain(case.name),
        "points": plain(case.points),
        "hidden": bool(case.hidden),
        "success_message": plain(case.success_message),
        "failure_message": plain(case.failure_message),
    }
