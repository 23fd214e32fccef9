import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { RpcFaultError, RpcTimeoutError, RpcUnavailableError } from '@rocketshop/service-defaults';
import { FaultProxy, until } from '@rocketshop/shop-testkit';
import { errorOf } from '../support/error-of.js';
import { answerTo, closeFakeServers, frame, greeting, serve, WELCOME } from './rpc-fake-server.js';
import type { Frame, Manner } from './rpc-fake-server.js';
import { ask, callerOf, closeCallers, secretOf, startReplica, take } from './rpc-probe.js';
import type { ProbeReplica } from './rpc-probe.js';

jest.setTimeout(60_000);

const LIMIT = { timeoutMs: 2_000 };

let good: ProbeReplica;

beforeAll(async () => {
  good = await startReplica('good');
});
afterEach(() => {
  closeCallers();
  closeFakeServers();
  good.seen.length = 0;
});
afterAll(() => good?.service.close());

const callAs = (client: ReturnType<typeof callerOf>, orderId: string, limit = LIMIT) =>
  client.call(take, { orderId }, limit);

describe('a server that breaks off the greetings', () => {
  it.each<[how: string, manner: Manner]>([
    ['says nothing more', () => undefined],
    ['sends back what it gets', (socket, received) => socket.write(frame(received))],
    ['welcomes with garbage', (socket) => socket.write('3#abc')],
    ['answers a call that nobody has sent', (socket) => socket.write(answerTo({ id: 1 }))],
    ['closes', (socket) => socket.end()],
    ['is another service', (socket) => socket.write(frame({ welcome: { ...WELCOME.welcome, service: 'stock' } }))],
    ['leaves with its welcome', (socket) => socket.write(frame(WELCOME) + frame({ bye: true }))],
  ])('gets no call, and the other replica gets it: %s', async (_how, manner) => {
    const port = await serve(manner);
    const client = callerOf([port, good.port]);
    const answers = await Promise.all(Array.from({ length: 4 }, (_, n) => callAs(client, `order-${n}`)));
    expect(answers.map(({ by }) => by)).toEqual(Array(4).fill('good'));
    expect(await errorOf(callAs(callerOf([port]), 'alone', { timeoutMs: 500 }))).toBeInstanceOf(RpcUnavailableError);
  });
});

describe('a server that answers wrongly', () => {
  it('ends no call with an answer to another one, to none, or with a second answer', async () => {
    let first = '';
    const port = await serve(
      greeting((socket, call) => {
        first ||= answerTo(call, 'first');
        const wrong = [999, -1, '1', null, undefined].map((id) => answerTo({ id } as Frame, 'wrong')).join('');
        socket.write(wrong + first + answerTo(call, `for ${String((call['data'] as Frame)['orderId'])}`) + first);
      }),
    );
    const client = callerOf([port]);
    expect((await callAs(client, 'a')).by).toBe('first');
    expect((await callAs(client, 'b')).by).toBe('for b');
    expect((await callAs(client, 'c')).by).toBe('for c');
  });

  it.each([
    ['an answer against the contract', { response: { ok: 'yes' } }, 'breaks its contract'],
    ['no answer at all', {}, 'breaks its contract'],
    ['an error of any shape', { err: 7 }, '7'],
  ])('fails one call clearly: %s', async (_what, content, message) => {
    const port = await serve(
      greeting((socket, call) =>
        socket.write(call['id'] === 1 ? frame({ id: 1, ...content }) : answerTo(call, 'next')),
      ),
    );
    const client = callerOf([port]);
    const error = await errorOf(callAs(client, 'x'));
    expect(error).toBeInstanceOf(RpcFaultError);
    expect(String(error)).toContain(message);
    expect((await callAs(client, 'y')).by).toBe('next');
  });

  it('loses its connection when what it sends is no frame, and its calls go to the other', async () => {
    const port = await serve(greeting((socket) => socket.write('70000#')));
    const client = callerOf([port, good.port]);
    const answers = await Promise.all(Array.from({ length: 10 }, (_, n) => callAs(client, `order-${n}`)));
    expect(answers.map(({ by }) => by)).toEqual(Array(10).fill('good'));
  });
});

describe('a server that dies of a call', () => {
  it.each([take, ask])('gets it a second time and never a third: $pattern', async (command) => {
    const seen: Frame[] = [];
    const port = await serve(
      greeting((socket, call) => {
        seen.push(call);
        socket.resetAndDestroy();
      }),
    );
    const error = await errorOf(callerOf([port]).call(command, { orderId: 'x' }, LIMIT));
    expect(error).toBeInstanceOf(RpcTimeoutError);
    expect(seen).toHaveLength(2);
    seen.length = 0;
    // Two replicas that both die of it get it once each.
    const other = await serve(
      greeting((socket, call) => {
        seen.push(call);
        socket.resetAndDestroy();
      }),
    );
    await errorOf(callerOf([port, other]).call(command, { orderId: 'x' }, LIMIT));
    expect(seen).toHaveLength(2);
  });
});

describe('a server that reads too little', () => {
  const LONG = 'x'.repeat(30_000);
  /** 15 MB in one turn: more than the buffers of both kernels and of the caller. */
  const burst = (client: ReturnType<typeof callerOf>, timeoutMs: number) =>
    Promise.all(
      Array.from({ length: 500 }, (_, n) =>
        callAs(client, `${n}-${LONG}`, { timeoutMs }).then(
          () => 'answered',
          (error: Error) => error.name,
        ),
      ),
    );
  const count = (ends: readonly string[], end: string) => ends.filter((one) => one === end).length;

  it('gets no more calls than fit into a buffer, and the others are told at once that they were not sent', async () => {
    const port = await serve((socket, received) => {
      socket.write(frame(WELCOME));
      if ('hello' in received) socket.pause();
    });
    const ends = await burst(callerOf([port]), 1_000);
    expect(count(ends, 'answered')).toBe(0);
    expect(count(ends, RpcUnavailableError.name)).toBeGreaterThan(200);
  });

  it('loses no connection by a burst: every call is either answered or was not sent', async () => {
    const client = callerOf([good.port]);
    await callAs(client, 'opens the connection');
    const ends = await burst(client, 20_000);
    expect(count(ends, 'answered')).toBeGreaterThan(10);
    expect(count(ends, 'answered') + count(ends, RpcUnavailableError.name)).toBe(500);
    expect(good.seen).toHaveLength(count(ends, 'answered') + 1);
  });
});

describe('many calls, and long ones', () => {
  it('of one turn all get their own answer', async () => {
    const client = callerOf([good.port]);
    const answers = await Promise.all(
      Array.from({ length: 4_000 }, (_, n) => callAs(client, `o-${n}`, { timeoutMs: 20_000 })),
    );
    expect(answers).toHaveLength(4_000);
    expect(new Set(good.seen).size).toBe(4_000);
    expect(good.seen).toHaveLength(4_000);
  });

  it('beyond what a replica handles at once are refused, and those in its hands are answered', async () => {
    const client = callerOf([good.port]);
    const held = Promise.all(Array.from({ length: 5_000 }, () => callAs(client, 'hold', { timeoutMs: 20_000 })));
    held.catch(() => undefined);
    await until(() => good.seen.length === 5_000, { description: 'the handlers to have 5,000 calls' });
    expect(String(await errorOf(callAs(client, 'one more')))).toContain('too many calls');
    good.gate.open();
    expect(await held).toHaveLength(5_000);
    expect(good.seen).not.toContain('one more');
    expect(await callAs(client, 'after')).toMatchObject({ by: 'good' });
  });

  it('as long as a frame arrive, and those one byte longer are refused before they are sent', async () => {
    const signed = await startReplica('signed', { secrets: [secretOf('k')] });
    const client = callerOf([signed.port], [secretOf('k')]);
    const lengths = Array.from({ length: 80 }, (_, n) => 65_480 + n - 60);
    const results = await Promise.all(
      lengths.map((length) =>
        callAs(client, 'x'.repeat(length)).then(
          () => 'ok',
          (error: unknown) => error,
        ),
      ),
    );
    const arrived = results.filter((result) => result === 'ok').length;
    expect(arrived).toBeGreaterThan(0);
    expect(arrived).toBeLessThan(lengths.length);
    expect(results.slice(0, arrived)).toEqual(Array(arrived).fill('ok'));
    for (const refused of results.slice(arrived)) expect(refused).toBeInstanceOf(RpcFaultError);
    expect(signed.seen).toHaveLength(arrived);
    await signed.service.close();
  });
});

describe('three replicas of which one is gone', () => {
  it('share its calls evenly', async () => {
    const [second, gone] = await Promise.all([startReplica('second'), startReplica('gone')]);
    const client = callerOf([gone.port, good.port, second.port]);
    await Promise.all(Array.from({ length: 6 }, (_, n) => callAs(client, `before-${n}`)));
    await gone.service.close();
    const answers = await Promise.all(Array.from({ length: 60 }, (_, n) => callAs(client, `order-${n}`)));
    expect(answers.filter(({ by }) => by === 'good')).toHaveLength(30);
    await second.service.close();
  });
});

describe('a secret that rotates while calls run', () => {
  it('loses none of them', async () => {
    const [OLD, NEW] = [secretOf('old'), secretOf('new')];
    const steps = [[OLD], [OLD, NEW], [NEW, OLD], [NEW]];
    const start = (index: number, secrets = [OLD], port = 0) => startReplica(`${index}`, { secrets, port });
    const replicas = await Promise.all([start(0), start(1)]);
    const ports = replicas.map(({ port }) => port);
    let client = callerOf(ports, [OLD]);
    const results: Promise<boolean>[] = [];
    const send = (): void => {
      const sent = callAs(client, `order-${results.length}`);
      results.push(sent.then(({ ok }) => ok).catch(() => false));
    };
    const untilUsed = (index: number) =>
      until(async () => (await callAs(client, 'used')).by === `${index}`, {
        description: `replica ${index} to be used`,
      });
    const sending = setInterval(send, 2);
    for (const secrets of steps.slice(1)) {
      for (const index of [0, 1]) {
        await replicas[index]!.service.close();
        replicas[index] = await start(index, secrets, ports[index]);
        await untilUsed(index);
      }
      client = callerOf(ports, secrets);
      await untilUsed(0);
      await untilUsed(1);
    }
    clearInterval(sending);
    const answers = await Promise.all(results);
    expect(answers.length).toBeGreaterThan(50);
    expect(answers.filter((ok) => !ok)).toEqual([]);
    await Promise.all(replicas.map(({ service }) => service.close()));
  });
});

describe('a replica whose answers come late', () => {
  it('ends no later call with them', async () => {
    const frozen = await startReplica('frozen');
    const proxy = await FaultProxy.start({ port: frozen.port });
    const client = callerOf([proxy.port, good.port]);
    await Promise.all(Array.from({ length: 4 }, (_, n) => callAs(client, `warm-${n}`)));
    let thaw!: () => void;
    const thawed = new Promise<void>((resolve) => (thaw = resolve));
    proxy.use(async ({ direction }): Promise<'pass'> => {
      if (direction === 'answer') await thawed;
      return 'pass';
    });
    const during = await Promise.all(Array.from({ length: 10 }, (_, n) => callAs(client, `during-${n}`)));
    expect(during.map(({ by }) => by)).toEqual(Array(10).fill('good'));
    thaw();
    await until(async () => (await callAs(client, 'after')).by === 'frozen', { description: 'the replica to be back' });
    const after = await Promise.all(Array.from({ length: 20 }, (_, n) => callAs(client, `after-${n}`)));
    expect(after.filter(({ by }) => by === 'frozen')).toHaveLength(10);
    expect(new Set(frozen.seen.filter((id) => id.startsWith('during'))).size).toBeGreaterThan(0);
    await proxy.stop();
    await frozen.service.close();
  });
});
