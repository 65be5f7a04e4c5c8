"""How much of a value leaves a snapshot, and what neither side can do without."""

import datetime
import re
from zoneinfo import ZoneInfo

# Characters of JSON, well below the cap of a frame.
BUDGET = 6_000_000
ITEM = 50
# One level of ours is up to three of JSON, which may be 64 levels deep.
DEEPEST = 16
# Keys can be chosen to collide, and then cost their square in the judge.
MOST_HASHED = 10_000
LONGEST_NUMBER = 10_000
# A range is small as JSON, but not when it becomes an array.
LONGEST_RANGE = 100_000
# Time zones that are not the notebook's own code.
ZONES = (type(None), datetime.timezone, ZoneInfo)
COLUMN_TYPE = re.compile(
    r"str|string(\[\w+\])?|U?Int\d\d?|Float\d\d|boolean|datetime64\[\w\w?, [\w/+:-]{1,40}\]"
)


class NotPlain(Exception):
    """A value is too deep, too large, or made of what is not written."""


def name_type(kind: type) -> str:
    """Returns a class's own name, whatever its metaclass says."""
    name: str = type.__dict__["__name__"].__get__(kind)
    return name[:100].encode("ascii", "backslashreplace").decode("ascii")
