/**
 * Keeps the result of `compute` for `keepMs`. Callers that come while it is computed share that computation. A failure is
 * shared by those who wait for it and is not kept.
 */
export function cached<T>(compute: () => Promise<T>, keepMs: number): () => Promise<T> {
  let result: Promise<T> | undefined;
  let goodUntil = 0;
  return () => {
    if (result && performance.now() < goodUntil) return result;
    const next = compute();
    result = next;
    goodUntil = Infinity;
    next.then(
      () => (goodUntil = performance.now() + keepMs),
      () => (goodUntil = 0),
    );
    return next;
  };
}
