import os
import unittest

from .cgroup import make_cgroup
from .memory_limit import BY_GROUPS, BY_WATCHING, find_memory_limit
from .namespaces import choose_kind
from .sandbox_case import hide_groups, in_child


class MemoryLimit(unittest.TestCase):
    def test_it_is_the_kernels_where_groups_can_be_made(self) -> None:
        group = make_cgroup(f"test-{os.getpid()}", 2**20, 1)
        if group is None:
            self.skipTest("groups that limit memory cannot be made here")
        group.remove()
        self.assertEqual(find_memory_limit()[0], BY_GROUPS)

    @unittest.skipUnless(choose_kind() == "root", "only root can hide groups without more ado")
    def test_it_is_watched_elsewhere(self) -> None:
        def act() -> object:
            hide_groups()
            return find_memory_limit()

        self.assertEqual(in_child(act)[0], BY_WATCHING)

    def test_it_leaves_no_open_file_and_no_child(self) -> None:
        before = os.listdir("/proc/self/fd")
        find_memory_limit()
        self.assertEqual(os.listdir("/proc/self/fd"), before)
        with self.assertRaises(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)


if __name__ == "__main__":
    unittest.main()
