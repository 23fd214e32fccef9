import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { RpcUnavailableError } from '@rocketshop/service-defaults';
import { FaultProxy, until } from '@rocketshop/shop-testkit';
import { errorOf } from '../support/error-of.js';
import { callerOf, closeCallers, secretOf, startReplica, take } from './rpc-probe.js';
import type { ProbeReplica } from './rpc-probe.js';

jest.setTimeout(60_000);

const LIMIT = { timeoutMs: 2_000 };
const [OLD, NEW, FOREIGN] = [secretOf('old'), secretOf('new'), { ...secretOf('forged'), id: 'old' }];
let signed: ProbeReplica;
let open: ProbeReplica;
let sockets: Socket[] = [];

beforeAll(async () => {
  [signed, open] = await Promise.all([startReplica('signed', { secrets: [OLD, NEW] }), startReplica('open')]);
});
afterEach(() => {
  closeCallers();
  for (const socket of sockets.splice(0)) socket.destroy();
});
afterAll(() => Promise.all([signed?.service.close(), open?.service.close()]));

async function stranger({ port }: ProbeReplica): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' });
  sockets.push(socket);
  socket.on('error', () => undefined);
  socket.resume();
  await once(socket, 'connect');
  return socket;
}

const frame = (message: unknown): string => {
  const json = JSON.stringify(message);
  return `${Buffer.byteLength(json)}#${json}`;
};

/** What the server sends until it is enough, or until it closes. */
async function heardFrom(socket: Socket, isEnough: (text: string) => boolean): Promise<string> {
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await until(() => isEnough(text) || socket.destroyed || socket.readableEnded);
  return text;
}

const closed = (socket: Socket) =>
  until(() => socket.destroyed || socket.readableEnded, { description: 'the server to close' });

async function refusalsOf({ service }: ProbeReplica, reason: string): Promise<number> {
  const page = await (await fetch(`${service.internalUrl}/metrics`)).text();
  const [, count] = new RegExp(`rpc_server_refusals_total\\{reason="${reason}"[^}]*\\} (\\d+)`).exec(page) ?? [];
  return Number(count ?? 0);
}

/** Waits until a refusal was counted for each reason. They are counted from the start of the replica. */
const untilRefusedFor = (...reasons: readonly string[]) =>
  until(
    async () => (await Promise.all(reasons.map((reason) => refusalsOf(signed, reason)))).every((count) => count > 0),
    {
      description: `refusals for ${reasons.join(', ')}`,
      intervalMs: 100,
    },
  );

describe('whoever has no secret of the shop', () => {
  it('reaches no handler: without a MAC, with an unknown key, or with another secret under a known id', async () => {
    const call = (client: ReturnType<typeof callerOf>) =>
      errorOf(client.call(take, { orderId: 'forged' }, { timeoutMs: 500 }));
    expect(await call(callerOf([signed.port]))).toBeInstanceOf(RpcUnavailableError);
    expect(String(await call(callerOf([signed.port])))).toContain('SERVICE_SECRETS');
    await call(callerOf([signed.port], [secretOf('unknown')]));
    await call(callerOf([signed.port], [FOREIGN]));
    for (const message of [
      { hello: { nonce: 'n'.repeat(22), from: 'order' } },
      { id: 1, pattern: take.pattern, msLeft: 1_000, data: { orderId: 'forged' } },
    ]) {
      const socket = await stranger(signed);
      socket.write(frame(message));
      await closed(socket);
    }
    await untilRefusedFor('KEY_UNKNOWN', 'MAC_WRONG', 'MAC_MISSING', 'HELLO_MALFORMED');
    expect(signed.seen).not.toContain('forged');
    expect(await callerOf([signed.port], [OLD]).call(take, { orderId: 'right' }, LIMIT)).toMatchObject({ ok: true });
  });

  it('cannot let a call ride behind a hello in one frame: what follows the hello must be signed', async () => {
    const replica = await startReplica('greeted', { secrets: [OLD] });
    // It stands in the middle, and puts a call of its own behind the hello of a caller that has the secret.
    const middle = createServer((caller) => {
      const server = connect({ port: replica.port, host: '127.0.0.1' });
      sockets.push(caller, server);
      server.pipe(caller);
      caller.on('data', (bytes: Buffer) => {
        const hello = JSON.parse(bytes.toString().replace(/^\d+#/, '')) as object;
        server.write(frame([hello, { id: 1, pattern: take.pattern, msLeft: 1_000, data: { orderId: 'rider' } }]));
      });
    });
    await new Promise<void>((resolve) => middle.listen(0, '127.0.0.1', resolve));
    const { port } = middle.address() as AddressInfo;
    await errorOf(callerOf([port], [OLD]).call(take, { orderId: 'mine' }, { timeoutMs: 500 }));
    await until(async () => (await refusalsOf(replica, 'MAC_MISSING')) > 0, { intervalMs: 100 });
    expect(replica.seen).toEqual([]);
    middle.close();
    await replica.service.close();
  });

  it('cannot put a server in the place of ours: an answer that is not signed is not taken', async () => {
    const client = callerOf([open.port], [OLD]);
    expect(await errorOf(client.call(take, { orderId: 'x' }, { timeoutMs: 500 }))).toBeInstanceOf(RpcUnavailableError);
    expect(open.seen).not.toContain('x');
  });

  it('cannot replay what it has recorded on another connection, nor twice on the same one', async () => {
    // A recorder in the middle: it sees everything, and sends each call a second time.
    const recorder = await FaultProxy.start({ port: signed.port });
    const recorded: Buffer[] = [];
    recorder.use(({ direction, bytes }) => {
      if (direction === 'answer') return 'pass';
      recorded.push(bytes);
      return bytes.includes(take.pattern) ? 'duplicate' : 'pass';
    });
    const client = callerOf([recorder.port], [OLD]);
    await client.call(take, { orderId: 'once' }, LIMIT);
    const socket = await stranger(signed);
    for (const bytes of recorded) socket.write(bytes);
    await closed(socket);
    await untilRefusedFor('CALL_REPLAYED', 'MAC_WRONG');
    expect(signed.seen.filter((id) => id === 'once')).toHaveLength(1);
    client.close();
    await recorder.stop();
  });
});

describe('a rotation of the secret', () => {
  it('loses no call: all know the new one, then all sign with it, then the old one is gone', async () => {
    const [knowsBoth, signsNew] = [
      [OLD, NEW],
      [NEW, OLD],
    ];
    for (const [mine, theirs] of [
      [[OLD], knowsBoth],
      [knowsBoth, [OLD]],
      [signsNew, knowsBoth],
      [knowsBoth, signsNew],
      [[NEW], signsNew],
      [signsNew, [NEW]],
    ]) {
      const replica = await startReplica('rotating', { secrets: theirs! });
      const client = callerOf([replica.port], mine);
      expect(await client.call(take, { orderId: 'x' }, LIMIT)).toMatchObject({ ok: true });
      await replica.service.close();
    }
  });
});

describe('hostile bytes', () => {
  const residentBytes = () => process.memoryUsage().rss;

  const CASES: readonly (readonly [what: string, bytes: string, reason: string])[] = [
    ['a prefix of 134 MB', '134217728#', 'FRAME_TOO_LONG'],
    ['a prefix that never ends', '0'.repeat(40), 'FRAME_TOO_LONG'],
    ['a prefix that is no number', '{}', 'FRAME_MALFORMED'],
    ['an empty frame', '0#', 'FRAME_EMPTY'],
    ['something else than JSON', '3#abc', 'JSON_MALFORMED'],
    ['a frame that is longer than a greeting', `600#${'x'.repeat(600)}`, 'FRAME_TOO_LONG'],
    ['deep JSON', `200#${'['.repeat(200)}`, 'JSON_TOO_DEEP'],
  ];

  it('are refused before anything is allocated or parsed', async () => {
    for (const [what, bytes] of CASES) {
      const socket = await stranger(signed);
      socket.write(bytes);
      await until(() => socket.destroyed || socket.readableEnded, { description: `the server to close at ${what}` });
    }
    await untilRefusedFor(...CASES.map(([, , reason]) => reason));
  });

  it('leave the service responsive with flat memory: huge prefixes, half frames, idle connections', async () => {
    const before = residentBytes();
    const client = callerOf([signed.port], [OLD]);
    const half = await Promise.all(Array.from({ length: 600 }, () => stranger(signed)));
    for (const socket of half) socket.write('500#{"hello":');
    for (let index = 0; index < 8; index++) (await stranger(signed)).write('134217728#'.repeat(1_000));
    for (let round = 0; round < 20; round++) {
      expect(await client.call(take, { orderId: `amid-${round}` }, LIMIT)).toMatchObject({ ok: true });
    }
    // The newest strangers push the oldest out.
    await until(() => half.filter((socket) => socket.destroyed || socket.readableEnded).length >= 400);
    expect(residentBytes() - before).toBeLessThan(64 * 1024 * 1024);
  });

  it('of those who were greeted, where nothing is signed, are limited in all connections together', async () => {
    const greeted = await Promise.all(
      Array.from({ length: 190 }, async () => {
        const socket = await stranger(open);
        socket.write(frame({ hello: { nonce: 'n'.repeat(22), from: 'order' } }));
        await heardFrom(socket, (text) => text.includes('welcome'));
        return socket;
      }),
    );
    for (const socket of greeted) socket.write(`65000#${'x'.repeat(1_000)}`);
    // 8 MiB are 129 such frames. Those who began first give way.
    await until(() => greeted.filter((socket) => socket.destroyed || socket.readableEnded).length >= 55);
    expect(await callerOf([open.port]).call(take, { orderId: 'amid' }, LIMIT)).toMatchObject({ ok: true });
    const last = greeted.at(-1)!;
    last.write('x'.repeat(1_000));
    expect(last.destroyed).toBe(false);
  });

  it('one at a time do not keep a frame open: it must be finished in time whatever its pace', async () => {
    const socket = await stranger(signed);
    const text = frame({ hello: { nonce: 'n'.repeat(22), from: 'order', proof: 'p'.repeat(60) } });
    let at = 0;
    const drip = setInterval(() => socket.write(text[at++ % text.length]!), 200);
    await closed(socket);
    clearInterval(drip);
    expect(at).toBeLessThan(text.length);
  });
});
