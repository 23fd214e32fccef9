import { claimMessage } from '@rocketshop/idempotency';
import { writeOutbox } from '@rocketshop/outbox';
import type { OutboxRow } from '@rocketshop/outbox';
import { run } from '@rocketshop/pg';
import type { PgClient } from '@rocketshop/pg';
import type { AnswerRelay, ParticipantDatabase } from './participant-database.js';
import type { LogColumns, ParticipantLog } from './participant-log.js';

/** RESTORED: the order had deducted, and everything is given back. FENCED: it had not, and never will. */
export type UndoOutcome = 'RESTORED' | 'FENCED';

export interface Undo<Columns> {
  readonly orderId: string;
  /** Which undo of the order this is, such as CANCEL. The first undo gives back; the compensation log tells which one it was. */
  readonly kind: string;
  /** The consumer group that handles the message. */
  readonly group: string;
  /** The items to fence off; one empty row where an order has no items. */
  readonly fence: readonly Partial<Columns>[];
  /** Gives back what one row of the log took. It runs once, in the transaction that records it. */
  readonly giveBack: (client: PgClient, row: Columns) => Promise<void>;
  /** The message that answers. Every delivery is answered, since an earlier answer may have been lost. */
  readonly answer: (outcome: UndoOutcome) => OutboxRow;
}

/**
 * Undoes an order: gives back what was deducted, or fences the order off where nothing was. The claim, the row of the
 * compensation log, the effect and the answer are one transaction. A message that is delivered again changes nothing, and is
 * answered again.
 */
export async function undo<Columns extends LogColumns>(
  database: ParticipantDatabase,
  relay: AnswerRelay,
  log: ParticipantLog<Columns>,
  { orderId, kind, group, fence, giveBack, answer }: Undo<Columns>,
): Promise<void> {
  await database.transaction(async (client, scope) => {
    const isFirst = await claimMessage(client, group, `${kind}:${orderId}`);
    await run(client, log.fence(orderId, fence));
    await run(client, log.lock(orderId));
    // From here on the outcome is settled: an open deduct was waited for, and no later deduct can take anything.
    const { rows } = await run(client, log.read(orderId));
    const deducted = rows.filter(({ outcome }) => outcome === 'DEDUCTED');
    for (const row of isFirst ? deducted.filter(({ compensated }) => !compensated) : []) {
      const { rowCount } = await run(client, log.compensate(orderId, kind, row));
      if (rowCount === 1) await giveBack(client, row);
    }
    await writeOutbox(client, [answer(deducted.length > 0 ? 'RESTORED' : 'FENCED')]);
    scope.afterCommit(() => relay.wake());
  });
}
