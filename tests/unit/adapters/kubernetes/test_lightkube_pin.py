"""What we rely on in lightkube, private parts included, holds in the version that is installed.

This fails before anything else does when lightkube is upgraded, and says where to look: adapters/kubernetes/client.py
calls `client._client`, errors.py knows what its `raise_for_status` raises, schema.py binds structs to URLs.
"""

from __future__ import annotations

import inspect
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx2
import pytest
from lightkube import ALL_NS, ApiError, AsyncClient
from lightkube.core.generic_client import BasicRequest, GenericAsyncClient
from lightkube.types import PatchType

from adapters.kubernetes.schema import SECRETS
from entrypoints.issuer import NAMES
from tests.unit.adapters.kubernetes.wire import ISSUERS, SIGNING_REQUESTS, Wire, answering, authentication, config

PROJECT = Path(__file__).parents[4] / "pyproject.toml"
PINNED = ["lightkube", "lightkube-models", "httpx2", "msgspec"]
CALLS = "adapters/kubernetes/client.py builds on this: read lightkube/core/generic_client.py of the new version"
ERRORS = "adapters/kubernetes/errors.py builds on this: read transform_exception() of the new version"


def inner() -> Any:
    return Wire().client._client


@pytest.mark.parametrize("package", PINNED)
def test_the_installed_version_is_the_pinned_one(package: str) -> None:
    wanted = tomllib.loads(PROJECT.read_text())["project"]["dependencies"]
    assert f"{package}=={version(package)}" in wanted, "pinned exactly, and the environment is made from the lock"


def test_the_private_client_is_there() -> None:
    assert isinstance(inner(), GenericAsyncClient), CALLS
    for name, wanted in {
        "prepare_request": {"method", "res", "obj", "name", "namespace", "watch", "params", "headers"},
        "build_adapter_request": {"br"},
        "send": {"req", "stream"},
        "raise_for_status": {"resp"},
    }.items():
        assert wanted <= inspect.signature(getattr(inner(), name)).parameters.keys(), f"{name}: {CALLS}"


def test_a_request_is_prepared_with_what_it_was_given_and_without_what_is_none() -> None:
    told = inner().prepare_request(
        "list", ISSUERS.main, namespace=ALL_NS, watch=True, params={"a": 1, "b": None}, headers={"Accept": "x"}
    )
    assert isinstance(told, BasicRequest), CALLS
    assert (told.method, told.url) == ("GET", f"apis/{NAMES.group}/{NAMES.version}/{NAMES.issuers}"), CALLS
    assert (told.params, told.headers) == ({"a": 1, "watch": "true"}, {"Accept": "x"}), CALLS
    assert told.timeout is None, CALLS


def test_a_prepared_request_takes_a_timeout_of_its_own() -> None:
    told = inner().prepare_request("list", SIGNING_REQUESTS.main, namespace=None, params={}, headers={})
    told.timeout = httpx2.Timeout(1.0, read=2.0)
    assert inner().build_adapter_request(told).extensions["timeout"]["read"] == 2.0, CALLS


def test_names_are_put_into_urls_as_they_are() -> None:
    """The reason for names.py; escape nothing twice should this change."""
    told = inner().prepare_request("get", ISSUERS.main, name="../x%20y", namespace="n", params={})
    assert told.url.endswith(f"/namespaces/n/{NAMES.issuers}/../x%20y"), CALLS


async def test_sending_raises_for_no_status() -> None:
    wire = answering({}, status=410)
    client: Any = wire.client._client
    request = client.build_adapter_request(client.prepare_request("list", ISSUERS.main, namespace=ALL_NS, params={}))
    response = await client.send(request, stream=True)
    assert (response.status_code, response.is_error) == (410, True), CALLS
    await response.aclose()


def _refuse(**told: Any) -> None:
    response = httpx2.Response(409, request=httpx2.Request("GET", "https://x"), **told)
    inner().raise_for_status(response)


def test_a_status_is_raised_with_its_message() -> None:
    with pytest.raises(ApiError) as raised:
        _refuse(json={"message": "m"})
    assert (raised.value.status.message, raised.value.response.status_code) == ("m", 409), ERRORS


def test_any_other_body_is_raised_as_what_it_is() -> None:
    with pytest.raises(httpx2.HTTPStatusError) as raised:
        _refuse(text="m")
    assert not isinstance(raised.value, ApiError), ERRORS


@pytest.mark.parametrize("told", [{}, {"headers": {"Content-Type": "application/json"}, "content": b"no json"}])
def test_where_it_stumbles_over_a_body_the_status_is_the_context(told: dict[str, Any]) -> None:
    with pytest.raises((KeyError, ValueError)) as raised:
        _refuse(**told)
    error: BaseException | None = raised.value
    while error is not None and not isinstance(error, httpx2.HTTPStatusError):
        error = error.__context__
    assert error is not None, ERRORS


def test_the_kinds_of_patch_are_what_the_api_server_calls_them() -> None:
    assert (PatchType.APPLY.value, PatchType.MERGE.value) == (
        "application/apply-patch+yaml",
        "application/merge-patch+json",
    ), CALLS


def test_an_object_is_sent_as_the_dict_that_it_is() -> None:
    body: dict[str, Any] = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}, "more": None}
    told = inner().prepare_request("post", obj=SECRETS.generic(**body), namespace="n")
    assert (told.url, told.data) == ("api/v1/namespaces/n/secrets", body), CALLS


def test_the_http_client_below_takes_credentials() -> None:
    http = AsyncClient(config=config())._client._client
    assert isinstance(http, httpx2.AsyncClient), CALLS
    auth = authentication()
    http.auth = auth
    assert http.auth is auth


@pytest.mark.parametrize("file", sorted((PROJECT.parent / "adapters").rglob("*.py")), ids=lambda file: file.stem)
def test_private_parts_are_used_in_one_file_alone(file: Path) -> None:
    assert ("._client._client" in file.read_text() or "client._client" in file.read_text()) is (
        file == PROJECT.parent / "adapters" / "kubernetes" / "client.py"
    )
