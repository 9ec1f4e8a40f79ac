"""A worker that is asked to stop does, whatever it is at."""

import subprocess
import sys
import textwrap

from synthcur.store.spool import read_spool


def test_a_wish_to_stop_that_is_swallowed_is_raised_again(tmp_path):
    code = textwrap.dedent(
        """
        import os, signal, sys, time, types, weakref
        from pathlib import Path
        from synthcur.worker import __main__ as worker

        def execute(folder):
            class Lock:
                pass
            lock = Lock()
            # As in an import: what is raised in here is printed and lost.
            reference = weakref.ref(lock, lambda _: os.kill(os.getpid(), signal.SIGTERM))
            del lock
            print("still here", file=sys.stderr, flush=True)
            time.sleep(20)

        pipeline = types.ModuleType("synthcur.worker.pipeline")
        pipeline.execute = execute
        sys.modules[pipeline.__name__] = pipeline
        worker.REMINDER_SECONDS = 0.2
        sys.exit(worker.work(Path(sys.argv[1])))
        """
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True
    )
    assert "still here" in ended.stderr, "the first wish was not lost: this tests nothing"
    words = [record["t"] for record in read_spool(tmp_path / "spool.jsonl", 0)[0]]
    assert words[-1] == "cancelled", f"{words}\n{ended.stderr}"
