// How tools/bootstrap.mjs starts a command, and how the command ends with it. It is plain JavaScript without dependencies, because
// it runs before anything is installed.
import { spawn } from 'node:child_process';

/** Runs a program of Node as this process: its output, its exit code, its end. */
export function handOver(args, folder) {
  const guard = new URL('./end-with-parent.mjs', import.meta.url).href;
  // The program sees the channel close when this process is killed with -9.
  const child = spawn(process.execPath, ['--import', guard, ...args], {
    cwd: folder,
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  // Ctrl-C reaches the whole process group. This process waits until the child has stopped what it started.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
}
