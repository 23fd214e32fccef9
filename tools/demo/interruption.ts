/** Tells that the user or the parent process wants the demo to end. */
export interface Interruption {
  readonly signal: AbortSignal;
  readonly arrived: Promise<'interrupted'>;
}

/** Thrown where an interruption ends what is under way. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
}

/**
 * Takes the first signal and ignores later ones: one Ctrl-C arrives twice, from the terminal and from the parent process. A
 * parent that was killed with -9 sends no signal; its end of the channel closes.
 */
export function listenForInterruption(): Interruption {
  const controller = new AbortController();
  const { signal } = controller;
  const arrived = new Promise<'interrupted'>((resolve) => {
    signal.addEventListener('abort', () => resolve('interrupted'));
  });
  const interrupt = () => controller.abort(new InterruptedError('interrupted'));
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, interrupt);
  process.on('disconnect', interrupt);
  // The channel alone must not keep this process alive.
  process.channel?.unref();
  // Nobody reads the output any more when the terminal is gone. The shop must be stopped all the same.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  return { signal, arrived };
}
