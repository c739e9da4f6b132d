"""How a process holds the memory that it has freed."""

import ctypes

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # of glibc's malloc.h


def keep_freed_memory() -> None:
    """Keep freed memory for what is allocated next, for the whole process; with glibc alone.

    By default maps of over 32 MB are returned to the kernel when they are freed, and each training
    step has some GB of them zeroed anew: a third of its time.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, -1)
