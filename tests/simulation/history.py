"""What happened in a seed, as people read it: virtual time, who, what, with what the scheduler did between."""

from __future__ import annotations

import traceback
from typing import Any

from ecs_local.simulate import Simulation

from tests.simulation.scenario import Scenario


class History:
    """Lines are kept as they come and put into words only where somebody reads them."""

    def __init__(self, simulation: Simulation, scenario: Scenario) -> None:
        self._simulation, self._scenario = simulation, scenario
        self._begun = simulation.now
        self._lines: list[tuple[float, int, str, Any]] = []
        self.error: BaseException | None = None

    def note(self, now: float, who: str, text: Any) -> None:
        """A line; a call is (operation, params, what became of it)."""
        self._lines.append((now, len(self._simulation.history), who, text))

    def __str__(self) -> str:
        """The whole story."""
        story: list[str] = [f"seed {self._scenario.seed}: {self._scenario}", ""]
        actions, told = self._simulation.history, 0
        for now, seen, who, text in self._lines:
            story += [self._line(at, "ecs", str(action)) for at, action in actions[told:seen]]
            told = seen
            story.append(self._line(now, who, _call(*text) if isinstance(text, tuple) else str(text)))
        story += [self._line(at, "ecs", str(action)) for at, action in actions[told:]]
        if self.error is not None:
            story += ["", *traceback.format_exception(self.error)]
        return "\n".join(story)

    def _line(self, at: float, who: str, text: str) -> str:
        return f"{at - self._begun:9.2f} {who:>10}  {text}"


def _call(operation: str, params: dict[str, Any], became: str | None) -> str:
    shown = ", ".join(f"{name}={_short(value)}" for name, value in params.items() if name not in _DULL)
    return f"{operation}({shown}){f'  !! {became}' if became else ''}"


_DULL = {
    "cluster",
    "service",
    "services",
    "Type",
    "Tier",
    "ServiceNamespace",
    "ScalableDimension",
    "ResourceId",
}


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 400 else text[:400] + "..."
