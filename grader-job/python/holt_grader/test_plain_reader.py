"""Checks that the judge refuses claims that nothing honest could have written."""

import time
import unittest
from typing import Any

from .plain_reader import decode


class PlainReaderTest(unittest.TestCase):
    def test_made_up_claims_are_refused(self) -> None:
        zeros = "A" * 12
        made_up: list[Any] = [
            {}, {"a": 1, "b": 2}, {"pickle": ""}, {"int": "zz"}, {"int": "f" * 20_000}, {"int": 5}, {"float": "x"},
            {"float": "1" * 20_000}, {"complex": [1]}, {"bytes": "?"}, {"bytes": 1}, {"set": [[1]]}, {"set": 1},
            {"dict": [[1]]}, {"dict": [[[1], 2]]}, {"dict": {"a": 1}}, {"set": list(range(20_000))}, {"range": [1]},
            {"range": [1, 2, 0]}, {"range": [0, 10**9, 1]}, {"range": ["1", "2", "3"]}, {"fraction": [1, 0]},
            {"multiindex": [[{"tuple": [1, 2]}] * 20_000, [None, None]]}, {"categories": [[1] * 20_000, [1], True]},
            {"index": [{"objects": [[20_000], [1] * 20_000]}, None]}, {"fraction": [0.5, 1]},
            {"decimal": "x"}, {"decimal": "1e999999"}, {"date": "x"}, {"timedelta": [10**15, 0, 0]}, {"text": "é"},
            {"text": "\\x"}, {"missing": "x"}, {"missing": []}, {"timestamp": "x"}, {"timedelta64": 10**30},
            {"array": ["|O", [1], zeros]}, {"array": ["<f8", [2], zeros]}, {"array": ["<f8", [-1], zeros]},
            {"array": ["<f8", [10**12, 0], ""]}, {"array": ["<U0", [10**9], ""]}, {"array": ["V8", [1], zeros]},
            {"array": ["<f8", [0] * 99, ""]}, {"array": ["<f8", 1, zeros]}, {"array": [["a"], [1], zeros]},
            {"scalar": {"array": ["<i2", [6], "AAAAAAAAAAAAAAAA"]}}, {"scalar": 5}, {"objects": [[2], [1]]},
            {"column": ["object", [1]]}, {"column": ["Int64", ["a"]]}, {"categories": [["a"], ["a", "a"], True]},
            {"series": [[1], {"index": [[1], None]}, None]}, {"series": [{"array": ["<i2", [0], ""]}, 5, None]},
            {"index": [{"array": ["<i2", [], "AAA="]}, None]}, {"frame": [[], 1, 2]}, {"frame": 5},
            {"multiindex": [[1], ["a"]]}, {"opaque": 5}, {"opaque": None}, {"scalar": {"opaque": "a"}},
        ]  # fmt: skip
        deep: Any = 0
        for _ in range(5000):
            deep = [deep]
        for data in (*made_up, deep):
            with self.subTest(repr(data)[:60] if data is not deep else "deep"), self.assertRaises(ValueError):
                decode(data)

    def test_colliding_keys_do_not_hold_the_judge_up(self) -> None:
        keys = [{"int": hex(number * (2**61 - 1))} for number in range(1, 10_000)]
        start = time.process_time()
        decode({"set": keys})
        self.assertLess(time.process_time() - start, 5)
