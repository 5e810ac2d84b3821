"""Keeps an idle alarm from putting a service to sleep while it is being deployed, and just after.

Suspending scale-in is not enough: the alarm of a sleeping service already stands in ALARM, and acts at once when
scale-in is resumed. The template's alarm therefore counts the metric DeployActivity as traffic; one point a minute
is a lease that runs out by itself, whatever happens to us. Scale-in is resumed when the alarm was seen OK.
"""

from __future__ import annotations

from dataclasses import dataclass

from ecs_deployment.cloud import Cloud
from ecs_deployment.errors import Denied, DeployError
from ecs_deployment.model import IdleAlarm

RENEW = 50.0  # seconds; one point in every period of a minute
PATIENCE = 240.0  # seconds to wait for the alarm; CloudWatch needs two to three minutes


def pause(waited: float) -> float:
    """Seconds until the alarm is worth another look: soon at first, then every quarter of a minute."""
    return min(max(0.5, waited), 15.0)


@dataclass
class Lease:
    """The lease of one service. It costs a call a minute, and nothing where no alarm honours it."""

    cloud: Cloud
    cluster: str
    service: str
    alarm: IdleAlarm | None
    refused: str = ""
    """Why no point may be put, "" where it may."""
    _renewed: float | None = None

    @property
    def honoured(self) -> bool:
        """Whether there is an alarm that counts the metric, and we may put it."""
        return self.alarm is not None and self.alarm.leased and not self.refused

    def renew(self, now: float, *, at_once: bool = False) -> None:
        """Put a point if one is due. A point that cannot be put is made good by the next."""
        if not self.honoured or (self._renewed is not None and now - self._renewed < RENEW and not at_once):
            return
        self._renewed = now
        try:
            self.cloud.report_activity(self.cluster, self.service)
        except Denied as error:
            self.refused = error.what
        except DeployError:
            return

    def stands_in_alarm(self) -> bool:
        """Whether the alarm would act at once if scale-in were resumed now. Who cannot be asked may still."""
        if self.alarm is None:
            return False
        try:
            return self.cloud.alarm_state(self.alarm.name) == "ALARM"
        except DeployError:
            return True
