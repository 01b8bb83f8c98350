"""Errors of the engine as exceptions."""

from __future__ import annotations

import json
from typing import Any, Dict, Optional


class DemError(Exception):
    """What the engine refused or could not do.

    code     number such as "DEM3004", which never changes its meaning
    message  what is wrong, and where
    remedy   what to do about it
    path     file or folder at fault, or name of the recipe; None where it is about none
    tensor   name of the tensor at fault; None where it is about none, or several
    line     line of the path, from 1; None where it is not known
    key      key of the recipe, such as "models[1].parameters.weight"; None where it is not known
    report   what the call found nevertheless, such as the report of verify() on a damaged output; else None
    """

    def __init__(self, error: Dict[str, Any], report: Optional[Dict[str, Any]] = None) -> None:
        self.code: str = error["code"]
        self.message: str = error["message"]
        self.remedy: Optional[str] = error.get("remedy")
        self.path: Optional[str] = error.get("path")
        self.tensor: Optional[str] = error.get("tensor")
        self.line: Optional[int] = error.get("line")
        self.key: Optional[str] = error.get("key")
        self.report = report
        super().__init__(error, report)

    def __str__(self) -> str:
        return f"{self.code}: {self.message}" + (f"\n{self.remedy}" if self.remedy else "")


def parse(text: bytes) -> Dict[str, Any]:
    """The error in the JSON of dem_last_error()."""
    error: Dict[str, Any] = json.loads(text)["error"]
    return error
