export interface UntilOptions {
  /** @default 10000 */
  readonly timeoutMs?: number;
  /** @default 10 */
  readonly intervalMs?: number;
  /** Names the state in the error text "waited 10000 ms for ...". */
  readonly description?: string;
}

type Truthy<T> = Exclude<T, false | 0 | '' | null | undefined>;

/**
 * Waits for a state instead of a time: calls `condition` until it returns a truthy value, and returns that value. An error
 * from `condition` means "not yet". When the time is over, the last error becomes the cause of the failure.
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  { timeoutMs = 10_000, intervalMs = 10, description = 'a condition' }: UntilOptions = {},
): Promise<Truthy<T>> {
  const giveUpAt = Date.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    try {
      const state = await condition();
      if (state) return state as Truthy<T>;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (Date.now() >= giveUpAt) throw new Error(`waited ${timeoutMs} ms for ${description}`, { cause });
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
}

/** A promise that a test resolves by `open`, to hold another part at a known point until then. */
export interface Gate {
  readonly opened: Promise<void>;
  open(): void;
}

export function createGate(): Gate {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}
