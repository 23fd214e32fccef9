/**
 * Waits for starts that run at the same time. When one fails, the others are given up, and they have ended when this rejects: so
 * whoever stops the shop then knows everything that was started.
 */
export async function startTogether(starts: readonly Promise<void>[], givenUp: AbortController): Promise<void> {
  const results = await Promise.allSettled(
    starts.map((start) =>
      start.catch((error: unknown) => {
        givenUp.abort(error);
        throw error;
      }),
    ),
  );
  givenUp.signal.throwIfAborted();
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}
