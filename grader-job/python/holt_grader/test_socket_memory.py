"""Checks that memory in the buffers of sockets, which no process holds, is the submission's."""

import unittest

from holt_grader.grading_case import CHECK, LIMITS, GradingCase, make_notebook

FILL = """
import os, socket, time
def fill(most):
    kept = []
    while most > 0:
        kept.append(socket.socketpair())
        for end in kept[-1]:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
            end.setblocking(False)
            try:
                while True:
                    most -= end.send(b"x" * 200_000)
            except BlockingIOError:
                pass
    return kept
for _ in range(8):
    if os.fork() == 0:
        try:
            kept = fill(40 << 20)
            time.sleep(30)
        finally:
            os._exit(0)
time.sleep(3)
"""


class SocketMemoryTest(GradingCase):
    def test_a_notebook_that_fills_sockets_is_ended_for_its_memory(self) -> None:
        limits = {**LIMITS, "memoryBytes": 400 * 2**20}
        answer = self.assignment.grade(make_notebook(FILL, "x = 3"), limits, 7)
        self.assertEqual(answer["ended"], "memory", answer)

    def test_a_socket_holds_no_more_than_is_usual(self) -> None:
        code = """
import socket
def measure(end):
    return [end.getsockopt(socket.SOL_SOCKET, size) for size in (socket.SO_SNDBUF, socket.SO_RCVBUF)]
x = 3
for end in (*socket.socketpair(), socket.socket()):
    before = measure(end)
    for size in (socket.SO_SNDBUF, socket.SO_RCVBUF, 32, 33):
        end.setsockopt(socket.SOL_SOCKET, size, 1 << 20)
    if measure(end) != before:
        x = 0
    end.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    if not end.getsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED) and end.family == socket.AF_UNIX:
        x = 0
"""
        self.assertEqual(self.score(code, CHECK), [3, 2])


if __name__ == "__main__":
    unittest.main()
