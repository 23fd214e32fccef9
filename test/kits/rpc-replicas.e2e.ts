import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { RpcTimeoutError, RpcUnavailableError } from '@rocketshop/service-defaults';
import { FaultProxy, freePort, until } from '@rocketshop/shop-testkit';
import { errorOf } from '../support/error-of.js';
import { ask, callerOf, closeCallers, startReplica, take } from './rpc-probe.js';
import type { ProbeReplica } from './rpc-probe.js';

jest.setTimeout(60_000);

const LIMIT = { timeoutMs: 2_000 };
let [a, b]: ProbeReplica[] = [];
let proxy: FaultProxy;
let silent: Server;
const silentSockets = new Set<Socket>();

beforeAll(async () => {
  [a, b] = await Promise.all([startReplica('a'), startReplica('b')]);
  proxy = await FaultProxy.start({ port: a.port });
  // The kernel accepts, and no program answers: so does a frozen process.
  silent = createServer((socket) => {
    silentSockets.add(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
});

afterEach(() => {
  closeCallers();
  proxy.heal();
});

afterAll(async () => {
  await Promise.all([a?.service.close(), b?.service.close(), proxy.stop()]);
  silent.close();
  for (const socket of silentSockets) socket.destroy();
});

const portOf = ({ port }: ProbeReplica): number => port;
const silentPort = (): number => (silent.address() as AddressInfo).port;
const takeTimes = (client: ReturnType<typeof callerOf>, times: number, prefix = 'order') =>
  Promise.all(Array.from({ length: times }, (_, index) => client.call(take, { orderId: `${prefix}-${index}` }, LIMIT)));

describe('calls to two replicas', () => {
  it('are shared by both', async () => {
    const answers = await takeTimes(callerOf([portOf(a!), portOf(b!)]), 40);
    expect(answers.filter(({ by }) => by === 'a')).toHaveLength(20);
  });

  it('all succeed while one of them is dead, and while many calls look for the other at the same time', async () => {
    const client = callerOf([await freePort(), portOf(b!)]);
    for (let round = 0; round < 3; round++) {
      expect(await takeTimes(client, 50)).toHaveLength(50);
    }
  });

  it('are repeated once on the other when their connection breaks, and the late answer is dropped', async () => {
    const client = callerOf([proxy.port, portOf(b!)]);
    await takeTimes(client, 4);
    proxy.use(({ direction }) => (direction === 'answer' ? 'cut' : 'pass'));
    expect(await takeTimes(client, 20, 'cut')).toHaveLength(20);
    const seenBy = (replica: ProbeReplica) => replica.seen.filter((id) => id.startsWith('cut'));
    // Those that went to a were done there too, and their second try got the first one's answer.
    expect(new Set(seenBy(b!)).size).toBe(20);
    expect(seenBy(b!)).toHaveLength(20);
  });

  it('go to the other when one does not answer: questions soon, and commands before their time is over', async () => {
    const client = callerOf([proxy.port, portOf(b!)]);
    await takeTimes(client, 4);
    proxy.loseAnswers();
    const answers = await Promise.all([
      ...Array.from({ length: 8 }, (_, index) => client.call(ask, { orderId: `asked-${index}` }, LIMIT)),
      ...Array.from({ length: 8 }, (_, index) => client.call(take, { orderId: `taken-${index}` }, LIMIT)),
    ]);
    expect(answers.map(({ by }) => by)).toEqual(answers.map(() => 'b'));
    // It is set aside by now: nobody waits for it any more.
    a!.seen.length = 0;
    await takeTimes(client, 20);
    expect(a!.seen).toEqual([]);
    proxy.heal();
    await until(async () => (await client.call(ask, { orderId: 'back' }, LIMIT)).by === 'a', {
      description: 'the replica to be found again',
    });
  });

  it('do not wait for one that accepts and says nothing', async () => {
    const client = callerOf([silentPort(), portOf(b!)]);
    expect(await takeTimes(client, 20)).toHaveLength(20);
  });

  it('are tried at a suspect when there is no other, and fail clearly in time when nobody is there', async () => {
    const [dead, dead2] = [await freePort(), await freePort()];
    const client = callerOf([dead, dead2]);
    const error = await errorOf(client.call(take, { orderId: 'x' }, LIMIT));
    expect(error).toBeInstanceOf(RpcUnavailableError);
    expect(String(error)).toContain(`127.0.0.1:${dead}`);
    expect(String(error)).toContain(`127.0.0.1:${dead2}`);
    const replica = await startReplica('late', { port: dead });
    expect(await client.call(take, { orderId: 'x' }, LIMIT)).toMatchObject({ by: 'late' });
    await replica.service.close();
    const frozen = callerOf([silentPort()]);
    expect(await errorOf(frozen.call(take, { orderId: 'x' }, { timeoutMs: 900 }))).toBeInstanceOf(RpcUnavailableError);
  });
});

describe('a single replica', () => {
  it('is asked again on a new connection when the first one broke', async () => {
    const client = callerOf([proxy.port]);
    await takeTimes(client, 1);
    let cuts = 0;
    proxy.use(({ direction }) => (direction === 'answer' && cuts++ === 0 ? 'cut' : 'pass'));
    expect(await client.call(take, { orderId: 'again' }, LIMIT)).toMatchObject({ ok: true });
    proxy.use(({ direction, bytes }) => (direction === 'answer' && bytes.includes('response') ? 'cut' : 'pass'));
    const error = await errorOf(client.call(take, { orderId: 'twice' }, LIMIT));
    expect(error).toBeInstanceOf(RpcTimeoutError);
    expect(a!.seen.filter((id) => id === 'twice')).toHaveLength(2);
  });

  it('may have a name with several addresses, one of which is dead', async () => {
    // localhost is 127.0.0.1 and, on most machines, ::1, where nobody listens.
    const client = callerOf([portOf(a!)], undefined, 'localhost');
    expect(await takeTimes(client, 3)).toHaveLength(3);
  });
});

describe('a clean stop of one of two replicas', () => {
  it('costs no call, not even a repeated one, and its open calls are answered', async () => {
    const leaving = await startReplica('leaving');
    const client = callerOf([leaving.port, portOf(b!)]);
    await takeTimes(client, 4);
    b!.seen.length = 0;
    leaving.seen.length = 0;
    const held = client.call(take, { orderId: 'hold' }, LIMIT);
    await until(() => leaving.seen.includes('hold') || b!.seen.includes('hold'));
    const sent: Promise<unknown>[] = [];
    const closed = leaving.service.close();
    let isClosed = false;
    void closed.then(() => (isClosed = true));
    for (let index = 0; !isClosed; index++) {
      sent.push(client.call(take, { orderId: `during-${index}` }, LIMIT));
      if (index === 50) [leaving, b!].forEach(({ gate }) => gate.open());
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(await held).toMatchObject({ ok: true });
    expect((await Promise.all(sent)).length).toBeGreaterThan(50);
    const seen = [...leaving.seen, ...b!.seen];
    expect(new Set(seen).size).toBe(seen.length);
  });
});
