"""Grades one notebook, lists the questions of one archive, or makes an assignment, with otter-grader.

Started once for each piece of work, inside the sandbox. It reads a line of JSON and then the files from standard
input, and answers with lines of JSON on descriptor 3: `{"started": true, "otter": version}` right before anything
that is not ours runs (the author's tests, the student's notebook), then one of

    {"results": ..., "pointsPossible": ...}        otter's results.json
    {"questions": ..., "pointsPossible": ...}      names and maxima
    {"archive": ..., "student": ..., "solution": ...}    what otter assign made, in base64
    {"problem": "notebook" | "archive" | "kernel" | "limit" | "unknown", "message": ...}

Descriptor 1 and 2 carry otter's own words, for the log.
"""

import errno
import io
import json
import math
import os
import sys
import tempfile
import zipfile

from checks import Problem, find_name, is_r, read_config, read_notebook, write_blank
from messages import cut_messages
from plugins import name_faults, read_plugins, take_out

REPLY = 3


def say_started():
    from otter.version import __version__

    reply({"started": True, "otter": __version__})


def reply(message):
    data = memoryview(json.dumps(message, allow_nan=False).encode() + b"\n")
    while data:
        data = data[os.write(REPLY, data) :]


def set_limits(limits):
    """Limits that children inherit. Those of the whole group (time, disk, memory together) are kept outside."""
    import resource

    wanted = {"RLIMIT_CORE": 0, "RLIMIT_NOFILE": 4096, **limits}
    for name, value in wanted.items():
        try:
            _, hard = resource.getrlimit(getattr(resource, name))
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(getattr(resource, name), (value, value))
        except (AttributeError, ValueError, OSError):
            pass  # macOS has some of them in name only; nothing depends on one alone.


def use_layer(folder):
    """Puts an assignment's own packages after the grader's, here and in the notebook's process."""
    if folder:
        sys.path.append(os.path.join(folder, "packages"))
        os.environ["PYTHONPATH"] = os.path.join(folder, "site")


def grade(folder, notebook, archive):
    config = read_config(archive)
    text = read_notebook(write_blank(config) if notebook is None else notebook, config)
    plugins = read_plugins(config)
    print(*plugins.left_out, sep="\n")
    archive = take_out(archive, config, plugins)

    # In a folder of its own: it may be called as anything is.
    submission = os.path.join(folder, "submitted", find_name(text, config.get("assignment_name")))
    os.mkdir(os.path.dirname(submission))
    for path, content in ((submission, text.encode()), (os.path.join(folder, "autograder.zip"), archive)):
        with open(path, "wb") as file:
            file.write(content)

    from nbclient.exceptions import DeadKernelError
    from otter.run import main as otter_run

    if is_r(config):
        from grade_r import use_rscript

        use_rscript()
    cut_messages()
    name_faults()
    say_started()
    try:
        otter_run(
            submission,
            autograder=os.path.join(folder, "autograder.zip"),
            output_dir=folder,
            no_logo=True,
        )
    except DeadKernelError:
        raise Problem(
            "kernel",
            "The notebook's Python process ended before the notebook did (a crash, an exit, or too little memory): "
            "restart the kernel, run all cells, mend what fails and submit again.",
        ) from None
    with open(os.path.join(folder, "results.json")) as file:
        return {"results": json.load(file), "pointsPossible": config.get("points_possible")}


def inspect(folder, archive):
    config = read_config(archive)
    plugins = read_plugins(config)
    if is_r(config):
        from grade_r import list_questions

        results = grade(folder, None, archive)["results"]
        return {"questions": list_questions(results), "pointsPossible": config.get("points_possible")}

    from otter.nbmeta_config import NBMetadataConfig
    from otter.plugins import PluginCollection
    from otter.run.run_autograder.runners import create_runner
    from otter.test_files import create_test_file

    say_started()
    for name in ("source", "submission"):
        os.mkdir(os.path.join(folder, name))
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            opened.extractall(os.path.join(folder, "source"))
    except (zipfile.BadZipFile, EOFError, zipfile.zlib.error):
        raise Problem("archive", "The autograder archive is damaged: upload it again.") from None

    os.chdir(folder)
    try:
        create_runner(config, autograder_dir=folder).prepare_files()
    except Exception as error:
        raise Problem("archive", f"otter refuses otter_config.json or the archive's files: {error}") from None

    os.chdir("submission")
    if plugins.kept:
        name_faults()
        PluginCollection(plugins.kept, "", {})
    sys.path.append(os.getcwd())
    questions = []
    for path in sorted(os.path.join("tests", name) for name in os.listdir("tests") if name.endswith(".py")):
        try:
            test = create_test_file(path, NBMetadataConfig())
            name, possible = test.name, round(float(test.possible), 5)
        except BaseException as error:
            raise Problem("archive", f"{path} cannot be loaded: {type(error).__name__}: {error}"[:1500]) from None
        if not isinstance(name, str) or not name or len(name) > 200 or any(q["name"] == name for q in questions):
            raise Problem("archive", f"{path} has no question name of its own (it says {name!r:.200}).")
        if not (math.isfinite(possible) and 0 <= possible <= 1e6):
            raise Problem("archive", f"{path} gives {possible} points, which cannot be.")
        questions.append({"name": name, "possible": possible})
    return {"questions": questions, "pointsPossible": config.get("points_possible")}


def work(folder):
    header = json.loads(sys.stdin.buffer.readline())
    notebook = sys.stdin.buffer.read(header["notebookBytes"])
    archive = sys.stdin.buffer.read(header["archiveBytes"])
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    set_limits(header["limits"])
    use_layer(header["layer"])
    try:
        if header["kind"] == "inspect":
            return inspect(folder, archive)
        if header["kind"] == "assign":
            from assign import assign

            say_started()
            return assign(folder, notebook, header["name"])
        return grade(folder, notebook if header["kind"] == "grade" else None, archive)
    except Problem as problem:
        return {"problem": problem.about, "message": str(problem)}
    except BaseException as error:
        return describe(error)


def describe(error):
    """Tells a limit from what nobody expected."""
    reached = {errno.ENOSPC: "space on disk", errno.EFBIG: "space on disk", errno.EAGAIN: "processes"}
    what = "memory" if isinstance(error, MemoryError) else reached.get(getattr(error, "errno", None))
    if what:
        return {"problem": "limit", "message": f"The notebook used more {what} than the assignment allows."}
    return {"problem": "unknown", "message": f"{type(error).__name__}: {error}"[:1500]}


if __name__ == "__main__":
    os.set_inheritable(REPLY, False)
    folder = tempfile.mkdtemp()
    try:
        answer = work(folder)
        sys.stdout.flush()
        reply(answer)
    except ValueError as error:
        reply({"problem": "unknown", "message": f"otter's result is not JSON: {error}"})
    # Nothing is left to wait for: otter's log server would hold the exit for up to a second.
    os._exit(0)
