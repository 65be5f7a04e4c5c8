import mmap
import unittest

from .huge_pages import collapse, list_private


class HugePagesTest(unittest.TestCase):
    def test_memory_without_a_file_is_listed_and_a_file_is_not(self) -> None:
        with mmap.mmap(-1, 2**20, flags=mmap.MAP_PRIVATE) as memory, open(__file__, "rb") as file:
            memory[:4] = b"here"
            before = list_private()
            with mmap.mmap(file.fileno(), 0, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_WRITE):
                self.assertEqual(len(list_private()), len(before))
        self.assertTrue(before)
        self.assertTrue(all(start < end for start, end in before))

    def test_what_is_in_memory_stays(self) -> None:
        size = 8 * 2**20
        with mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE) as memory:
            content = bytes(range(256)) * (size // 256)
            memory[:] = content
            collapse()
            self.assertEqual(memory[:], content)


if __name__ == "__main__":
    unittest.main()
