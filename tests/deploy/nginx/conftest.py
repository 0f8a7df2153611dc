"""One folder in which the page was followed, for all tests of this process that are marked `needs("nginx")`."""

import pytest

from tests.deploy.nginx.following import Site, begin


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return begin(tmp_path_factory.mktemp("token"))
