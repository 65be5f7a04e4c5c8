import unittest
from typing import Any

from .sandboxes import FIRST_UID, MOST_UIDS, Sandboxes
from .warm_client import Warm

LIMITS = {"notebookSeconds": 20, "memoryBytes": 2**30, "processes": 64, "diskBytes": 2**26}


class SandboxesTest(unittest.TestCase):
    warm: Warm

    @classmethod
    def setUpClass(cls) -> None:
        cls.warm = Warm()
        cls.warm.wait()

    @classmethod
    def tearDownClass(cls) -> None:
        cls.warm.close()

    def make(self, sandboxes: Sandboxes, limits: dict[str, Any] = LIMITS) -> int:
        with sandboxes.make(limits) as submission:
            return int(submission.order["uid"])

    def test_no_two_sandboxes_at_a_time_share_a_user(self) -> None:
        sandboxes = Sandboxes(self.warm, "/tmp")
        uids = [self.make(sandboxes) for _ in range(5)]
        self.assertEqual(len(set(uids)), 5)
        self.assertTrue(all(FIRST_UID <= uid < FIRST_UID + MOST_UIDS for uid in uids))

    def test_judges_on_one_machine_begin_with_users_of_their_own(self) -> None:
        firsts = {self.make(Sandboxes(self.warm, "/tmp")) for _ in range(8)}
        self.assertGreater(len(firsts), 6)


if __name__ == "__main__":
    unittest.main()
