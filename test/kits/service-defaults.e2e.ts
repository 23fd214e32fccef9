import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Body, Controller, Get, Module, Param, Post } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import {
  CallDeadline,
  createLogger,
  createService,
  currentTrace,
  deadlinePassed,
  ListenError,
  notFound,
  RpcClient,
  RpcFaultError,
  RpcTimeoutError,
  RpcUnavailableError,
  runWithTrace,
  continueTrace,
} from '@rocketshop/service-defaults';
import { deadlineIn, msUntil } from '@rocketshop/pg';
import type { DeadlineInstant } from '@rocketshop/pg';
import type { Service, ServiceOptions } from '@rocketshop/service-defaults';
import { Writable } from 'node:stream';
import { z } from 'zod';
import { errorOf } from '../support/error-of.js';
import { createGate, freePort, until } from '@rocketshop/shop-testkit';
import type { Gate } from '@rocketshop/shop-testkit';

// Real processes and servers: on a loaded machine a start alone can take seconds.
jest.setTimeout(60_000);

const deduct = {
  pattern: 'probe.deduct',
  call: z.object({ orderId: z.string() }),
  answer: z.discriminatedUnion('ok', [
    z.object({ ok: z.literal(true), traceId: z.string(), msLeft: z.number() }),
    z.object({ ok: z.literal(false), code: z.string(), detail: z.string() }),
  ]),
};

/** What the public port must not serve, spelled in several ways. */
const PAGES = [
  '/metrics',
  '/health/ready',
  '/docs',
  '/docs/',
  '/docs-json',
  '/docs-yaml',
  '/%64ocs',
  '/docs/swagger-ui.css',
];

let gate: Gate;
let calls: number;

@Controller('probe')
class ProbeController {
  @Get('slow')
  async slow(): Promise<unknown> {
    calls++;
    await gate.opened;
    return { answered: true };
  }

  @Get(':id')
  read(@Param('id') id: string): never {
    if (id === 'missing') throw notFound('probe');
    // As a client of somebody else's API throws: his 404 is not ours.
    if (id === 'elsewhere') throw Object.assign(new Error('not found there'), { statusCode: 404 });
    throw new Error(`password=hunter2 in ${id}`);
  }

  @Post()
  write(@Body({ schema: z.strictObject({ quantity: z.int().min(1) }) }) body: { quantity: number }): unknown {
    return { ...body, traceId: currentTrace()?.traceId };
  }

  @MessagePattern(deduct.pattern)
  async deduct(
    @Payload() call: z.infer<typeof deduct.call>,
    @CallDeadline() deadline: DeadlineInstant,
  ): Promise<unknown> {
    calls++;
    if (call.orderId === 'hold') await gate.opened;
    if (call.orderId === 'fault') throw new Error('secret internals');
    if (call.orderId === 'nonsense') return { ok: 'maybe' };
    if (msUntil(deadline) < 0) return deadlinePassed();
    return { ok: true, traceId: currentTrace()?.traceId ?? '', msLeft: msUntil(deadline) };
  }
}

@Module({ controllers: [ProbeController] })
class ProbeModule {}

let services: Service[] = [];
let clients: RpcClient[] = [];
let logLines: string[] = [];

async function start(config: Partial<ServiceOptions['config']> = {}): Promise<Service> {
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      logLines.push(chunk.toString());
      done();
    },
  });
  const service = await createService({
    name: 'probe',
    config: { httpPort: 0, rpcPort: 0, internalPort: 0, bindAddress: '127.0.0.1', ...config },
    module: ProbeModule,
    openApi: { title: 'Probe', description: 'For the test.' },
    logger: createLogger({ name: 'probe', destination }),
  });
  services.push(service);
  return service;
}

function clientOf(...ports: (number | undefined)[]): RpcClient {
  const client = new RpcClient(
    'probe',
    ports.map((port) => ({ host: '127.0.0.1', port: port ?? 0 })),
  );
  clients.push(client);
  return client;
}

afterEach(async () => {
  gate?.open();
  for (const client of clients.splice(0)) client.close();
  await Promise.all(services.splice(0).map((service) => service.close()));
  logLines = [];
});

describe('HTTP', () => {
  it('answers errors as problem+json, and tells the client nothing that the log has', async () => {
    const { httpUrl } = await start();
    const missing = await fetch(`${httpUrl}/probe/missing`);
    expect(missing.status).toBe(404);
    expect(missing.headers.get('content-type')).toContain('application/problem+json');
    expect(await missing.json()).toMatchObject({ code: 'PROBE_NOT_FOUND', status: 404 });

    const broken = await fetch(`${httpUrl}/probe/broken?card=4111`);
    expect(broken.status).toBe(500);
    expect(await broken.text()).not.toContain('hunter2');
    expect((await fetch(`${httpUrl}/probe/elsewhere`)).status).toBe(500);
    expect(logLines.join('')).toContain('hunter2');
    expect(logLines.join('')).not.toContain('4111');
  });

  it('refuses unknown fields, bodies that are too large or not JSON, and unknown routes in the same form', async () => {
    const { httpUrl } = await start();
    const post = (body: string) =>
      fetch(`${httpUrl}/probe`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    const priced = await post('{"quantity":1,"price":"0"}');
    expect(priced.status).toBe(400);
    expect(await priced.json()).toMatchObject({ code: 'REQUEST_INVALID', errors: [{ message: expect.any(String) }] });
    expect((await post('{"quantity":')).status).toBe(400);
    expect((await post(`{"padding":"${'x'.repeat(70_000)}"}`)).status).toBe(413);
    expect((await post('{"quantity":1,"__proto__":{"isAdmin":true}}')).status).toBe(400);
    const form = await fetch(`${httpUrl}/probe`, { method: 'POST', body: new URLSearchParams({ quantity: '1' }) });
    expect(form.status).toBe(415);
    // Refused by the router, before anything of ours runs.
    const malformed = await fetch(`${httpUrl}/probe/%zz`);
    expect(malformed.status).toBe(400);
    expect(malformed.headers.get('x-content-type-options')).toBe('nosniff');
    expect(await malformed.json()).toMatchObject({ code: 'BAD_REQUEST', status: 400 });
    const nowhere = await fetch(`${httpUrl}/nowhere`);
    expect(nowhere.status).toBe(404);
    expect(nowhere.headers.get('content-type')).toContain('application/problem+json');
  });

  it('continues the trace of the caller in the handler, behind a body, and in the log', async () => {
    const { httpUrl } = await start();
    const { traceId, traceparent } = continueTrace(undefined);
    const headers = { 'content-type': 'application/json', traceparent };
    const answer = await fetch(`${httpUrl}/probe`, { method: 'POST', headers, body: '{"quantity":1}' });
    expect(await answer.json()).toEqual({ quantity: 1, traceId });
    await until(() => logLines.some((line) => line.includes('"request"')), { description: 'the line of the request' });
    expect(JSON.parse(logLines.find((line) => line.includes('"request"')) ?? '{}')).toMatchObject({
      method: 'POST',
      route: '/probe',
      status: 201,
      traceId,
    });
  });

  it('has health, metrics and an API page on its internal port only, and safe headers', async () => {
    const { httpUrl, internalUrl } = await start();
    expect((await fetch(`${httpUrl}/health/live`)).status).toBe(200);
    expect(await (await fetch(`${internalUrl}/health/ready`)).json()).toMatchObject({ status: 'ok' });
    const metrics = await (await fetch(`${internalUrl}/metrics`)).text();
    expect(metrics).toMatch(/http_request_duration_seconds_count\{.*route="\/health\/live",status="200"/);
    for (const path of PAGES) expect([path, (await fetch(httpUrl + path)).status]).toEqual([path, 404]);
    expect((await fetch(`${internalUrl}/probe/missing`)).status).toBe(404);
    const docs = await fetch(`${internalUrl}/docs`);
    expect(docs.status).toBe(200);
    expect(docs.headers.get('x-powered-by')).toBeNull();
    expect(docs.headers.get('x-content-type-options')).toBe('nosniff');
    expect(await (await fetch(`${internalUrl}/docs/swagger-ui-bundle.js`)).text()).toContain('SwaggerUIBundle');
    expect(await (await fetch(`${internalUrl}/docs-json`)).json()).toHaveProperty('paths./probe.post.requestBody');
  });

  it('closes while a request runs: that one is answered, and the kept-alive connection does not hold it up', async () => {
    gate = createGate();
    calls = 0;
    const service = await start();
    const response = fetch(`${service.httpUrl}/probe/slow`);
    await until(() => calls === 1, { description: 'the request to begin' });
    services = [];
    const startedAt = Date.now();
    const closing = service.close();
    gate.open();
    expect(await (await response).json()).toEqual({ answered: true });
    await closing;
    expect(Date.now() - startedAt).toBeLessThan(3_000);
  });

  it('names the port that is in use and the variable to change', async () => {
    const { httpUrl } = await start();
    const error = await errorOf(start({ httpPort: Number(new URL(httpUrl).port) }));
    expect(error).toBeInstanceOf(ListenError);
    expect(String(error)).toContain('HTTP_PORT');
  });
});

describe('RPC', () => {
  it('carries deadline and trace; a refusal is an answer', async () => {
    const { rpcPort } = await start();
    const trace = continueTrace(undefined);
    const client = clientOf(rpcPort);
    const answer = await runWithTrace(trace, () => client.call(deduct, { orderId: 'a' }, { timeoutMs: 2_000 }));
    expect(answer).toMatchObject({ ok: true, traceId: trace.traceId });
    // The callee has no more time than the caller.
    expect(answer.ok && answer.msLeft).toBeGreaterThan(0);
    expect(answer.ok && answer.msLeft).toBeLessThanOrEqual(2_000);
  });

  it('a fault is an exception without internals; a broken answer too', async () => {
    const { rpcPort } = await start();
    const client = clientOf(rpcPort);
    const fault = await errorOf(client.call(deduct, { orderId: 'fault' }, { timeoutMs: 2_000 }));
    expect(fault).toBeInstanceOf(RpcFaultError);
    expect(String(fault)).not.toContain('secret internals');
    expect(await errorOf(client.call(deduct, { orderId: 'nonsense' }, { timeoutMs: 2_000 }))).toBeInstanceOf(
      RpcFaultError,
    );
  });

  it('one try: a call without an answer times out and was made once; past the deadline it is not made at all', async () => {
    gate = createGate();
    calls = 0;
    const { rpcPort } = await start();
    const error = await errorOf(clientOf(rpcPort).call(deduct, { orderId: 'hold' }, { timeoutMs: 100 }));
    expect(error).toBeInstanceOf(RpcTimeoutError);
    expect(calls).toBe(1);
    const past = clientOf(rpcPort).call(deduct, { orderId: 'b' }, { timeoutMs: 2_000, deadline: deadlineIn(-1) });
    expect(await errorOf(past)).toBeInstanceOf(RpcTimeoutError);
    expect(calls).toBe(1);
  });

  it('passes over a replica that is down, and finds it again when it is back', async () => {
    const port = await freePort();
    const { rpcPort } = await start();
    const client = clientOf(port, rpcPort);
    for (let round = 0; round < 4; round++) {
      expect(await client.call(deduct, { orderId: 'a' }, { timeoutMs: 2_000 })).toMatchObject({ ok: true });
    }
    const alone = clientOf(port);
    expect(await errorOf(alone.call(deduct, { orderId: 'a' }, { timeoutMs: 500 }))).toBeInstanceOf(RpcUnavailableError);
    await start({ rpcPort: port });
    expect(await alone.call(deduct, { orderId: 'a' }, { timeoutMs: 2_000 })).toMatchObject({ ok: true });
  });

  it('a server that closes answers the call it has begun', async () => {
    gate = createGate();
    calls = 0;
    const service = await start();
    const answer = clientOf(service.rpcPort).call(deduct, { orderId: 'hold' }, { timeoutMs: 5_000 });
    await until(() => calls === 1, { description: 'the call to begin' });
    const closing = service.close();
    services = [];
    gate.open();
    expect(await answer).toMatchObject({ ok: true });
    await closing;
  });
});
