"""What the jobs of each rule ask for."""

from typing import Literal

from pydantic import Field

from fcnlib.config.schema_base import Frozen, Positive
from fcnlib.config.schema_figures import FigureKind

# Makes an archive that is downloaded where archives are published.
SyntheticRule = Literal[
    "synthetic_voc",
    "synthetic_sbd",
    "synthetic_voc2010",
    "synthetic_context",
    "synthetic_voc2012test",
    "synthetic_nyudv2",
    "synthetic_siftflow",
]
# Every rule with a script; a test holds these equal to the workflow's.
RuleName = Literal[
    SyntheticRule,
    "stand_in",
    "download",
    "verify",
    "import_weights",
    "prepare",
    "hha",
    "pretrain",
    "train",
    "publish",
    "convert",
    "export",
    "evaluate",
    "upper_bound",
    "time",
    "submit",
    "curves",
    "class_iu",
    "bounds",
    "examples",
    FigureKind,
    "table",
    "results",
    "claims",
    "times",
    "page",
    "configuration",
    "rehearsal_report",
    "report",
]


class Resources(Frozen):
    """What a job asks a cluster for; here, jobs that need more than there is do not run at once."""

    mem_mb: Positive = Field(description="Memory; half as much more on each retry.")
    runtime: Positive = Field(description="Minutes; out of time, it is retried.")
