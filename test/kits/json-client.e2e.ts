import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HttpCallError, JsonClient } from '@rocketshop/service-defaults';
import type { JsonClientOptions } from '@rocketshop/service-defaults';
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, RequestListener, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort, repositoryRoot, until } from '@rocketshop/shop-testkit';

interface Received {
  readonly line: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let server: Server;
let url: string;
let connections: number;
let received: Received[];
/** How the server answers a request that has been read; undefined: never. */
let answer: RequestListener | undefined;
let clients: JsonClient[];

beforeEach(async () => {
  connections = 0;
  received = [];
  clients = [];
  answer = (_request, response) => void response.writeHead(201).end('{"ok":true}');
  server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      received.push({ line: `${request.method} ${request.url}`, headers: request.headers, body });
      answer?.(request, response);
    });
  });
  server.on('connection', () => connections++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  await Promise.all(clients.map((client) => client.close()));
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function clientOf(options: Partial<JsonClientOptions> = {}): JsonClient {
  const client = new JsonClient({ timeoutMs: 10_000, ...options });
  clients.push(client);
  return client;
}

describe('a JSON client', () => {
  it('posts its text as it is, and nothing beside what it was given', async () => {
    const posted = await clientOf().post(`${url}/charges?try=1`, '{"name":"Zoë" }', { 'x-signature': 'v1=1' });
    expect(posted).toEqual({ status: 201, text: '{"ok":true}' });
    expect(received).toMatchObject([{ line: 'POST /charges?try=1', body: '{"name":"Zoë" }' }]);
    expect(received[0]?.headers).toEqual({
      host: new URL(url).host,
      connection: 'keep-alive',
      'content-type': 'application/json',
      'content-length': '16',
      'x-signature': 'v1=1',
    });
  });

  it('keeps its connections, and opens no more of them than it may', async () => {
    const client = clientOf({ connectionsMax: 2 });
    for (let call = 0; call < 5; call++) await client.post(url, '{}');
    await Promise.all(Array.from({ length: 20 }, () => client.post(url, '{}')));
    expect(received).toHaveLength(25);
    expect(connections).toBe(2);
  });

  it.each([204, 302, 404, 503])('takes %d for an answer, and follows nothing', async (status) => {
    answer = (_request, response) => void response.writeHead(status, { location: `${url}/elsewhere` }).end();
    expect(await clientOf().post(url, '{}')).toEqual({ status, text: '' });
    expect(received).toHaveLength(1);
  });

  it('joins an answer that comes in pieces, also in the middle of a letter', async () => {
    const bytes = Buffer.from('{"name":"Zoë"}');
    const cut = bytes.indexOf(0xc3) + 1;
    answer = (_request, response) => {
      response.write(bytes.subarray(0, cut), () => setImmediate(() => response.end(bytes.subarray(cut))));
    };
    expect((await clientOf().post(url, '{}')).text).toBe('{"name":"Zoë"}');
  });
});

describe('a call fails', () => {
  it.each([
    ['is not begun', undefined],
    ['does not end', (_request, response) => void response.writeHead(200).write('{')] satisfies [
      string,
      RequestListener,
    ],
  ])('when the answer %s in time, and leaves its connection', async (_what, slow) => {
    answer = slow;
    const client = clientOf({ timeoutMs: 100, connectionsMax: 1 });
    const failure = client.post(`${url}/?token=secret`, '{}');
    await expect(failure).rejects.toThrow(HttpCallError);
    await expect(failure).rejects.toThrow(`${url}: no answer in 100 ms`);
    answer = (_request, response) => void response.end('again');
    expect((await client.post(url, '{}')).text).toBe('again');
  });

  it('when its time is over before its turn has come, and is not sent any more', async () => {
    let first: ServerResponse | undefined;
    answer = (_request, response) => void (first = response);
    const client = clientOf({ connectionsMax: 1 });
    const held = client.post(url, '{}');
    await until(() => first, { description: 'the first call to take the only connection' });
    const waiting = await Promise.allSettled([1, 2].map(() => client.get(url, {}, 100)));
    expect(waiting.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    first?.end('first');
    expect((await held).text).toBe('first');
    answer = (_request, response) => void response.end('mine');
    expect((await client.post(url, '{}')).text).toBe('mine');
    expect(received.map(({ line }) => line)).toEqual(['POST /', 'POST /']);
  });

  it.each([
    ['with its length', { 'content-length': '2000' }],
    ['without', {}],
  ])('when the answer is too long, told %s', async (_what, headers) => {
    answer = (_request, response) => void response.writeHead(200, headers).end('x'.repeat(2000));
    const client = clientOf({ answerBytesMax: 1000 });
    await expect(client.post(url, '{}')).rejects.toMatchObject({ code: 'HTTP_CALL_FAILED', retriable: true });
    answer = (_request, response) => void response.end('x'.repeat(1000));
    expect((await client.post(url, '{}')).text).toHaveLength(1000);
  });

  it('when nobody is there, when the connection breaks, and when the other side speaks no TLS', async () => {
    const client = clientOf();
    await expect(client.post(`http://127.0.0.1:${await freePort()}`, '{}')).rejects.toThrow('ECONNREFUSED');
    answer = (request) => void request.socket.destroy();
    await expect(client.post(url, '{}')).rejects.toThrow(HttpCallError);
    await expect(client.post(url.replace('http:', 'https:'), '{}')).rejects.toThrow(/ssl|tls/i);
    await expect(client.post('file:///etc/hostname', '{}')).rejects.toThrow(HttpCallError);
    expect(received).toHaveLength(1);
  });

  it('when the client is closed, at once, under way or later', async () => {
    answer = undefined;
    const client = clientOf({ connectionsMax: 1 });
    const underWay = [client.post(url, '{}'), client.post(url, '{}')].map((call) =>
      expect(call).rejects.toThrow(HttpCallError),
    );
    await until(() => received.length === 1);
    await client.close();
    await Promise.all(underWay);
    await expect(client.post(url, '{}')).rejects.toThrow(HttpCallError);
    await until(() => new Promise<boolean>((resolve) => server.getConnections((_error, open) => resolve(open === 0))));
  });
});

it('leaves the fetch of its process alone', async () => {
  const program = `await import('@rocketshop/service-defaults');
    const { default: Agent } = await import('undici/lib/dispatcher/agent.js');
    await fetch('data:,').then((answer) => answer.text());
    console.log(globalThis[Symbol.for('undici.globalDispatcher.1')] instanceof Agent);`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: join(repositoryRoot, 'test'),
  });
  expect(stdout.trim()).toBe('false');
}, 30_000);
