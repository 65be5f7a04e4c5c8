"""Checks how the plugins of an archive are told apart."""

import io
import json
import unittest
import zipfile
from typing import Any

from checks import Problem
from plugins import Plugins, read_plugins, take_out

LIMITING = "otter.plugins.builtin.RateLimiting"


class PluginsTest(unittest.TestCase):
    def test_no_plugins_are_none(self) -> None:
        configs: list[dict[str, Any]] = [{}, {"plugins": None}, {"plugins": []}]
        for config in configs:
            self.assertEqual(read_plugins(config), Plugins([], [], []))

    def test_the_authors_are_kept_with_their_settings(self) -> None:
        listed: list[str | dict[str, Any]] = ["curve.Curve", {"more.Plugin": {"points": 1}}]
        self.assertEqual(read_plugins({"plugins": listed}), Plugins(listed, ["curve.Curve", "more.Plugin"], []))

    def test_otters_own_are_left_out_with_a_sentence_each(self) -> None:
        names = ["RateLimiting", "grade_override.GoogleSheetsGradeOverride", "GmailNotifications"]
        plugins = read_plugins({"plugins": [{f"otter.plugins.builtin.{name}": {}} for name in names]})
        self.assertEqual((plugins.kept, plugins.names), ([], []))
        for name, sentence in zip(names, plugins.left_out, strict=True):
            self.assertIn(f"The plugin otter.plugins.builtin.{name} is left out: it ", sentence)

    def test_what_otter_has_no_plugin_for_is_not_left_out(self) -> None:
        self.assertEqual(read_plugins({"plugins": ["otter.plugins.builtin.Curve"]}).names, ["otter.plugins.builtin.Curve"])

    def test_what_names_no_class_is_refused_without_its_settings(self) -> None:
        wrong: list[Any] = [{"a.B": 1}, "a.B", ["Curve"], [3], [{}], [{"a.B": "secret", "c.D": "secret"}], [["a.B"]]]
        for listed in wrong:
            with self.subTest(listed), self.assertRaises(Problem) as caught:
                read_plugins({"plugins": listed})
            self.assertEqual(caught.exception.about, "archive")
            self.assertNotIn("secret", str(caught.exception))

    def test_an_archive_loses_the_settings_of_what_is_left_out_and_nothing_else(self) -> None:
        config = {"seed": 1, "plugins": [{LIMITING: {"key": "secret"}}, "curve.Curve"]}
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as made:
            made.writestr("otter_config.json", json.dumps(config))
            made.writestr("files/a", b"\xff" * 99)
        with zipfile.ZipFile(io.BytesIO(take_out(data.getvalue(), config, read_plugins(config)))) as opened:
            self.assertEqual(opened.namelist(), ["otter_config.json", "files/a"])
            self.assertEqual(opened.read("files/a"), b"\xff" * 99)
            self.assertEqual(json.loads(opened.read("otter_config.json")), {"seed": 1, "plugins": ["curve.Curve"]})

    def test_an_archive_that_loses_nothing_is_not_written_again(self) -> None:
        config = {"plugins": ["curve.Curve"]}
        self.assertEqual(take_out(b"anything", config, read_plugins(config)), b"anything")


if __name__ == "__main__":
    unittest.main()
