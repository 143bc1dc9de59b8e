"""The main job: sources in; skeletons, verbs and pictures of them out."""

from bodyverb.pipeline.options import RunOptions, RunResult, SourceResult
from bodyverb.pipeline.run import run

__all__ = ["RunOptions", "RunResult", "SourceResult", "run"]
