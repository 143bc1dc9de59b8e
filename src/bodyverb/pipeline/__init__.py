"""The main job: sources in; skeletons, verbs and pictures of them out."""

from bodyverb.pipeline.live import LivePerson
from bodyverb.pipeline.options import RunOptions, RunResult, SourceResult, exit_code
from bodyverb.pipeline.run import results, run

__all__ = ["LivePerson", "RunOptions", "RunResult", "SourceResult", "exit_code", "results", "run"]
