// Kills the process after a time, whatever happens. It waits in a thread of its own, since a thread that is stuck cannot end itself.
import { Worker } from 'node:worker_threads';

/** Kills this process after `ms`, unless it has ended by then. The exit code is that of SIGKILL. */
export function endAtTheLatestIn(ms: number): void {
  try {
    const watch = new Worker(`setTimeout(() => process.kill(process.pid, 'SIGKILL'), ${ms})`, {
      name: 'hard end',
      eval: true,
      env: {},
      execArgv: ['--no-warnings'],
      stdout: true,
      stderr: true,
    });
    watch.on('error', () => undefined);
    watch.unref();
  } catch {
    // No thread can be started: the process then ends when everything else allows it.
  }
}
