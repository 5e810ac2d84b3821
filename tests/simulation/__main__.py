"""Replay one seed and print its history:  python -m tests.simulation --seed 42"""

from __future__ import annotations

import argparse

from tests.simulation.play import play


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--through-aws", action="store_true", help="by boto3's own clients")
    chosen = parser.parse_args()
    played = play(chosen.seed, through_aws=chosen.through_aws)
    print(played.history)
    print(*played.wrong or ["Every invariant held."], sep="\n")
    return bool(played.wrong)


if __name__ == "__main__":
    raise SystemExit(main())
