import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BadFaultError, readFault } from './fault.js';
import type { FaultPoint } from './fault.js';
import { FaultProxy } from './fault-proxy.js';
import type { FaultsConfig, FaultTarget } from './faults.config.js';
import { ProxyFaultPoint } from './proxy-fault-point.js';

/** A fault is one line. A longer body is a mistake, and the server does not keep it in memory. */
const BODY_BYTES_MAX = 4096;
const REQUEST_LIMIT_MS = 10_000;

export interface FaultControl {
  /** The port of the HTTP interface. */
  readonly port: number;
  /** The port of the proxy before a target. */
  proxyPort(name: string): number;
  stop(): Promise<void>;
}

/**
 * Starts a proxy before each target, and the HTTP interface by which another process makes faults on the proxies:
 *   GET    /health/ready     200
 *   PUT    /faults/<target>  makes the {@link Fault} in the body: 204, or 400 when the body is no fault
 *   GET    /faults/<target>  200 {"hasHappened":true}
 *   DELETE /faults/<target>  heals: 204
 * A problem is {"code","detail"}. The interface asks for no credentials, so it may listen only where its owner alone reaches it.
 */
export async function startFaultControl(config: FaultsConfig): Promise<FaultControl> {
  const proxies = new Map<string, FaultProxy>();
  const server = createServer({ requestTimeout: REQUEST_LIMIT_MS, headersTimeout: REQUEST_LIMIT_MS });
  const stop = async (): Promise<void> => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await Promise.all([closed, ...[...proxies.values()].map((proxy) => proxy.stop())]);
  };
  try {
    for (const target of config.targets) proxies.set(target.name, await startProxy(target, config.bindAddress));
    serve(server, new Map([...proxies].map(([name, proxy]) => [name, new ProxyFaultPoint(proxy)])));
    await listen(server, config);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    port: (server.address() as AddressInfo).port,
    proxyPort: (name) => {
      const proxy = proxies.get(name);
      if (!proxy) throw new Error(`there is no target ${name}`);
      return proxy.port;
    },
    stop,
  };
}

function startProxy({ host, port, listenPort }: FaultTarget, bindAddress: string): Promise<FaultProxy> {
  return FaultProxy.start({ host, port }, { host: bindAddress, port: listenPort });
}

function listen(server: Server, { httpPort, bindAddress }: FaultsConfig): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(httpPort, bindAddress, resolve);
  });
}

interface Answer {
  readonly status: number;
  readonly body?: object;
}

function serve(server: Server, points: ReadonlyMap<string, FaultPoint>): void {
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    void answerTo(request, points)
      .catch(problemOf)
      .then(({ status, body }) => {
        response.writeHead(status, { 'content-type': 'application/json' }).end(body && JSON.stringify(body));
      });
  });
}

async function answerTo(request: IncomingMessage, points: ReadonlyMap<string, FaultPoint>): Promise<Answer> {
  if (request.url === '/health/ready') return { status: 200, body: { status: 'ok' } };
  const point = points.get(/^\/faults\/([^/?]+)$/.exec(request.url ?? '')?.[1] ?? '');
  const known = [...points.keys()].map((name) => `/faults/${name}`).join(', ');
  if (!point) return { status: 404, body: { code: 'NOT_FOUND', detail: `there is no target here; known: ${known}` } };
  switch (request.method ?? '') {
    case 'PUT':
      await point.make(readFault(await readBody(request)));
      return { status: 204 };
    case 'GET':
      return { status: 200, body: { hasHappened: await point.hasHappened() } };
    case 'DELETE':
      await point.heal();
      return { status: 204 };
    default:
      return { status: 405, body: { code: 'METHOD_NOT_ALLOWED', detail: 'PUT, GET and DELETE are served' } };
  }
}

function problemOf(error: unknown): Answer {
  const detail = error instanceof Error ? error.message : String(error);
  if (error instanceof BadFaultError) return { status: 400, body: { code: error.code, detail } };
  return { status: 500, body: { code: 'INTERNAL', detail } };
}

/** Reads a body to its end even when it is too long: a client that is still sending would not read the answer. */
async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= BODY_BYTES_MAX) chunks.push(chunk);
  }
  if (bytes > BODY_BYTES_MAX) throw new BadFaultError(`a fault has at most ${BODY_BYTES_MAX} bytes`);
  return Buffer.concat(chunks).toString();
}
