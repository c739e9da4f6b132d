"""What every job of the workflow shares: a log file, its threads, errors in one line."""

import ctypes
import logging
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path

from fcnlib.core.errors import InputError
from fcnlib.core.printing import PrintableFormatter, escape_what_cannot_be_printed, printable


@contextmanager
def job(log: str, threads: int) -> Iterator[str]:
    """Run a step with its messages in the file `log`; yields the device to compute on.

    An input error, a file that cannot be written or a request to stop ends it with one line.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # Slurm's request to stop, as Ctrl-C
    _keep_freed_memory()
    device = _device(threads)
    path = Path(log)
    path.parent.mkdir(parents=True, exist_ok=True)
    escape_what_cannot_be_printed()
    with (
        open(path, "w", encoding="utf-8", errors="backslashreplace", buffering=1) as file,
        redirect_stderr(file),
    ):
        handler = logging.StreamHandler(file)
        handler.setFormatter(PrintableFormatter("%(asctime)s %(message)s"))
        logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
        try:
            yield device
        except (InputError, OSError) as error:
            problem = f"error: {printable(error)}"
            file.write(f"{problem}\n")
        except KeyboardInterrupt:
            problem = "stopped; a training's saved state is kept, and the next run resumes from it"
            file.write(f"{problem}\n")
        except Exception:
            logging.exception("unexpected")
            raise
        else:
            return
        finally:
            logging.getLogger().removeHandler(handler)
    sys.exit(problem)


def _keep_freed_memory() -> None:
    """Let glibc keep freed memory: returning it and faulting it in takes a tenth of a step."""
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option:
        m_trim_threshold, m_mmap_threshold = -1, -3  # of malloc.h
        set_option(m_trim_threshold, 1 << 30)
        set_option(m_mmap_threshold, 1 << 25)


def _device(threads: int) -> str:
    """The device of a step; importing torch takes a second, so only if the step did already."""
    torch = sys.modules.get("torch")
    if torch is None:
        return "cpu"
    torch.set_num_threads(threads)
    return "cuda" if torch.cuda.is_available() else "cpu"
