"""What every job of the workflow shares: a log file, its device, errors in one line."""

import gc
import logging
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path

from fcnlib.core.allocation import keep_freed_memory
from fcnlib.core.errors import InputError
from fcnlib.core.gpu import compute_device
from fcnlib.core.job_log import job_log
from fcnlib.core.printing import PrintableFormatter, escape_what_cannot_be_printed, printable

# While a script imports, nothing is garbage: to look for some among PyTorch's 250,000 objects is a
# tenth of the time that a job takes to start.
COLLECT_AFTER = gc.get_threshold()
gc.set_threshold(1_000_000)


@contextmanager
def job(log: str, threads: int, *, gpus: int = 0) -> Iterator[str]:
    """Run a step with its messages in its log; yields the device to compute on.

    An input error, a file that cannot be written or a request to stop ends it with one line.

    Args:
        log: The rule's log: the end of this try's. Beside it are all tries' (`job_log`).
        threads: CPU threads to compute with.
        gpus: How many GPUs the rule asks for; without any the device is "cpu".
    """
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # Slurm's request to stop, as Ctrl-C
    keep_freed_memory()
    escape_what_cannot_be_printed()
    with job_log(Path(log)) as file, redirect_stderr(file):
        handler = logging.StreamHandler(file)
        handler.setFormatter(PrintableFormatter("%(asctime)s %(message)s"))
        logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
        try:
            with compute_device(gpus=gpus, threads=threads) as device:
                yield device
        except (InputError, OSError) as error:
            problem = f"error: {printable(error)}"
            file.write(f"{problem}\n")
        except KeyboardInterrupt:
            file.end = "stopped"
            problem = "stopped; a training's saved state is kept, and the next run resumes from it"
            file.write(f"{problem}\n")
        except Exception:
            logging.exception("unexpected")
            raise
        else:
            file.end = "done"
            return
        finally:
            logging.getLogger().removeHandler(handler)
            gc.freeze()  # else the interpreter looks through all objects as it ends
    sys.exit(problem)
