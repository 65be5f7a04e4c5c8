import errno
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import textwrap
import unittest

from holt_grader import seccomp, syscalls
from holt_grader.sandbox_case import ChildError, in_child

PACKAGE_PARENT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RUNS_FILTER = syscalls.machine() == "x86_64"
START = """
from holt_grader import seccomp, syscalls
syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
seccomp.install()
"""


def evaluate(program: bytes, number: int, machine: int, first: int = 0) -> int:
    """Runs a filter as the kernel would, for machines that this is not."""
    data = struct.pack("<iIQ6Q", number, machine, 0, first, 0, 0, 0, 0, 0)
    steps = list(struct.iter_unpack("<HBBI", program))
    held = place = 0
    while True:
        code, if_true, if_false, value = steps[place]
        place += 1
        if code == seccomp.RETURN:
            return int(value)
        if code == seccomp.LOAD:
            held = struct.unpack_from("<I", data, value)[0]
            continue
        meets = {seccomp.EQUAL: held == value, seccomp.AT_LEAST: held >= value, seccomp.ANY_BIT: bool(held & value)}
        place += if_true if meets[code] else if_false


def attempt(number: int, *arguments: int) -> int:
    try:
        syscalls.syscall("attempt", number, *arguments)
    except OSError as error:
        return error.errno or 0
    return 0


def filtered(function: object) -> object:
    def act() -> object:
        syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
        seccomp.install()
        assert callable(function)
        return function()

    return in_child(act)


class Program(unittest.TestCase):
    def test_every_refused_call_is_refused_on_both_machines(self) -> None:
        for column, (machine, code) in enumerate(seccomp.MACHINES.items()):
            program = seccomp.build_program(machine)
            tables = [(seccomp._FORBIDDEN, errno.EPERM), (seccomp._ABSENT, errno.ENOSYS)]
            for name, numbers, error in [(n, v, e) for table, e in tables for n, v in table.items()]:
                if numbers[column] is not None:
                    with self.subTest(machine=machine, name=name):
                        self.assertEqual(evaluate(program, numbers[column] or 0, code), seccomp.REFUSE | error)

    def test_another_machine_is_killed_and_x32_is_refused(self) -> None:
        program = seccomp.build_program("x86_64")
        self.assertEqual(evaluate(program, 20, 0x40000003), seccomp.KILL)
        self.assertEqual(evaluate(program, 20, seccomp.MACHINES["aarch64"]), seccomp.KILL)
        self.assertEqual(evaluate(program, 0x40000000 + 1, seccomp.MACHINES["x86_64"]), seccomp.REFUSE | errno.EPERM)

    def test_arguments_are_looked_at_on_both_machines(self) -> None:
        unsupported = seccomp.REFUSE | errno.EAFNOSUPPORT
        for machine, clone, sock, pair in (("x86_64", 56, 41, 53), ("aarch64", 220, 198, 199)):
            program, code = seccomp.build_program(machine), seccomp.MACHINES[machine]
            for number, first, wanted in (
                (clone, signal.SIGCHLD, seccomp.ALLOW),
                (clone, 0x3D0F00, seccomp.ALLOW),
                *((clone, 1 << bit, seccomp.REFUSE | errno.EPERM) for bit in (17, *range(25, 31))),
                *((sock, family, seccomp.ALLOW) for family in (1, 2, 10)),
                *((sock, family, unsupported) for family in (0, 3, 16, 17, 38, 40, 44, 0xFFFFFFFF)),
                (pair, 1, seccomp.ALLOW),
                (pair, 2, unsupported),
            ):
                with self.subTest(machine=machine, number=number, first=first):
                    self.assertEqual(evaluate(program, number, code, first), wanted)

    def test_an_unknown_machine_has_no_filter(self) -> None:
        with self.assertRaisesRegex(OSError, "x86_64 and aarch64"):
            seccomp.build_program("riscv64")


@unittest.skipUnless(RUNS_FILTER, "the numbers here are x86_64's")
class Filter(unittest.TestCase):
    def test_refused_calls_fail_with_their_error(self) -> None:
        wanted = {
            "ptrace": (errno.EPERM, 101, 0),
            "process_vm_readv": (errno.EPERM, 310, 0),
            "io_uring_setup": (errno.EPERM, 425, 1, 0),
            "bpf": (errno.EPERM, 321),
            "userfaultfd": (errno.EPERM, 323, 0),
            "mount": (errno.EPERM, 165),
            "unshare": (errno.EPERM, 272, 0x200),
            "unshare user": (errno.EPERM, 272, 0x10000000),
            "setns": (errno.EPERM, 308),
            "clone new user": (errno.EPERM, 56, 0x10000000 | signal.SIGCHLD, 0, 0, 0, 0),
            "clone3": (errno.ENOSYS, 435),
            "memfd_create": (errno.ENOSYS, 319),
            "x32 getpid": (errno.EPERM, 0x40000000 + 39),
            "prlimit of another": (errno.EPERM, 302, 1, 0, 0, 0),
            "prlimit of itself": (0, 302, 0, 0, 0, 0),
        }

        def act() -> object:
            return {name: attempt(*call) for name, (_, *call) in wanted.items()}

        self.assertEqual(filtered(act), {name: error for name, (error, *_) in wanted.items()})

    def test_only_unix_and_internet_sockets_can_be_made(self) -> None:
        def act() -> object:
            found = {}
            for family in (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_VSOCK, 38, 17):
                try:
                    socket.socket(family, socket.SOCK_DGRAM).close()
                    found[str(int(family))] = 0
                except OSError as error:
                    found[str(int(family))] = error.errno or -1
            for end in socket.socketpair():
                end.close()
            return found

        none = errno.EAFNOSUPPORT
        self.assertEqual(filtered(act), {"1": 0, "2": 0, "10": 0, "16": none, "40": none, "38": none, "17": none})

    def test_a_call_of_the_32_bit_machine_kills(self) -> None:
        # mov eax, 20; int 0x80; ret
        script = START + textwrap.dedent("""
            import ctypes, mmap
            code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
            code.write(bytes.fromhex("b814000000cd80c3"))
            ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()
        """)
        done = subprocess.run([sys.executable, "-c", script], cwd=PACKAGE_PARENT, timeout=30, capture_output=True)
        self.assertEqual(done.returncode, -signal.SIGSYS)

    def test_it_cannot_be_put_on_without_no_new_privs_by_an_ordinary_user(self) -> None:
        with self.assertRaisesRegex(ChildError, "seccomp"):
            in_child(seccomp.install, ordinary=True)

    def test_ordinary_programs_go_on_working(self) -> None:
        script = START + textwrap.dedent("""
            import asyncio, importlib.util, multiprocessing, subprocess, resource, threading

            def double(n):
                return 2 * n

            async def work():
                process = await asyncio.create_subprocess_exec("true")
                server = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0)
                port = server.sockets[0].getsockname()[1]
                reader, writer = await asyncio.open_connection("localhost", port)
                assert await reader.read() == b""
                return await process.wait() + await asyncio.to_thread(double, 4)

            if __name__ == "__main__":
                if importlib.util.find_spec("numpy"):
                    import numpy, pandas
                    a = numpy.random.default_rng(0).random((300, 300))
                    assert numpy.allclose(a @ numpy.linalg.inv(a), numpy.eye(300))
                    assert pandas.DataFrame({"a": [1, 1, 2]}).groupby("a").size().tolist() == [2, 1]
                assert subprocess.run(["sh", "-c", "echo a | cat"], capture_output=True).stdout == b"a\\n"
                found = []
                threads = [threading.Thread(target=found.append, args=(i,)) for i in range(4)]
                [t.start() for t in threads]; [t.join() for t in threads]
                assert sorted(found) == [0, 1, 2, 3]
                for kind in ("fork", "spawn"):
                    with multiprocessing.get_context(kind).Pool(2) as pool:
                        assert pool.map(double, [1, 2, 3]) == [2, 4, 6]
                assert asyncio.run(work()) == 8
                resource.setrlimit(resource.RLIMIT_NOFILE, resource.getrlimit(resource.RLIMIT_NOFILE))
                print("fine")
        """)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        file = os.path.join(folder.name, "work.py")
        with open(file, "w") as handle:
            handle.write(script)
        environment = {**os.environ, "PYTHONPATH": PACKAGE_PARENT, "OPENBLAS_NUM_THREADS": "2"}
        done = subprocess.run([sys.executable, file], env=environment, timeout=60, capture_output=True, text=True)
        self.assertEqual((done.stdout, done.returncode), ("fine\n", 0), done.stderr)


if __name__ == "__main__":
    unittest.main()
