/** The user, or whoever started us, has had enough. */
export interface Interruption {
  readonly signal: AbortSignal;
  readonly arrived: Promise<'interrupted'>;
}

/** By the first signal. Those after it change nothing: one Ctrl-C comes from the terminal and from our starter too. */
export function listenForInterruption(): Interruption {
  const controller = new AbortController();
  const { signal } = controller;
  const arrived = new Promise<'interrupted'>((resolve) => {
    signal.addEventListener('abort', () => resolve('interrupted'));
  });
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => controller.abort());
  return { signal, arrived };
}
