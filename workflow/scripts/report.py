"""Let a second Snakemake write its report of everything but this rule."""

import subprocess
import sys
from pathlib import Path

from fcnlib.report.embedded import escape_values, shorten_results

with open(snakemake.log[0], "w", encoding="utf-8") as log:
    # In UTF-8, as Snakemake would read the configuration in the locale's encoding.
    options = ["--configfile", snakemake.input.configuration, "--report", snakemake.output.report]
    subprocess.run(
        [sys.executable, "-X", "utf8", "-m", "snakemake", "report_items", "--nolock", *options],
        stdout=log,
        stderr=subprocess.STDOUT,
        check=True,
    )
shorten_results(snakemake.output.report, page=Path(snakemake.input.page).name)
escape_values(snakemake.output.report)
