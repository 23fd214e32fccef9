import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Database } from '@rocketshop/service-defaults';
import type { PoolClient } from 'pg';
import { answersTo, orderIdOf, PARTICIPANT_NAMES, Participants, type Participant } from './participants.js';

let participants: Participants;
beforeAll(async () => {
  participants = await Participants.start();
}, 60_000);
afterEach(() => participants.closeAll());
afterAll(() => participants.stop());

type Send = (...statement: unknown[]) => unknown;

/** Lets `change` stand between the next transactions of this database and their connections, for as long as `work` takes. */
async function intercept(
  { pool }: Database,
  change: (send: Send, cut: () => void) => Send,
  work: () => Promise<unknown>,
) {
  const connect = pool.connect.bind(pool) as () => Promise<PoolClient>;
  const intercepted = async () => {
    const client = await connect();
    const { stream } = (client as unknown as { connection: { stream: { destroy(): void } } }).connection;
    Object.assign(client, { query: change(client.query.bind(client) as Send, () => stream.destroy()) });
    return client;
  };
  Object.assign(pool, { connect: intercepted });
  try {
    return await work();
  } finally {
    Object.assign(pool, { connect });
  }
}

/** What a broken cable does in place of statement number `cutAt` (BEGIN is 1). False: there were fewer. */
async function cutNextTransaction(database: Database, cutAt: number, work: () => Promise<unknown>): Promise<boolean> {
  let sent = 0;
  const change = (send: Send, cut: () => void): Send => {
    return (...statement) => {
      sent++;
      if (sent !== cutAt) return send(...statement);
      cut();
      return Promise.reject(new Error('cut'));
    };
  };
  try {
    await intercept(database, change, work);
    return false;
  } catch {
    return true;
  }
}

/** The transaction is committed, and its connection breaks before anybody here hears of it. */
async function loseAnswerToCommit(database: Database, work: () => Promise<unknown>): Promise<void> {
  const change = (send: Send, cut: () => void): Send => {
    return async (...statement) => {
      const answer = await send(...statement);
      if (statement[0] !== 'COMMIT') return answer;
      cut();
      throw new Error('the connection broke');
    };
  };
  await expect(intercept(database, change, work)).rejects.toMatchObject({ code: 'TRANSACTION_OUTCOME_UNKNOWN' });
}

describe.each(PARTICIPANT_NAMES)('%s, when its connection breaks between any two statements', (name) => {
  let participant: Participant;
  let healthy: Participant;
  beforeEach(async () => {
    participant = await participants.open(name);
    healthy = await participants.replicaOf(participant);
  });

  it('deducts all or nothing, and the cancel finds which', async () => {
    let cuts = 0;
    for (let cutAt = 1; ; cutAt++) {
      const order = orderIdOf();
      const wasCut = await cutNextTransaction(participant.database, cutAt, () => participant.deduct(order));
      if (!wasCut) break;
      cuts++;
      expect(await healthy.taken()).toBe(0);
      await healthy.cancel(order);
      expect(await answersTo(healthy, order)).toEqual(['FENCED']);
    }
    expect(cuts).toBeGreaterThanOrEqual(4);
    expect(await healthy.taken()).toBe(participant.unit);
  });

  it('has an unknown outcome when the answer to COMMIT is lost; the logs know what to undo', async () => {
    const order = orderIdOf();
    await loseAnswerToCommit(participant.database, () => participant.deduct(order));
    expect(await healthy.taken()).toBe(participant.unit);
    await loseAnswerToCommit(participant.database, () => participant.cancel(order));
    await healthy.cancel(order);
    expect(await healthy.taken()).toBe(0);
    expect(await answersTo(healthy, order)).toEqual(['RESTORED', 'RESTORED']);
  });

  it('gives back all or nothing with its answer, and does it when the cancel is delivered again', async () => {
    let cuts = 0;
    for (let cutAt = 1; ; cutAt++) {
      const order = orderIdOf();
      expect(await healthy.deduct(order)).toBe('ok');
      const wasCut = await cutNextTransaction(participant.database, cutAt, () => participant.cancel(order));
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
