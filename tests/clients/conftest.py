"""Each test against an emulator over http and https, in each way of telling of long-running operations."""

import pytest
from azure.core.exceptions import HttpResponseError

from emulator import Emulator

WAYS = [(tls, operations) for operations in ("azure-async", "location", "body") for tls in (False, True)]


@pytest.fixture(scope="session", params=WAYS, ids=lambda way: f"{'https' if way[0] else 'http'}-{way[1]}")
def azure(request, tmp_path_factory):
    tls, operations = request.param
    with pytest.MonkeyPatch.context() as environment, Emulator(tmp_path_factory.mktemp("ca"), tls, operations) as azure:
        if tls:
            environment.setenv("REQUESTS_CA_BUNDLE", str(azure.ca))
        else:
            environment.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", azure.url)
        yield azure


@pytest.fixture
def refused():
    """Calls what must be refused, and gives back the status and the code that the client understood."""

    def call(status, code, what, *arguments, **options):
        with pytest.raises(HttpResponseError) as caught:
            answer = what(*arguments, **options)
            if hasattr(answer, "result"):
                answer.result()
            elif hasattr(answer, "by_page"):
                list(answer)
        error = caught.value
        assert error.error is not None, f"an error that the client cannot read: {error}"
        assert (error.status_code, error.error.code) == (status, code), error.message
        assert error.error.message
        return error

    return call
