"""Workers on other machines, behind a Dask scheduler: the same face as `Workers`, with shards of files instead of single ones.

Every machine sees the sources and DIR-held under the same paths. A machine proves files and leaves them in DIR-held; the run
itself, on one machine, moves them into DIR and writes the audit log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeVar

from deid.batch.sandbox import Cage
from deid.batch.workers import Limits, Lost, Setup, Workers
from deid.errors import EnvironmentBroken

if TYPE_CHECKING:
    from distributed import Client, Future

Item = TypeVar("Item")
Result = TypeVar("Result")

# Models are loaded once a shard (about 2 s), and a shard is done again where its machine is lost.
_SHARD: Final = 50
# How long the scheduler may take to answer, in seconds.
_ANSWER: Final = 20.0
# Shards that wait at the scheduler for each core: enough to keep it busy, few enough for ten million files.
_WAITING: Final = 2


class Cluster:
    """Workers behind a Dask scheduler.

    Parameters
    ----------
    address
        The scheduler's address, such as ``tcp://10.0.0.1:8786``. The key of this user travels to it: use TLS, or a network of your
        own.
    setup, limits
        As for `Workers`; each core of the cluster runs one.

    Raises
    ------
    EnvironmentBroken
        Where `distributed` is not installed, or the scheduler does not answer.
    """

    def __init__(self, address: str, setup: Setup, limits: Limits) -> None:
        try:
            from distributed import Client
        except ImportError:
            raise EnvironmentBroken("Dask is not installed.", "pip install 'deid-toolkit[scale]'") from None
        try:
            self._client: Client = Client(address, set_as_default=False, timeout=_ANSWER)
        except OSError:
            raise EnvironmentBroken("The Dask scheduler does not answer.", "Check --scheduler.") from None
        self._setup = setup
        self._limits = limits
        self.count = 1
        self.description: Any = None
        self.cage: Cage | None = None

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        self._client.close()

    def start(self) -> Any:
        """Load the models on one machine, and return what its setup tells."""
        self.description, self.cage = self._client.submit(_describe, self._setup, self._limits, pure=False).result()
        return self.description

    def run(
        self, function: Callable[[Item, Any], Result], items: Iterator[Item], stopping: Callable[[], bool] = lambda: False
    ) -> Iterator[tuple[Item, Result | Lost]]:
        """Call ``function(item, loaded)`` for every item somewhere; yield results as shards come back."""
        from distributed import as_completed

        waiting: dict[Any, list[Item]] = {}
        done = as_completed([], loop=self._client.loop)
        while True:
            most = _WAITING * max(1, sum(self._client.ncores().values()))
            while len(waiting) < most and not stopping() and (shard := list(islice(items, _SHARD))):
                future = self._client.submit(_shard, self._setup, self._limits, function, shard, pure=False)
                waiting[future] = shard
                done.add(future)
            if not waiting:
                return
            future = next(done)
            yield from _results(future, waiting.pop(future))

    def close(self) -> None:
        """Nothing is kept between runs."""


def _results(future: Future, shard: list[Any]) -> Iterator[tuple[Any, Any]]:
    """What came of a shard; one that took machine after machine down with it is lost as a whole."""
    error = future.exception()
    if isinstance(error, EnvironmentBroken):
        raise error
    if error is None:
        yield from future.result()
    else:
        yield from ((item, Lost("crash", f"cluster: {type(error).__name__}")) for item in shard)


def _describe(setup: Setup, limits: Limits) -> tuple[Any, Cage | None]:
    with Workers(1, setup, limits) as workers:
        return workers.start(), workers.cage


def _shard(setup: Setup, limits: Limits, function: Callable[..., Any], shard: list[Any]) -> list[tuple[Any, Any]]:
    """Do a shard on the machine where this runs, in a worker that may crash alone."""
    with Workers(1, setup, limits) as workers:
        return list(workers.run(function, iter(shard)))
