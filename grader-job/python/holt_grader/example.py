"""What the judge asks a snapshot about one example of a case, and what comes back."""

from dataclasses import dataclass

CAP = 200_000
CUT = "\n... (cut)\n"
#: Stands for an answer that is none.
GARBLED = "The test was answered with what no test says: the notebook has changed how tests are run."


@dataclass(frozen=True)
class Question:
    """One example to execute. What it should print stays with the judge."""

    name: str
    number: int
    source: str

    @property
    def filename(self) -> str:
        """Returns the file name that doctest compiles the example under."""
        return f"<doctest {self.name}[{self.number}]>"

    def write(self) -> dict[str, object]:
        """Returns the question as JSON."""
        return {"name": _pack(self.name), "number": self.number, "source": _pack(self.source)}

    @classmethod
    def read(cls, data: object) -> "Question":
        """Reads what `write` made."""
        fields = _fields(data, {"name", "number", "source"})
        number = fields["number"]
        if type(number) is not int or number < 0:
            raise ValueError("A question's number is not a number.")
        return cls(_unpack(fields["name"]), number, _unpack(fields["source"]))


@dataclass(frozen=True)
class ExceptionText:
    """An exception as doctest would show it: what it compares, and the traceback."""

    only: str
    traceback: str


@dataclass(frozen=True)
class Answer:
    """What executing an example printed, wrote to standard error, and raised."""

    got: str = ""
    errors: str = ""
    exception: ExceptionText | None = None

    def write(self) -> dict[str, object]:
        """Returns the answer as JSON, with long texts cut."""
        raised = self.exception
        return {
            "got": _pack(_cut(self.got)),
            "errors": _pack(_cut(self.errors)),
            "exception": None if raised is None else [_pack(_cut(raised.only)), _pack(_cut(raised.traceback))],
        }

    @classmethod
    def read(cls, data: object) -> "Answer":
        """Reads what a snapshot claims; raises ValueError where it has not the shape of an answer."""
        fields = _fields(data, {"got", "errors", "exception"})
        raised = fields["exception"]
        if raised is not None and not (isinstance(raised, list) and len(raised) == 2):
            raise ValueError("An answer's exception is not a pair of texts.")
        return cls(
            _unpack(fields["got"]),
            _unpack(fields["errors"]),
            None if raised is None else ExceptionText(_unpack(raised[0]), _unpack(raised[1])),
        )


def _cut(text: str) -> str:
    return text if len(text) <= CAP else text[:CAP] + CUT


def _fields(data: object, names: set[str]) -> dict[str, object]:
    if not isinstance(data, dict) or set(data) != names:
        raise ValueError(f"The message has not the fields {', '.join(sorted(names))}.")
    return data


def _pack(text: str) -> object:
    """Returns a text as it is, or tagged where lone surrogates keep it from being UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return {"escaped": text.encode("unicode_escape").decode("ascii")}
    return text


def _unpack(data: object) -> str:
    if isinstance(data, dict) and set(data) == {"escaped"} and isinstance(data["escaped"], str):
        data = data["escaped"].encode("ascii", "replace").decode("unicode_escape")
    # An escape can be ten characters long, and a cut text is a little over the cap.
    if not isinstance(data, str) or len(data) > CAP + len(CUT):
        raise ValueError("A message's text is not a text, or it is too long.")
    return data
