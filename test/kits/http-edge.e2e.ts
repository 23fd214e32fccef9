import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { LockTimeoutError } from '@rocketshop/pg';
import { Metrics, Readiness } from '@rocketshop/service-defaults';
import { freePort, until } from '@rocketshop/shop-testkit';
import { Agent, get, request } from 'node:http';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import pg from 'pg';
import { Probe } from './probe-service.js';

// Real servers: on a loaded machine a start alone can take seconds.
jest.setTimeout(60_000);

let probe: Probe;
let sockets: Socket[] = [];
beforeEach(() => {
  probe = new Probe();
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets = [];
  await probe.stop();
});

const post = (url: string, body: string, contentType = 'application/json') =>
  fetch(`${url}/probe`, { method: 'POST', headers: { 'content-type': contentType }, body });

/** A connection that has sent `text` and no more. `ended` tells when the server has closed it. */
async function connection(url: string, text: string): Promise<{ readonly ended: Promise<unknown>; received: string }> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  sockets.push(socket);
  const state = { ended: new Promise((resolve) => socket.once('close', resolve)), received: '' };
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => (state.received += chunk.toString()));
  await new Promise((resolve) => socket.once('connect', resolve));
  if (text !== '') await new Promise((resolve) => socket.write(text, resolve));
  return state;
}

describe('a request that no client of ours sends', () => {
  it('with a body that is too deep, ambiguous or not JSON gets 400 with a code, and no line says error', async () => {
    const { httpUrl } = await probe.start();
    const bodies: readonly (readonly [string, string])[] = [
      ['['.repeat(30_000), 'JSON_TOO_DEEP'],
      [`{"quantity":1,"deep":${'['.repeat(30_000)}${']'.repeat(30_000)}}`, 'JSON_TOO_DEEP'],
      [`{"quantity":1,"deep":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_001)}`, 'JSON_TOO_DEEP'],
      ['{"quantity":1,"quantity":2}', 'JSON_KEY_REPEATED'],
      ['{"quantity":1,"__proto__":{"isAdmin":true}}', 'JSON_KEY_FORBIDDEN'],
      ['{"quantity":1,"note":"\\u0000"}', 'JSON_TEXT_INVALID'],
      ['{"quantity":1,"note":"\\ud800"}', 'JSON_TEXT_INVALID'],
      ['{"quantity":', 'JSON_INVALID'],
      ['[]', 'REQUEST_INVALID'],
    ];
    for (const [body, code] of bodies) {
      const answer = await post(httpUrl, body);
      expect([answer.status, (await answer.json()) as object]).toEqual([400, expect.objectContaining({ code })]);
    }
    expect((await post(httpUrl, '{"quantity":1}')).status).toBe(201);
    expect(probe.logLines.filter((line) => line.includes('"level":"error"'))).toEqual([]);
  });

  it.each([
    'text/plain',
    'text/plain;charset=utf-8',
    'application/xml',
    'application/x-www-form-urlencoded',
    'nonsense',
  ])('with content type %s gets 415', async (contentType) => {
    const { httpUrl } = await probe.start();
    expect((await post(httpUrl, '{"quantity":1}', contentType)).status).toBe(415);
  });

  it('with more than 100 headers gets 431, and with 100 its answer', async () => {
    const { httpUrl } = await probe.start();
    const statusWith = (count: number) =>
      new Promise((resolve, reject) => {
        const own = Object.fromEntries(Array.from({ length: count - 2 }, (_, index) => [`x-header-${index}`, '1']));
        const asked = request(`${httpUrl}/probe/quick`, { headers: own, agent: false }, (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        });
        asked.on('error', reject).end();
      });
    expect([await statusWith(100), await statusWith(101), await statusWith(400)]).toEqual([200, 431, 431]);
  });
});

it('every answer names its trace, and stays out of caches', async () => {
  const { httpUrl } = await probe.start();
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
  for (const path of ['/probe/quick', '/probe/failing', '/nowhere']) {
    const answer = await fetch(httpUrl + path, { headers: { traceparent } });
    expect(answer.headers.get('x-trace-id')).toBe('a'.repeat(32));
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(await answer.json()).toMatchObject(path === '/probe/quick' ? {} : { traceId: 'a'.repeat(32) });
  }
  const refused = await fetch(`${httpUrl}/probe`, {
    method: 'POST',
    body: '{',
    headers: { traceparent, 'content-type': 'application/json' },
  });
  expect(await refused.json()).toMatchObject({ code: 'JSON_INVALID', traceId: 'a'.repeat(32) });
});

describe('a database that is away', () => {
  const ofServer = (code: string) => Object.assign(new pg.DatabaseError('the server said so', 0, 'error'), { code });
  const causes: readonly (readonly [string, Error])[] = [
    ['refuses connections', Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })],
    ['resets connections', Object.assign(new Error('read'), { code: 'ECONNRESET' })],
    ['has no connection free', new Error('timeout exceeded when trying to connect')],
    ['breaks off', new Error('Connection terminated unexpectedly')],
    ['does not answer', new Error('Query read timeout')],
    ...['53300', '57P01', '57P02', '57P03', '57014', '25006', '08006'].map(
      (code) => [`says ${code}`, ofServer(code)] as const,
    ),
  ];

  it('makes every route answer 503 with Retry-After, and writes one line, not one for each request', async () => {
    const { httpUrl } = await probe.start();
    for (const [how, failure] of causes) {
      probe.failure = failure;
      const answer = await fetch(`${httpUrl}/probe/failing`);
      expect([how, answer.status, answer.headers.get('retry-after')]).toEqual([how, 503, '1']);
      expect(await answer.json()).toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    }
    expect(probe.logLines.filter((line) => line.includes('"level":"error"'))).toHaveLength(1);
  });
});

it('a row that somebody holds is 503 with its own code, and no outage', async () => {
  const { httpUrl } = await probe.start();
  probe.failure = new LockTimeoutError('a lock was not granted in time; nothing was changed');
  const answer = await fetch(`${httpUrl}/probe/failing`);
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
  expect(await answer.json()).toMatchObject({ code: 'ROW_LOCKED' });
  expect(probe.logLines.filter((line) => line.includes('the database is unavailable'))).toEqual([]);
});

describe('the internal port', () => {
  it('computes its pages once for all who ask in the same second', async () => {
    const { internalUrl, app } = await probe.start();
    let computed = 0;
    app.get(Metrics).gauge({ name: 'probe_scrapes', help: 'For the test', collect: () => void computed++ });
    app.get(Readiness).add('probe', async () => void computed++);
    const read = async (path: string) => (await fetch(internalUrl + path)).text();
    const [first, ...others] = await Promise.all(Array.from({ length: 10 }, () => read('/metrics')));
    expect(first).toContain('probe_scrapes');
    for (const other of others) expect(other).toBe(first);
    await Promise.all(Array.from({ length: 5 }, () => read('/health/ready')));
    expect(computed).toBe(2);
  });

  it('refuses whoever asks faster than anybody needs, and keeps few requests waiting', async () => {
    const { internalUrl } = await probe.start();
    const asked = 'GET /health/live HTTP/1.1\r\nhost: probe\r\n\r\n'.repeat(40);
    const floods = await Promise.all(Array.from({ length: 10 }, () => connection(internalUrl, asked)));
    await until(() => floods.some(({ received }) => received.startsWith('HTTP/1.1 503')), {
      description: 'the port to refuse a request',
    });
  });

  it('answers while the service waits for something at its start, and says that it is not ready', async () => {
    const internalPort = await freePort();
    const starting = probe.start({ internalPort }, async () => probe.gate.opened);
    const ready = () => fetch(`http://127.0.0.1:${internalPort}/health/ready`);
    const answer = await until(ready, { description: 'the internal port to listen' });
    expect([answer.status, await answer.json()]).toEqual([
      503,
      { status: 'error', details: { accepting: { status: 'down', reason: 'still starting' } } },
    ]);
    probe.gate.open();
    await starting;
    expect((await ready()).status).toBe(200);
  });
});

describe('a stop', () => {
  const ready = async (url: string) => (await fetch(`${url}/health/ready`)).status;

  it('closes whoever has not sent a whole request, answers the others, and then ends', async () => {
    const service = await probe.start();
    const url = service.httpUrl;
    const head = 'POST /probe HTTP/1.1\r\nhost: probe\r\ncontent-type: application/json\r\ncontent-length: 14\r\n';
    const unfinished = await Promise.all(
      ['', 'POST /pro', head, `${head}\r\n`, `${head}\r\n{"quant`].map((text) => connection(url, text)),
    );
    const keptAlive = new Agent({ keepAlive: true, maxSockets: 1 });
    await ask(`${url}/probe/quick`, keptAlive);
    const slow = ask(`${url}/probe/slow`);
    await until(() => probe.begun === 1, { description: 'the request to begin' });
    const stopping = probe.stop({ holdGate: true });
    await Promise.all(unfinished.map(({ ended }) => ended));
    probe.gate.open();
    expect(await slow).toEqual({ status: 200, connection: 'close' });
    await stopping;
  });

  it('is announced: not ready at once, `Connection: close` on every answer, and listening until the end of DRAIN_MS', async () => {
    const service = await probe.start({ drainMs: 700 });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    expect((await ask(`${service.httpUrl}/probe/quick`, agent)).connection).toBe('keep-alive');
    const slow = ask(`${service.httpUrl}/probe/slow`);
    await until(() => probe.begun === 1, { description: 'the request to begin' });
    const stopping = probe.stop({ holdGate: true });
    expect(await ready(service.internalUrl)).toBe(503);
    expect(await ask(`${service.httpUrl}/probe/quick`, agent)).toEqual({ status: 200, connection: 'close' });
    expect(await ask(`${service.httpUrl}/probe/quick`)).toEqual({ status: 200, connection: 'close' });
    probe.gate.open();
    expect(await slow).toEqual({ status: 200, connection: 'close' });
    await stopping;
  });

  it('of one replica after the other costs 20 clients with kept connections not one request', async () => {
    const ports = [await freePort(), await freePort()];
    const replicas = await Promise.all(ports.map((httpPort) => probe.start({ httpPort, drainMs: 300 })));
    let isOver = false;
    let answered = 0;
    const clients = Array.from({ length: 20 }, async (_, client) => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      for (let at = client; !isOver;) {
        const answer = await ask(`http://127.0.0.1:${ports[at % 2]}/probe/quick`, agent).catch(refusedBeforeItWasSent);
        if (answer?.status === 200) answered++;
        // As a load balancer does: whoever says that he goes, or refuses the connection, gets no further requests.
        if (answer?.connection !== 'keep-alive') at++;
      }
      agent.destroy();
    });
    for (const [index, httpPort] of ports.entries()) {
      const before = answered;
      await until(() => answered > before + 100, { description: 'the clients to be busy' });
      await replicas[index]?.close();
      await probe.start({ httpPort, drainMs: 300 });
    }
    isOver = true;
    // A client throws when it loses a request.
    await Promise.all(clients);
    expect(answered).toBeGreaterThan(200);
  });
});

interface Answer {
  readonly status: number | undefined;
  readonly connection: string | undefined;
}

function ask(url: string, agent?: Agent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = get(url, { agent: agent ?? new Agent({ keepAlive: true, maxSockets: 1 }) }, (answer) => {
      answer.resume();
      answer.once('end', () => resolve({ status: answer.statusCode, connection: answer.headers.connection }));
    });
    asked.once('error', reject);
  });
}

function refusedBeforeItWasSent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ECONNREFUSED') throw error;
}
