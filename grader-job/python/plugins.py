"""Tells what becomes of the plugins that an archive names, and names the one that fails.

Otter's own plugins work on what Gradescope tells of a submission and on Google's services: they are left out. All
others are the author's code, and run where plain otter runs.
"""

import io
import json
import math
import os
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from checks import Problem, is_r

BUILT_IN = "otter.plugins.builtin."
GOOGLE = "it works on what Gradescope tells of a submission, with a network and credentials of Google"
WHY_NOT = {
    "RateLimiting": "it counts earlier submissions, which only Gradescope tells of",
    "GoogleSheetsGradeOverride": GOOGLE,
    "GmailNotifications": GOOGLE,
}


@dataclass(frozen=True)
class Plugins:
    """An archive's plugins: what is kept of otter's list, their names, and a sentence for each that is left out."""

    kept: list[str | dict[str, Any]]
    names: list[str]
    left_out: list[str]


def read_plugins(config: dict[str, Any]) -> Plugins:
    """Reads the plugins of an `otter_config.json`."""
    listed = config.get("plugins") or []
    if not isinstance(listed, list):
        raise Problem("archive", 'otter_config.json has "plugins" that are no list: write a list of names.')
    plugins = Plugins([], [], [])
    for each in listed:
        name = _read_name(each)
        last = name.rpartition(".")[2]
        if name.startswith(BUILT_IN) and last in WHY_NOT:
            plugins.left_out.append(f"The plugin {name} is left out: {WHY_NOT[last]}.")
        elif is_r(config):
            plugins.left_out.append(f"The plugin {name} is left out: otter runs none with R.")
        else:
            plugins.kept.append(each)
            plugins.names.append(name)
    return plugins


def _read_name(plugin: object) -> str:
    # Settings may hold credentials: only names are shown.
    names = list(plugin) if isinstance(plugin, dict) else [plugin]
    if len(names) == 1 and isinstance(names[0], str) and "." in names[0].strip("."):
        return names[0]
    shown = ascii(names)[:200]
    raise Problem("archive", f'otter_config.json names a plugin by {shown}: name one class with its module, as "curve.Curve".')


def take_out(archive: bytes, config: dict[str, Any], plugins: Plugins) -> bytes:
    """Writes the archive again without the plugins that are left out; their settings may be credentials."""
    if not plugins.left_out:
        return archive
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as opened, zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as made:
        for entry in opened.infolist():
            is_config = entry.filename == "otter_config.json"
            changed = json.dumps({**config, "plugins": plugins.kept}).encode()
            made.writestr(entry, changed if is_config else opened.read(entry))
    return written.getvalue()


def name_faults() -> None:
    """Lets plugins be imported from the archive's files, and makes a failing one the archive's problem, by its name."""
    from otter.plugins import PluginCollection

    load = PluginCollection._load_plugins

    def load_named(listed: list[dict[str, Any]], *about: Any) -> list[Any]:
        # Otter is in the folder of the files now. On Gradescope the folder above it is on the path.
        sys.path += [os.getcwd(), os.path.dirname(os.getcwd())]
        return [_Named(each["plugin"], _load_one(load, each, about)) for each in listed]

    PluginCollection._load_plugins = staticmethod(load_named)


def _load_one(load: Callable[..., list[Any]], plugin: dict[str, Any], about: tuple[Any, ...]) -> Any:
    try:
        return load([plugin], *about)[0]
    except (Exception, SystemExit) as error:
        advice = "put its file among the assignment's files, or name its package in the requirements"
        raise Problem("archive", f"The plugin {plugin['plugin']} cannot be loaded ({_show(error)}): {advice}.") from None


class _Named:
    """A plugin whose failures say its name."""

    def __init__(self, name: str, plugin: Any) -> None:
        self._name = name
        self._plugin = plugin

    def __getattr__(self, event: str) -> Any:
        act = getattr(self._plugin, event)
        return self._guard(event, act) if callable(act) else act

    def _guard(self, event: str, act: Callable[..., Any]) -> Callable[..., Any]:
        from otter.plugins.abstract_plugin import PluginEventNotSupportedException

        def act_named(*arguments: Any, **named: Any) -> Any:
            try:
                answer = act(*arguments, **named)
            except (PluginEventNotSupportedException, MemoryError):
                raise
            except (Exception, SystemExit) as error:
                advice = "it runs without a network and without Gradescope's data. Mend it, or take it out"
                raise Problem("archive", f"The plugin {self._name} fails in {event} ({_show(error)}): {advice}.") from None
            if event == "after_grading":
                self._check_points(arguments[0])
            if event == "before_execution" and not hasattr(answer, "cells"):
                raise Problem("archive", f"The plugin {self._name} returns no notebook in {event}: mend it, or take it out.")
            return answer

        return act_named

    def _check_points(self, results: Any) -> None:
        for name, file in results.results.items():
            if not (math.isfinite(file.score) and 0 <= file.score <= file.possible):
                given = f"{file.score} of {file.possible} points for {name}"
                raise Problem("archive", f"The plugin {self._name} gives {given}, which cannot be: mend it, or take it out.")


def _show(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:1000]
