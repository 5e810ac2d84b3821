"""`app.top --json`: one object, headed as that of every other task."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ecs_deployment.describe import head

from ecs_stats.stats import Stats, as_data


def document(environment: str, looks: Sequence[Stats], spent: tuple[int, float]) -> str:
    """The looks as one JSON object. `spent`: API calls and seconds."""
    services = [as_data(one) for one in looks]
    return json.dumps({**head(environment, "", "seen", 0, spent), "services": services}, indent=2)
