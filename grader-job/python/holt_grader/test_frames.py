import json
import socket
import threading
import time
import unittest

from holt_grader.frames import CAP, FrameError, check_value, receive, send


def nest(depth: int) -> object:
    value: object = 1
    for _ in range(depth):
        value = [value]
    return value


class Frames(unittest.TestCase):
    def setUp(self) -> None:
        self.ours, self.theirs = socket.socketpair()
        self.addCleanup(self.ours.close)
        self.addCleanup(self.theirs.close)

    def feed(self, body: bytes, length: int | None = None) -> object:
        count = len(body) if length is None else length
        self.theirs.sendall(count.to_bytes(4, "big") + body)
        return receive(self.ours)

    def refuse(self, body: bytes, words: str) -> None:
        with self.assertRaisesRegex(FrameError, words):
            self.feed(body)

    def test_a_value_arrives_as_it_was_sent(self) -> None:
        value: object = {"a": [1, -2.5, True, None, "Grüße 🦦", {}], "b": {"": [[]]}, "c": [2**63 - 1, -(2**63)]}
        send(self.theirs, value)
        send(self.theirs, "next")
        self.assertEqual(receive(self.ours), value)
        self.assertEqual(receive(self.ours), "next")

    def test_what_is_not_json_is_refused(self) -> None:
        for body in (b"", b"{", b"[1,]", b"\xff\xfe", b"'a'", b"\xef\xbb\xbf1", b"1 2", b"\xed\xa0\x80"):
            with self.subTest(body=body):
                self.refuse(body, "must be JSON")

    def test_numbers_that_are_not_finite_are_refused(self) -> None:
        for body in (b"NaN", b"[Infinity]", b'{"a":-Infinity}', b"1e999", b"[-1E400]"):
            with self.subTest(body=body):
                self.refuse(body, "must be finite")

    def test_integers_over_64_bits_are_refused(self) -> None:
        for body in (b"9223372036854775808", b"-9223372036854775809", b"[" + b"9" * 5000 + b"]", b"9" * 2_000_000):
            with self.subTest(length=len(body)):
                sender = threading.Thread(target=self.theirs.sendall, args=(len(body).to_bytes(4, "big") + body,))
                sender.start()
                with self.assertRaisesRegex(FrameError, "64 bits"):
                    receive(self.ours)
                sender.join()

    def test_lone_surrogates_are_refused_in_values_and_keys(self) -> None:
        for body in (rb'"\ud800"', rb'{"\udfff": 1}', rb'["a\udc80b"]'):
            with self.subTest(body=body):
                self.refuse(body, "lone surrogate")
        self.assertEqual(self.feed(rb'"\ud83e\udda6"'), "🦦")

    def test_nesting_over_64_is_refused(self) -> None:
        self.assertEqual(self.feed(json.dumps(nest(64)).encode()), nest(64))
        self.refuse(json.dumps(nest(65)).encode(), "64 deep")

    def test_nesting_that_would_exhaust_the_parser_is_refused(self) -> None:
        for body in (b"[" * 50_000, b"[" * 50_000 + b"]" * 50_000, b'{"a":' * 20_000):
            with self.subTest(start=body[:6]):
                self.refuse(body, "64 deep|must be JSON")

    def test_a_length_over_the_cap_is_refused_before_the_body_comes(self) -> None:
        self.theirs.sendall((CAP + 1).to_bytes(4, "big"))
        with self.assertRaisesRegex(FrameError, "claims"):
            receive(self.ours)

    def test_a_cap_can_be_smaller(self) -> None:
        send(self.theirs, "x" * 100)
        with self.assertRaisesRegex(FrameError, "may have 50 bytes"):
            receive(self.ours, 50)

    def test_a_value_over_the_cap_is_not_sent(self) -> None:
        with self.assertRaisesRegex(FrameError, "may have"):
            send(self.theirs, "x" * CAP)
        send(self.theirs, 1)
        self.assertEqual(receive(self.ours), 1)

    def test_a_clean_end_is_told_from_a_broken_frame(self) -> None:
        for sent, error in ((b"", EOFError), (b"\0\0", FrameError), (b"\0\0\0\x05ab", FrameError)):
            ours, theirs = socket.socketpair()
            with self.subTest(sent=sent), ours:
                theirs.sendall(sent)
                theirs.close()
                with self.assertRaises(error):
                    receive(ours)

    def test_values_that_cannot_be_framed_are_refused(self) -> None:
        class Text(str):
            pass

        loop: list[object] = []
        loop.append(loop)
        wide: list[object] = []
        for _ in range(60):
            wide = [wide] * 1000
        for value in (float("nan"), float("inf"), 2**63, "\ud800", {1: 2}, {"\ud800": 1}, b"a", {1}, Text("a"), loop):
            with self.subTest(kind=type(value)), self.assertRaises(FrameError):
                check_value(value)
        with self.assertRaises(FrameError):
            check_value(wide)

    def test_a_frame_larger_than_the_buffers_is_sent_whole(self) -> None:
        value = ["é" * 1000] * 2000
        for timeout in (None, 0.0, 5.0):
            with self.subTest(timeout=timeout):
                self.theirs.settimeout(timeout)
                got: list[object] = []
                reader = threading.Thread(target=lambda: got.append(receive(self.ours)))
                time.sleep(0.01)
                reader.start()
                send(self.theirs, value)
                reader.join()
                self.assertEqual(got, [value])

    def test_a_peer_that_stalls_is_given_up_at_the_timeout(self) -> None:
        self.ours.settimeout(0.2)
        self.theirs.settimeout(0.2)
        self.theirs.sendall(b"\0\0\1\0abc")
        with self.assertRaises(TimeoutError):
            receive(self.ours)
        with self.assertRaises(TimeoutError):
            send(self.theirs, "x" * 4_000_000)

    def test_a_peer_that_dribbles_does_not_get_a_timeout_for_each_byte(self) -> None:
        self.ours.settimeout(0.3)
        self.theirs.sendall(b"\0\0\1\0")

        def dribble() -> None:
            for _ in range(20):
                self.theirs.sendall(b"x")
                time.sleep(0.05)

        sender = threading.Thread(target=dribble)
        sender.start()
        with self.assertRaises(TimeoutError):
            receive(self.ours)
        sender.join()


if __name__ == "__main__":
    unittest.main()
