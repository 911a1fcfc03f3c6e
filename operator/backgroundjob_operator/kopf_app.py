"""The process: kopf follows the BackgroundJobs and handles signals; everything else is ours.

The only module that imports kopf. Of kopf only startup, cleanup, login and event are used: changing
handlers, daemons and timers would write to every object (6 writes per job instead of 3).
"""

import asyncio
import contextlib
import logging
import sys
from typing import Any, Final

import aiohttp
import kopf
from yarl import URL

from backgroundjob import __version__
from backgroundjob.api import labels
from backgroundjob_operator.cluster.admission import KubeAdmission
from backgroundjob_operator.cluster.api_server import ApiServer
from backgroundjob_operator.cluster.bounded_response import BoundedResponse
from backgroundjob_operator.cluster.credentials import Credentials, NoCredentials, find_credentials
from backgroundjob_operator.cluster.kube import KubeCluster
from backgroundjob_operator.cluster.leases import KubeLease
from backgroundjob_operator.runtime.app import App
from backgroundjob_operator.runtime.elector import Elector
from backgroundjob_operator.runtime.logs import configure_logs
from backgroundjob_operator.runtime.options import Options

KOPF_SECONDS: Final = 1.0
"""For kopf's own tasks to end, once ours have ended."""

_log = logging.getLogger(__name__)


class NoDiffBase(kopf.DiffBaseStorage):
    """Stores no last-handled state: it would copy params into an annotation and cost 25 % of the CPU."""

    def build(self, *, body: kopf.Body, extra_fields: object = None) -> kopf.BodyEssence:  # noqa: ARG002
        return kopf.BodyEssence({})

    def fetch(self, *, body: kopf.Body) -> kopf.BodyEssence | None:  # noqa: ARG002
        return None

    def store(self, *, body: kopf.Body, patch: kopf.Patch, essence: kopf.BodyEssence) -> None:
        """Nothing is stored."""


class NoProgress(kopf.ProgressStorage):
    """Stores no handler progress: there are no handlers that make any."""

    def fetch(self, **_: Any) -> None:
        return None

    def store(self, **_: Any) -> None:
        """Nothing is stored."""

    def purge(self, **_: Any) -> None:
        """Nothing was stored."""

    def touch(self, **_: Any) -> None:
        """Nothing is stored."""

    def clear(self, *, essence: kopf.BodyEssence) -> kopf.BodyEssence:
        return essence


class Process:
    """One life of the operator, from login to cleanup."""

    def __init__(self, options: Options, credentials: Credentials) -> None:
        self._credentials = credentials
        self._options = options
        self._sessions: list[aiohttp.ClientSession] = []
        self._app: App | None = None
        self.stop_flag = asyncio.Event()
        self.stopped = asyncio.Event()
        self.exit_code = 0

    def registry(self) -> kopf.OperatorRegistry:
        """Kopf's handlers, bound to this life."""
        registry = kopf.OperatorRegistry()
        kopf.on.startup(registry=registry)(self._configure)
        kopf.on.cleanup(registry=registry)(self.stop)
        kopf.on.login(registry=registry)(self._login)
        kopf.on.event(labels.GROUP, labels.VERSION, labels.PLURAL, registry=registry)(self._event)
        return registry

    async def start(self) -> None:
        """Start what is ours. Before kopf: it would try a start that failed again after a minute.

        Raises OSError when the port is taken.
        """
        api = ApiServer(self._session(aiohttp.ClientResponse), self._credentials)
        election = self._options.election
        if election is None:
            self._app = App(KubeCluster(api), self._options, self._fail)
        else:
            place = election.namespace, election.lease
            elector = Elector(KubeLease(api, *place), election.identity, election.times)
            fenced = api.writing_while(elector.seconds_left)
            admission = KubeAdmission(fenced, *place) if self._options.probe_admission else None
            self._app = App(KubeCluster(fenced), self._options, self._fail, elector, admission)
        await self._app.start()

    async def _configure(self, settings: kopf.OperatorSettings, **_: Any) -> None:
        configure_kopf(settings)

    async def stop(self, **_: Any) -> None:
        """End what is ours; kopf calls it when its own tasks have ended."""
        # kopf waits 5 s for its own waiter of this flag, whatever ended the operator.
        self.stop_flag.set()
        if self._app is not None:
            await self._app.stop()
        for session in self._sessions:
            await session.close()
        self.stopped.set()

    async def _login(self, **_: Any) -> kopf.AiohttpSession:
        # A session of its own: kopf closes it at will. BoundedResponse keeps one deeply nested object
        # from stopping the list of everybody else.
        return kopf.AiohttpSession(
            aiohttp_session=self._session(BoundedResponse),
            server=self._credentials.server,
            default_namespace=self._options.namespace,
        )

    async def _event(self, event: kopf.RawEvent, **_: Any) -> None:
        if self._app is not None:
            self._app.background_job_seen(event["type"], event["object"])

    def _session(self, response_class: type[aiohttp.ClientResponse]) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(limit=0, ssl=self._credentials.ssl_context or True)
        session = aiohttp.ClientSession(
            connector=connector,
            response_class=response_class,
            middlewares=(self._authorize,),
            headers={"User-Agent": f"{labels.OPERATOR_NAME}/{__version__} ({self._options.replica})"},
        )
        self._sessions.append(session)
        return session

    async def _authorize(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        # Read anew each time: the kubelet rotates the token, and a 401 would make kopf log in again.
        # For the API server alone: a redirect to another host is followed without it.
        if request.url.origin() == URL(self._credentials.server).origin():
            request.headers.update(self._credentials.headers())
        return await handler(request)

    def _fail(self) -> None:
        self.exit_code = 1
        self.stop_flag.set()


def configure_kopf(settings: kopf.OperatorSettings) -> None:
    """Kopf without writes, without scanning, without delay. Reasons: docs/decisions/003-kopf.md."""
    settings.peering.standalone = True
    settings.scanning.disabled = True
    settings.posting.enabled = False
    settings.queueing.idle_timeout = 0.1
    settings.queueing.exit_timeout = 0.5
    settings.persistence.diffbase_storage = NoDiffBase()
    settings.persistence.progress_storage = NoProgress()
    settings.watching.server_timeout = 290
    settings.watching.client_timeout = 300
    settings.networking.request_timeout = 60
    settings.networking.connect_timeout = 5
    settings.process.ultimate_exiting_timeout = 10


async def run(options: Options, credentials: Credentials) -> int:
    """Run until SIGTERM or a fatal error; the exit code."""
    process = Process(options, credentials)
    try:
        await process.start()
    except OSError as error:
        _log.critical("the operator cannot serve its probes and exits: %s", error)
        await process.stop()
        return 1
    following = asyncio.create_task(
        kopf.operator(
            registry=process.registry(),
            standalone=True,
            clusterwide=not options.watch_namespaces,
            namespaces=options.watch_namespaces,
            stop_flag=process.stop_flag,
            # Given, or kopf looks the user up, and a numeric user of an image has no passwd entry.
            identity=labels.OPERATOR_NAME,  # type: ignore[arg-type]  # a private NewType of str
        )
    )
    stopped = asyncio.create_task(process.stopped.wait())
    await asyncio.wait({following, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    # kopf gives a watcher that was cancelled in its first list 5 s more; nothing of ours is left to wait for.
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(following, KOPF_SECONDS)
    if not process.stopped.is_set():
        await process.stop()  # kopf ended before it had started
    return process.exit_code


def main() -> int:
    """Entry point of `backgroundjob-operator`."""
    try:
        options = Options.from_environment()
        configure_logs(options.log_format, options.log_level)
        credentials = find_credentials()
    except (ValueError, NoCredentials) as error:
        sys.stderr.write(f"backgroundjob-operator: {error}\n")
        return 2
    return asyncio.run(run(options, credentials))


if __name__ == "__main__":
    sys.exit(main())
