"""Makes real layers of small packages, and kills, races and deceives what makes them."""

import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest
import zipfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from .archive import read_requirements
from .layers import LOCK, MADE, PACKAGES, SITE, LayerMissing, find_layer, hash_base, make_key, read_layer

HERE = Path(__file__).parents[1]


def make_archive(requirements: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as made:
        made.writestr("requirements.txt", requirements)
    return data.getvalue()


class LayersTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="holt-test-")
        self.addCleanup(folder.cleanup)
        self.layers, self.locks = Path(folder.name, "layers"), Path(folder.name, "locks")
        self.archives = Path(folder.name)

    def start(
        self, *requirements: str, keep: bool = True, environment: dict[str, str] | None = None
    ) -> "subprocess.Popen[str]":
        files = []
        for number, text in enumerate(requirements):
            files.append(self.archives / f"{number}.zip")
            files[-1].write_bytes(make_archive(text))
        where = ["--layers", str(self.layers), "--locks", str(self.locks), *(["--keep"] if keep else [])]
        command = [sys.executable, "-m", "holt_grader.make_layer", *where, *map(str, files)]
        whole = {**os.environ, **(environment or {})}
        return subprocess.Popen(command, cwd=HERE, env=whole, stdout=subprocess.PIPE, text=True)

    def make(self, *requirements: str, keep: bool = True) -> list[dict[str, Any]]:
        output, _ = self.start(*requirements, keep=keep).communicate(timeout=100)
        return [json.loads(line) for line in output.splitlines()]

    def test_a_layer_is_made_once_and_found_by_the_archive(self) -> None:
        with self.assertRaises(LayerMissing) as caught:
            find_layer(read_requirements(make_archive("cowsay==6.1\n")), self.layers)
        key = make_key(["cowsay==6.1"], hash_base())
        for word in ("cowsay==6.1", key, "npm run make-layer"):
            self.assertIn(word, caught.exception.sentence)

        made, nothing = self.make("CowSay==6.1\n", "numpy\n")
        self.assertEqual((made["key"], made["packages"]), (key, ["cowsay==6.1"]))
        self.assertGreater(made["bytes"], 10_000)
        self.assertNotIn("key", nothing)
        _, layer = find_layer(read_requirements(make_archive("cowsay==6.1\n")), self.layers)
        assert layer
        self.assertEqual(layer.made.modules, ["cowsay"])

        before = (layer.folder / MADE).stat().st_mtime_ns
        self.assertEqual(self.make("cowsay==6.1\n")[0]["key"], key)
        self.assertEqual((layer.folder / MADE).stat().st_mtime_ns, before)

    def test_a_lock_has_hashes_and_no_index_and_leaves_the_base_alone(self) -> None:
        made = self.make("seaborn\n")[0]
        self.assertEqual([name.partition("==")[0] for name in made["packages"]], ["seaborn"])
        lock = (self.locks / made["key"] / LOCK).read_text()
        self.assertNotRegex(lock, "://|--(extra-)?index|--find-links|/tmp")
        entries = [entry for entry in lock.split("\n") if entry and not entry.startswith(("#", " "))]
        self.assertTrue(all(entry.endswith("\\") for entry in entries))
        self.assertTrue(any(entry.startswith(f"numpy=={version('numpy')} ") for entry in entries))

    def test_what_cannot_be_had_beside_the_base_is_told_with_both_versions(self) -> None:
        ours, theirs, unknown = self.make("numpy==1.21.6\n", "scipy==1.9.3\n", "x-" * 30 + "holt\n")
        self.assertIn("numpy==1.21.6", ours["problem"])
        self.assertIn(f"numpy {version('numpy')}", ours["problem"])
        self.assertRegex(theirs["problem"], r"scipy==1\.9\.3 depends on numpy")
        self.assertRegex(theirs["problem"], r"numpy.*==2\.")
        self.assertIn("was not found", unknown["problem"])
        self.assertFalse(list(self.locks.glob("*")))

    def test_a_network_that_is_down_is_told_as_that(self) -> None:
        down = {"UV_DEFAULT_INDEX": "http://127.0.0.1:1/", "UV_HTTP_RETRIES": "0", "UV_CACHE_DIR": str(self.layers)}
        answer = json.loads(self.start("cowsay==6.1\n", environment=down).communicate(timeout=100)[0])
        self.assertIn("cowsay==6.1 cannot be had.\n", answer["problem"])
        self.assertIn("Failed to fetch", answer["problem"])

    def test_making_that_is_killed_starts_over(self) -> None:
        key = make_key(["cowsay==6.1"], hash_base())
        killed = self.start("cowsay==6.1\n")
        while not (self.layers / key / PACKAGES).exists():
            self.assertIsNone(killed.poll())
        killed.send_signal(signal.SIGKILL)
        killed.communicate()
        self.assertIsNone(read_layer(self.layers, key))
        (self.layers / key / PACKAGES / "left.py").write_text("")
        answer = self.make("cowsay==6.1\n")[0]
        self.assertEqual(answer.get("key"), key, answer)
        self.assertTrue((self.layers / key / PACKAGES / "cowsay/__init__.py").exists())
        self.assertFalse((self.layers / key / PACKAGES / "left.py").exists())

    def test_two_at_a_time_wait_for_one_another(self) -> None:
        both = [self.start("cowsay==6.1\n") for _ in range(2)]
        answers = [json.loads(one.communicate(timeout=100)[0]) for one in both]
        self.assertEqual(answers[0], {**answers[1], "archive": answers[0]["archive"]})
        self.assertIsNotNone(read_layer(self.layers, answers[0]["key"]))

    def test_an_image_installs_the_locks_that_are_there_and_no_others(self) -> None:
        key = self.make("cowsay==6.1\n")[0]["key"]
        self.layers = self.layers.with_name("image")
        self.assertEqual([one["key"] for one in self.make()], [key])
        lock = self.locks / key / LOCK
        text = lock.read_text()
        for wrong, why in (
            (text.replace("sha256:", "sha256:00"), "could not be made"),
            (text.replace("Asked for: cowsay", "Asked for: tabulate"), "make the layer again"),
        ):
            self.layers = self.layers.with_name(f"image-{len(wrong)}")
            lock.write_text(wrong)
            self.assertIn(why, self.make()[0]["problem"])
            self.assertIsNone(read_layer(self.layers, key))

    def test_a_layer_is_made_from_the_lock_of_its_release(self) -> None:
        key = self.make("cowsay>=5\n")[0]["key"]
        lock = self.locks / key / LOCK
        other = self.make("cowsay==6.0\n")[0]["key"]
        older = (self.locks / other / LOCK).read_text().partition("\n")[2]
        lock.write_text(f"{lock.read_text().partition(chr(10))[0]}\n{older}")
        self.assertEqual(self.make("cowsay>=5\n", keep=False)[0]["packages"], ["cowsay==6.0"])

    def test_another_python_makes_its_own(self) -> None:
        key = self.make("cowsay==6.1\n")[0]["key"]
        made = self.layers / key / MADE
        made.write_text(made.read_text().replace(sys.implementation.cache_tag or "", "cpython-39"))
        self.assertIsNone(read_layer(self.layers, key))
        self.make("cowsay==6.1\n")
        self.assertIsNotNone(read_layer(self.layers, key))

    def test_a_python_that_is_started_with_it_has_it_last(self) -> None:
        key = self.make("cowsay==6.1\n")[0]["key"]
        show = "import cowsay, sys; print(cowsay.__file__, sys.path[-1], sep='\\n')"
        environment = {**os.environ, "PYTHONPATH": str(self.layers / key / SITE)}
        shown = subprocess.run([sys.executable, "-c", show], env=environment, capture_output=True, text=True, check=True)
        place = self.layers / key / PACKAGES
        self.assertEqual(shown.stdout.split(), [str(place / "cowsay/__init__.py"), str(place)])


if __name__ == "__main__":
    unittest.main()
