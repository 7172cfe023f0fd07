"""A running emulator, and how Microsoft's clients reach it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.identity import ClientSecretCredential, ManagedIdentityCredential

SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"
TENANT = "22222222-2222-2222-2222-222222222222"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/physics"


class Emulator:
    """The built program as a server, which ends with the `with` block."""

    def __init__(self, folder: Path, tls: bool, operations: str):
        self.tls = tls
        self.ca = folder / "ca.pem"
        command = [os.environ["LABWRIGHT"], "emulator", "--operations", operations, "--page-size", "2"]
        command += ["--tls", "--tls-ca-out", str(self.ca)] if tls else []
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        first = self.process.stdout.readline()
        said = "listening on "
        if not first.startswith(said):
            sys.exit(f"the emulator did not start: {first!r}, exit {self.process.wait()}")
        self.url = first.removeprefix(said).strip()
        assert self.url.startswith("https://localhost:" if tls else "http://127.0.0.1:"), self.url
        if tls:
            assert self.process.stdout.readline() == f"ca: {self.ca}\n"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=20) == 0

    def credential(self):
        """A client secret over https; MSAL takes no http authority, a managed identity's endpoint may be http."""
        if self.tls:
            return ClientSecretCredential(
                TENANT, "client", "secret", authority=self.url, disable_instance_discovery=True
            )
        return ManagedIdentityCredential()

    def client(self, of, **options):
        """A client of the given class, set up as its documentation says for a cloud of one's own."""
        return of(
            self.credential(),
            SUBSCRIPTION,
            base_url=self.url,
            credential_scopes=[f"{self.url}/.default"],
            per_call_policies=[] if self.tls else [PlainHttp()],
            **options,
        )


class PlainHttp(SansIOHTTPPolicy):
    """Lets a token go over http, which azure-core allows for each request alone."""

    def on_request(self, request):
        request.context.options["enforce_https"] = False


def until(is_so):
    """What no operation tells of is read again and again, as Microsoft's own tools do."""
    end = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
