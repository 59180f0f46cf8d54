"""The API of an online judge: submissions into a queue, verdicts back to their users.

``POST /submissions?user=NAME`` queues a submission and is answered with 202 at once. Its verdict
goes to the channel of that name, from where it is fetched or pushed as any message is:
``GET /messages``, ``/events`` and ``/ws``, each with ``channel=NAME``. With ``wait=SECONDS`` the
POST itself is answered with the verdict, or with 504 after so many seconds.

Role: http.
"""

from __future__ import annotations

import asyncio
import itertools

from servers.asgi import (
    Handler,
    Receive,
    Routes,
    Scope,
    Send,
    application,
    broadcast_routes,
    query_of,
    read_body,
    respond,
)
from servers.contract import BAD_MESSAGE, TOO_LONG, BadRequest, is_message, parse_wait
from servers.hub import MAIN_CHANNEL, Hub
from servers.job_queue import Job, JobQueue, add_redis, job_queue
from servers.notebook import ACCEPTED, Notebook, sampling
from servers.serving import Options, argument_parser, options_of, run
from servers.uvicorn_stack import serve

_NOBODY = ""
"""The user of a submission whose own request waits for the verdict."""


class Judge:
    """Takes submissions in, and verdicts back out of the queue."""

    def __init__(self, queue: JobQueue, hub: Hub, notebook: Notebook, max_message: int) -> None:
        self._queue = queue
        self._hub = hub
        self._notebook = notebook
        self._max_message = max_message
        self._numbers = itertools.count()
        self._waiting: dict[int, asyncio.Future[bytes]] = {}

    @property
    def routes(self) -> Routes:
        """Give the handlers of what this adds to the contract."""
        return {("POST", "/submissions"): self._post_submission}

    async def take_verdicts(self) -> None:
        """Hand on each verdict as it comes, for ever."""
        while True:
            verdict = await self._queue.verdict()
            if verdict.user == _NOBODY:
                waiting = self._waiting.get(verdict.number)
                # A request that gave up waits no more; its user has been told.
                if waiting is not None and not waiting.done():
                    waiting.set_result(verdict.submission)
            else:
                self._hub.publish(verdict.submission, verdict.user)

    async def _post_submission(self, scope: Scope, receive: Receive, send: Send) -> None:
        query = query_of(scope)
        submission = await read_body(receive, self._max_message)
        if submission is None:
            await respond(send, 413, TOO_LONG.encode())
            return
        if not is_message(submission):
            await respond(send, 400, BAD_MESSAGE.encode())
            return
        number = next(self._numbers)
        self._notebook.note(ACCEPTED, submission)
        if "wait" not in query:
            await self._queue.submit(Job(number, _user(query), submission))
            await respond(send, 202, b"")
            return
        seconds = parse_wait(query["wait"])
        verdict = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(seconds):
                await self._queue.submit(Job(number, _NOBODY, submission))
                judged = await verdict
        except TimeoutError:
            await respond(send, 504, f"no verdict within {seconds:g} seconds".encode())
        else:
            await respond(send, 200, judged)
        finally:
            del self._waiting[number]


def counting(app: Handler, notebook: Notebook) -> Handler:
    """Count each request before ``app`` has it, WebSocket handshakes too."""

    async def counted(scope: Scope, receive: Receive, send: Send) -> None:
        notebook.count_request()
        await app(scope, receive, send)

    return counted


async def main(options: Options, redis: str, trace: int) -> None:
    """Run the API until SIGTERM.

    Raises:
        redis.exceptions.RedisError: there is no queue, or it went away.
    """
    hub = Hub(options.bounds)
    notebook = Notebook("judge", trace, counts=True)
    async with job_queue(redis) as queue, asyncio.TaskGroup() as tasks:
        judge = Judge(queue, hub, notebook, options.max_message)
        fetched = broadcast_routes(hub, options.heartbeat, options.max_message, hub.publish)
        app = counting(application(fetched | judge.routes), notebook)
        taking = tasks.create_task(judge.take_verdicts())
        await serve(app, hub, None, options)
        taking.cancel()


def _user(query: dict[str, str]) -> str:
    user = query.get("user", MAIN_CHANNEL)
    if not user.isalnum():
        raise BadRequest(f"user {user[:40]!r}: is no name; give letters and digits")
    return user


if __name__ == "__main__":
    parser = argument_parser("judge", "The API of an online judge, with its queue in Redis.")
    add_redis(parser.add_argument)
    parser.add_argument("--trace", type=sampling, default=0, help="note one in N submissions")
    arguments = parser.parse_args()
    run("judge", main(options_of(arguments), arguments.redis, arguments.trace))
