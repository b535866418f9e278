"""What the tests of the network share."""

import pytest
import torch


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Threads that wait for each other take longer than these small networks do."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
