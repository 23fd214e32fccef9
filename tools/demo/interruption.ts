/** Tells that the user or the parent process wants the demo to end. */
export interface Interruption {
  readonly signal: AbortSignal;
  readonly arrived: Promise<'interrupted'>;
}

/** Takes the first signal and ignores later ones: one Ctrl-C arrives twice, from the terminal and from the parent process. */
export function listenForInterruption(): Interruption {
  const controller = new AbortController();
  const { signal } = controller;
  const arrived = new Promise<'interrupted'>((resolve) => {
    signal.addEventListener('abort', () => resolve('interrupted'));
  });
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => controller.abort());
  return { signal, arrived };
}
