"""The engine: one world, one loop. Whatever happens wakes the loop; it steps, then lets worker and balancer follow.

API call, fact, or a moment that comes  ->  step(world)  ->  worker.reconcile  ->  balancer.reconcile
"""

from __future__ import annotations

import asyncio
import logging
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ecs_local import images, transitions
from ecs_local.api.errors import AwsError
from ecs_local.api.passive import Passive
from ecs_local.balancer import Balancer
from ecs_local.facts import Fact
from ecs_local.logs import Shipper
from ecs_local.profile import Profile
from ecs_local.step import next_moment, step
from ecs_local.telemetry import Telemetry
from ecs_local.worker import Worker
from ecs_local.world import World

_log = logging.getLogger(__name__)
_SHORTEST = 0.002  # seconds between two steps that only time asked for
_PATIENCE = 5.0  # seconds that a call waits for the loop
_AFTER_FAILURE = 1.0  # seconds until the loop tries again after a bug of ours


class Engine:
    """One embedded account at work. `start` it on the running event loop; `stop` leaves no process behind."""

    def __init__(
        self, home: Path, profile: Profile, base_url: str, clock: Callable[[], float] = time.time
    ) -> None:
        self.home, self.base_url = home, base_url
        self._forget_files()
        self.store = images.BlobStore(home / "blobs")
        self.failure: str | None = None  # what the loop last stumbled over
        self.last_used = clock()
        self._clock, self._profile = clock, profile
        self._woken, self._resetting = asyncio.Event(), asyncio.Lock()
        self._passes: list[asyncio.Future[None]] = []
        self._begin()
        self.passive = Passive(self.world.account, self.world.region)

    def _begin(self) -> None:
        """An empty account. The seed decides ids and addresses: two engines on one machine must not meet."""
        self.world = World(profile=self._profile, seed=random.SystemRandom().getrandbits(48))

    def now(self) -> float:
        """Seconds since the epoch, by this engine's clock."""
        return self._clock()

    def used_at(self) -> float:
        """When somebody last asked for anything: a call of the API, or a request to a load balancer."""
        return max(self.last_used, self._balancer.last_request_at or 0.0)

    def wake(self) -> None:
        """Lets the loop look at the world at once."""
        self._woken.set()

    async def settle(self) -> None:
        """Waits until worker and balancer have followed what the world says now; a few seconds at most."""
        passed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._passes.append(passed)
        self.wake()
        await asyncio.wait([passed], timeout=_PATIENCE)

    def start(self) -> None:
        """Begins to work: tasks, load balancer, logs and the loop."""
        self._shipper = Shipper(self.world, self.passive)
        self._worker = Worker(
            self.world,
            self._report,
            self._resolve,
            self._shipper.take,
            self.home / "tasks",
            self._shipper.ready,
        )
        self._balancer = Balancer(self.world, self._report, self._clock)
        self._telemetry = Telemetry(
            self.world, self._shipper, self._worker.processes, self._balancer.moved, self._clock
        )
        self._loop = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stops every task, listener and log; what was printed until then is kept in the registers."""
        self._loop.cancel()
        await asyncio.gather(self._loop, return_exceptions=True)
        await self._telemetry.stop()
        await self._balancer.stop()
        await self._worker.stop()
        await self._shipper.stop()

    async def reset(self) -> None:
        """Stops everything and begins again with an empty account."""
        async with self._resetting:
            await self.stop()
            await self.passive.reset()
            self._begin()
            self.start()

    def close(self) -> None:
        """Lets go of the passive registers and of all files, after `stop`."""
        self.passive.close()
        self._forget_files()

    def _forget_files(self) -> None:
        """State is gone with its engine: also that of one before, which was killed."""
        for name in ("blobs", "images", "tasks"):
            shutil.rmtree(self.home / name, ignore_errors=True)

    def _report(self, fact: Fact) -> None:
        transitions.observe(self.world, fact, self.now())
        self.wake()

    async def _run(self) -> None:
        while True:
            self._woken.clear()
            passing, self._passes = self._passes, []
            try:
                step(self.world, self.now())
                self._worker.reconcile(self.now())
                await self._balancer.reconcile(self.now())
                self.failure = None
            except Exception as error:  # noqa: BLE001 - a bug of ours must not silence the engine; status shows it
                self.failure = f"{type(error).__name__}: {error}"
                _log.exception("the engine's loop stumbled")
                await asyncio.sleep(_AFTER_FAILURE)
                continue
            for passed in passing:
                passed.set_result(None)
            await self._until(next_moment(self.world, self.now()))

    async def _until(self, moment: float | None) -> None:
        """Sleeps until somebody wakes the loop or the moment has come."""
        delay = None if moment is None else max(moment - self.now(), _SHORTEST)
        try:
            async with asyncio.timeout(delay):
                await self._woken.wait()
        except TimeoutError:
            return

    async def _resolve(self, image: str) -> images.ResolvedImage:
        return await images.resolve(image, self._manifest, self.store, self.home / "images")

    async def _manifest(self, repository: str, reference: str) -> tuple[bytes, str] | None:
        """A manifest of the registry and its digest, by tag or by digest; None where there is none."""
        wanted = {"imageDigest" if reference.startswith("sha256:") else "imageTag": reference}
        try:
            answer = await self.passive.call(
                "ecr", "BatchGetImage", {"repositoryName": repository, "imageIds": [wanted]}
            )
        except AwsError:
            return None
        found: list[dict[str, Any]] = answer.get("images", [])
        if not found:
            return None
        return found[0]["imageManifest"].encode(), found[0]["imageId"]["imageDigest"]
