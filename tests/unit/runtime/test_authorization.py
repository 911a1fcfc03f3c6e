"""The session that kopf uses sends the token to the API server, and to nobody else."""

from pathlib import Path

import aiohttp

from backgroundjob_operator.cluster.credentials import Credentials
from backgroundjob_operator.kopf_app import Process
from backgroundjob_operator.runtime.options import Options
from kube_stub import running_stub

PATH = "/apis/backgroundjob.dev/v1alpha1"


async def test_the_token_of_the_moment_is_sent_with_each_request(tmp_path: Path) -> None:
    token = tmp_path / "token"
    async with running_stub() as api:
        process = Process(Options(namespace="n"), Credentials(api.url, None, token_file=token))
        async with process._session(aiohttp.ClientResponse) as session:
            for text in ("first", "second"):
                token.write_text(text)
                async with session.get(api.url + PATH) as response:
                    assert response.status == 200

        assert [call.headers["Authorization"] for call in api.calls] == ["Bearer first", "Bearer second"]


async def test_another_host_to_which_a_request_is_redirected_gets_no_token() -> None:
    async with running_stub() as api, running_stub() as other:
        api.answer("GET", PATH, {}, 307, {"Location": other.url + PATH})
        process = Process(Options(namespace="n"), Credentials(api.url, None, token="t"))
        async with process._session(aiohttp.ClientResponse) as session, session.get(api.url + PATH):
            pass

        assert "Authorization" in api.calls[0].headers
        assert [call.path for call in other.calls] == [PATH]
        assert "Authorization" not in other.calls[0].headers
