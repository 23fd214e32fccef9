import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Database } from '@rocketshop/service-defaults';
import type { PoolClient } from 'pg';
import { answersTo, newOrderId, PARTICIPANT_NAMES, Participants } from '@rocketshop/shop-testkit/in-process';
import type { Participant } from '@rocketshop/shop-testkit/in-process';

let participants: Participants;
beforeAll(async () => {
  participants = await Participants.start();
}, 60_000);
afterEach(() => participants.closeAll());
afterAll(() => participants.stop());

type Write = (message: Buffer) => boolean;
interface Stream extends NodeJS.EventEmitter {
  write: Write;
  cork(): void;
  uncork(): void;
  destroy(): void;
}

/** Each is one byte that says what it is, and an int32 that counts itself and what follows. */
function messagesIn(bytes: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  for (let start = 0, end = 0; start < bytes.length; start = end) {
    end = start + 1 + bytes.readInt32BE(start + 1);
    messages.push(bytes.subarray(start, end));
  }
  return messages;
}

/**
 * Lets `change` stand between the connections of this database and the messages they write, for as long as `work`
 * takes. Messages leave one by one, as on a network that cuts what was written together.
 */
async function intercept(
  { pool, batchPools }: Database,
  change: (write: Write, stream: Stream) => Write,
  work: () => Promise<unknown>,
): Promise<void> {
  const restores = [pool, ...batchPools.all].map((one) => {
    const connect = one.connect.bind(one) as () => Promise<PoolClient>;
    const intercepted = async () => {
      const client = await connect();
      const { stream } = (client as unknown as { connection: { stream: Stream } }).connection;
      const asIs = () => undefined;
      const writeMessage = change(stream.write.bind(stream), stream);
      const write: Write = (bytes) => messagesIn(bytes).every((message) => writeMessage(message));
      Object.assign(stream, { write, cork: asIs, uncork: asIs });
      return client;
    };
    Object.assign(one, { connect: intercepted });
    return () => Object.assign(one, { connect });
  });
  try {
    await work();
  } finally {
    for (const restore of restores) restore();
  }
}

/** What a broken cable does in place of message number `cutAt`. False: there were fewer. */
async function cutAtMessage(database: Database, cutAt: number, work: () => Promise<unknown>): Promise<boolean> {
  let sent = 0;
  const change = (write: Write, stream: Stream): Write => {
    return (message) => {
      sent++;
      if (sent === cutAt) stream.destroy();
      return sent < cutAt && write(message);
    };
  };
  try {
    await intercept(database, change, work);
    return false;
  } catch {
    return true;
  }
}

/** The message that commits: one Sync ends a transaction of one round trip, a COMMIT any other. */
const isSync = (message: Buffer) => message.toString('latin1', 0, 1) === 'S';
const isCommit = (message: Buffer) => message.includes('COMMIT\0');

/** The transaction is committed, and its connection breaks before anybody here hears of it. */
async function loseAnswer(database: Database, to: (message: Buffer) => boolean, work: () => Promise<unknown>) {
  const change = (write: Write, stream: Stream): Write => {
    return (message) => {
      if (to(message)) {
        stream.removeAllListeners('data');
        stream.once('data', () => stream.destroy());
      }
      return write(message);
    };
  };
  await expect(intercept(database, change, work)).rejects.toMatchObject({ code: 'TRANSACTION_OUTCOME_UNKNOWN' });
}

describe.each(PARTICIPANT_NAMES)('%s, when its connection breaks between any two messages', (name) => {
  let participant: Participant;
  let healthy: Participant;
  beforeEach(async () => {
    participant = await participants.open(name);
    healthy = await participants.replicaOf(participant);
  });

  it('deducts all or nothing, and the cancel finds which', async () => {
    let cuts = 0;
    for (let cutAt = 1; ; cutAt++) {
      const order = newOrderId();
      const wasCut = await cutAtMessage(participant.database, cutAt, () => participant.deduct(order));
      if (!wasCut) break;
      cuts++;
      expect(await healthy.taken()).toBe(0);
      await healthy.cancel(order);
      expect(await answersTo(healthy, order)).toEqual(['FENCED']);
    }
    expect(cuts).toBeGreaterThanOrEqual(10);
    expect(await healthy.taken()).toBe(participant.unit);
  });

  it('has an unknown outcome when the answer to its commit is lost; the logs know what to undo', async () => {
    const order = newOrderId();
    await loseAnswer(participant.database, isSync, () => participant.deduct(order));
    expect(await healthy.taken()).toBe(participant.unit);
    await loseAnswer(participant.database, isCommit, () => participant.cancel(order));
    await healthy.cancel(order);
    expect(await healthy.taken()).toBe(0);
    expect(await answersTo(healthy, order)).toEqual(['RESTORED', 'RESTORED']);
  });

  it('gives back all or nothing with its answer, and does it when the cancel is delivered again', async () => {
    let cuts = 0;
    for (let cutAt = 1; ; cutAt++) {
      const order = newOrderId();
      expect(await healthy.deduct(order)).toBe('ok');
      const wasCut = await cutAtMessage(participant.database, cutAt, () => participant.cancel(order));
      const afterwards = [await healthy.taken(), await answersTo(healthy, order)];
      expect(afterwards).toEqual(wasCut ? [participant.unit, []] : [0, ['RESTORED']]);
      if (!wasCut) break;
      await healthy.cancel(order);
      expect([await healthy.taken(), await answersTo(healthy, order)]).toEqual([0, ['RESTORED']]);
      cuts++;
    }
    expect(cuts).toBeGreaterThanOrEqual(7);
  });
});
