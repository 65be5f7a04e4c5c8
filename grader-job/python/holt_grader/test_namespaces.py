import os
import signal
import socket
import sys
import time
import unittest
from pathlib import Path

from holt_grader.namespaces import RootPlan, choose_kind, enter_namespaces
from holt_grader.syscalls import capset, fork_tied
from holt_grader.sandbox_case import ORDINARY, WAYS, SandboxCase, attempt_all, in_child, in_sandbox

SPACES = ("mnt", "pid", "net", "ipc", "uts")


def name_spaces() -> list[str]:
    return [os.readlink(f"/proc/self/ns/{space}") for space in SPACES]


class Namespaces(SandboxCase):
    def test_every_namespace_is_another(self) -> None:
        outside = name_spaces()
        for inside in self.each(name_spaces):
            assert isinstance(inside, list)
            self.assertEqual(set(inside) & set(outside), set())

    def test_the_way_is_chosen_by_rights(self) -> None:
        self.assertEqual(in_child(choose_kind, ordinary=True), "user")
        if os.geteuid() == 0:
            self.assertEqual(in_child(choose_kind), "root")

    @unittest.skipUnless(os.geteuid() == 0, "only root has rights to lose")
    def test_root_without_rights_does_not_stay_root_inside(self) -> None:
        def act() -> object:
            rights = 1 << 6 | 1 << 7
            capset(rights, rights)
            outside = os.stat("/proc/self").st_uid
            kind = enter_namespaces(ORDINARY)
            os.stat("/etc/shadow")
            try:
                open("/etc/shadow").close()
            except PermissionError:
                return [outside, kind, os.getuid()]
            return "root's files can be read"

        self.assertEqual(in_child(act), [0, "user", ORDINARY])

    def test_the_student_is_an_ordinary_user_with_an_own_work_folder(self) -> None:
        def act() -> object:
            mode = os.stat(".")
            with open("answer", "w") as file:
                file.write("x")
            return [os.getresuid(), os.getcwd(), mode.st_uid, oct(mode.st_mode & 0o7777), socket.gethostname()]

        self.assertEqual(self.each(act), [[[ORDINARY] * 3, "/home/student", ORDINARY, "0o700", "grader"]] * len(WAYS))

    def test_the_first_process_can_neither_be_read_nor_ended(self) -> None:
        def act() -> object:
            reads = {name: lambda name=name: open(f"/proc/1/{name}").close() for name in ("mem", "environ", "maps")}
            links = {name: lambda name=name: os.stat(f"/proc/1/{name}/") for name in ("root", "cwd")}
            found = attempt_all({**reads, **links, "fd": lambda: os.readlink("/proc/1/fd/1")})
            for number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
                try:
                    os.kill(1, number)
                except PermissionError:
                    pass
            time.sleep(0.05)
            return [sorted(set(found.values())), os.path.exists("/proc/1/status")]

        self.assertEqual(self.each(act), [[["PermissionError"], True]] * len(WAYS))

    def test_there_is_no_network_but_the_own_loopback(self) -> None:
        def act() -> object:
            interfaces = [line.split(":")[0].strip() for line in Path("/proc/net/dev").read_text().splitlines()[2:]]
            with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
                client.connect(server.getsockname())
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram:
                return [interfaces, attempt_all({"out": lambda: datagram.connect(("192.0.2.1", 9))})]

        self.assertEqual(self.each(act), [[["lo"], {"out": "101"}]] * len(WAYS))

    def test_programs_threads_and_processes_work_inside(self) -> None:
        script = """
import asyncio, importlib.util, multiprocessing, os, pwd, subprocess, tempfile, threading
def double(n): return 2 * n
async def wait():
    process = await asyncio.create_subprocess_exec("true")
    return await process.wait()
if importlib.util.find_spec("matplotlib"):
    import matplotlib
    matplotlib.use("agg")
    from matplotlib import pyplot
    pyplot.plot([1, 2]); pyplot.title("x"); pyplot.savefig("plot.png")
with multiprocessing.get_context("fork").Pool(2) as pool: assert pool.map(double, [1, 2]) == [2, 4]
assert subprocess.run("echo a | cat > /dev/null && ls /dev/fd/", shell=True, capture_output=True).stdout[:2] == b"0\\n"
assert asyncio.run(wait()) == 0 and pwd.getpwuid(os.getuid()).pw_name == "student"
with tempfile.NamedTemporaryFile() as file: assert file.name.startswith("/tmp/")
print("fine", end="")
"""
        python = os.path.normpath(sys.executable)
        folders = dict.fromkeys([sys.prefix, sys.base_prefix])
        binds = tuple((os.path.realpath(folder), folder) for folder in folders if not folder.startswith("/usr"))
        plan = RootPlan(uid=ORDINARY, work_bytes=2**26, work="/home/student", binds=binds)

        def act() -> object:
            read, write = os.pipe()
            pid = os.fork()
            if pid == 0:
                os.dup2(write, 1)
                os.dup2(write, 2)
                try:
                    os.execve(python, [python, "-c", script], {"PATH": "/usr/bin:/bin", "HOME": "/tmp"})
                finally:
                    os._exit(1)
            os.close(write)
            os.waitpid(pid, 0)
            return os.read(read, 2**16).decode()

        # An ordinary user cannot show a Python that only root can reach.
        reachable = in_child(lambda: all(os.access(source, os.R_OK) for source, _ in binds), ordinary=True)
        for ordinary in WAYS if reachable else [way for way in WAYS if not way]:
            with self.subTest(ordinary=ordinary):
                self.assertEqual(in_sandbox(act, ordinary=ordinary, plan=plan), "fine")

    def test_it_ends_with_its_parent(self) -> None:
        for ordinary in WAYS:
            with self.subTest(ordinary=ordinary):
                read, write = os.pipe()

                def act(write: int = write) -> object:
                    enter_namespaces(ORDINARY)
                    if fork_tied() == 0:
                        os.write(write, b"x")
                        time.sleep(30)
                    return 1

                in_child(act, ordinary=ordinary)
                os.close(write)
                began = time.monotonic()
                while os.read(read, 1):
                    pass
                os.close(read)
                self.assertLess(time.monotonic() - began, 10)


if __name__ == "__main__":
    unittest.main()
