"""Formats times as the API server wants them."""

from datetime import datetime


def micro_time(time: datetime) -> str:
    """metav1.MicroTime: always six digits."""
    return time.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
