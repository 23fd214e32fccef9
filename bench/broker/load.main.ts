/** The load process. It takes one order at a time from the process that started it. */
import type { LoadAnswer, LoadOrder, LoadResult } from './load-protocol.js';
import { runPullLoad } from './pull-load.js';
import { runRateLoad } from './rate-load.js';
import { runFillLoad, runFirstMessage, runSendLoad } from './send-load.js';

function run({ target, load }: LoadOrder): Promise<LoadResult> {
  switch (load.kind) {
    case 'send':
      return runSendLoad(target, load);
    case 'fill':
      return runFillLoad(target, load);
    case 'pull':
      return runPullLoad(target, load);
    case 'rate':
      return runRateLoad(target, load);
    case 'first':
      return runFirstMessage(target, load);
  }
}

process.on('message', (order: LoadOrder) => {
  run(order).then(
    (result) => process.send?.({ result } satisfies LoadAnswer),
    (error: unknown) => process.send?.({ error: String(error) } satisfies LoadAnswer),
  );
});
process.on('disconnect', () => process.exit(0));
