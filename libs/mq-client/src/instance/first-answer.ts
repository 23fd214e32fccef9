interface FirstAnswerOptions<Answer> {
  ask: (server: string) => Promise<Answer>;
  /** The next server is asked when an earlier one has not answered for this time, ms. */
  nextAfterMs: number;
  /** Called when the server has not answered within that time. */
  onLate: (server: string) => void;
}

/**
 * Asks the servers one after the other, the next one as soon as an earlier one fails or is late. The first answer counts,
 * also that of a late server. Rejects when all have failed, with the last error.
 */
export function firstAnswer<Answer>(
  servers: readonly string[],
  { ask, nextAfterMs, onLate }: FirstAnswerOptions<Answer>,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let asked = 0;
    let failed = 0;
    let answered = false;
    let timer: NodeJS.Timeout | undefined;
    const askNext = (): void => {
      clearTimeout(timer);
      const server = servers[asked];
      if (server === undefined || answered) return;
      asked += 1;
      timer = setTimeout(() => {
        onLate(server);
        askNext();
      }, nextAfterMs);
      ask(server).then(
        (answer) => {
          answered = true;
          clearTimeout(timer);
          resolve(answer);
        },
        (error: unknown) => {
          failed += 1;
          if (failed < servers.length) askNext();
          else {
            clearTimeout(timer);
            reject(error as Error);
          }
        },
      );
    };
    askNext();
  });
}
