import { once } from 'node:events';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  freePort,
  loadFaultsConfig,
  RemoteFaultPoint,
  repositoryRoot,
  request,
  spawnService,
  startFaultControl,
  until,
  untilReady,
} from '@rocketshop/shop-testkit';
import type { FaultControl } from '@rocketshop/shop-testkit';

let echo: Server;
/** The bytes that arrived at the server. The server has sent them back. */
let arrived: string;
let control: FaultControl;
let url: string;
let faults: RemoteFaultPoint;
let callers: Socket[];

beforeEach(async () => {
  arrived = '';
  callers = [];
  echo = createServer((socket) => {
    socket.setEncoding('utf8').on('data', (text: string) => {
      arrived += text;
      socket.write(text);
    });
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
  const { port } = echo.address() as AddressInfo;
  const targets = [{ name: 'echo', host: '127.0.0.1', port, listenPort: 0 }];
  control = await startFaultControl({ bindAddress: '127.0.0.1', httpPort: 0, targets });
  url = `http://127.0.0.1:${control.port}`;
  faults = new RemoteFaultPoint(`${url}/faults/echo`);
});

afterEach(async () => {
  for (const socket of callers) socket.destroy();
  await control.stop();
  await new Promise((resolve) => echo.close(resolve));
});

interface Caller {
  /** The bytes that have come back until now. */
  heard(): string;
  say(text: string): void;
  /** The code of the error that ended the connection. */
  readonly broken: Promise<string>;
}

async function call(): Promise<Caller> {
  const socket = connect(control.proxyPort('echo'), '127.0.0.1');
  callers.push(socket);
  let heard = '';
  socket.setEncoding('utf8').on('data', (text: string) => (heard += text));
  const broken = new Promise<string>((resolve) => {
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
    socket.on('close', () => resolve('closed'));
  });
  await once(socket, 'connect');
  return { heard: () => heard, say: (text) => void socket.write(text), broken };
}

const untilHappened = () => until(() => faults.hasHappened(), { description: 'the fault to happen' });
const untilHeard = (caller: Caller, text: string) =>
  until(() => caller.heard() === text, { description: `${text} to come back` });

describe('a request that is held', () => {
  it('waits while others pass, and never arrives: the heal resets its connection', async () => {
    const [held, other] = [await call(), await call()];
    await faults.make({ holdRequest: 'use-coupon' });
    expect(await faults.hasHappened()).toBe(false);
    held.say('quote,');
    await untilHeard(held, 'quote,');
    held.say('use-coupon,');
    await untilHappened();
    other.say('quote,');
    await untilHeard(other, 'quote,');
    await faults.heal();
    expect(await held.broken).toBe('ECONNRESET');
    expect(arrived).toBe('quote,quote,');
  });

  it('is cut by the next fault too, and passes after the heal', async () => {
    const held = await call();
    await faults.make({ holdRequest: 'use-coupon' });
    held.say('use-coupon,');
    await untilHappened();
    await faults.make({ holdRequest: 'something else' });
    expect(await held.broken).toBe('ECONNRESET');
    await faults.heal();
    const again = await call();
    again.say('use-coupon,');
    await untilHeard(again, 'use-coupon,');
    expect(await faults.hasHappened()).toBe(false);
  });

  it('holds up nobody who stops the proxies', async () => {
    const held = await call();
    await faults.make({ holdRequest: 'use-coupon' });
    held.say('use-coupon,');
    await untilHappened();
    await control.stop();
    expect(await held.broken).toBe('ECONNRESET');
  });
});

it('answers are lost from the moment that the request has passed until the heal, to everybody', async () => {
  const [caller, other] = [await call(), await call()];
  await faults.make({ loseAnswersTo: 'deduct-stock' });
  caller.say('quote,');
  await untilHeard(caller, 'quote,');
  expect(await faults.hasHappened()).toBe(false);
  caller.say('deduct-stock,');
  await untilHappened();
  other.say('quote,');
  await until(() => arrived === 'quote,deduct-stock,quote,');
  await faults.heal();
  other.say('again,');
  caller.say('again,');
  await untilHeard(other, 'again,');
  await untilHeard(caller, 'quote,again,');
});

describe('the control', () => {
  const put = async (body: string) => {
    const answer = await fetch(`${url}/faults/echo`, { method: 'PUT', body });
    return { status: answer.status, body: (await answer.json()) as object };
  };

  it.each([
    ['nothing', ''],
    ['no JSON', 'holdRequest'],
    ['null', 'null'],
    ['no object', '["use-coupon"]'],
    ['no fault', '{}'],
    ['a fault that it does not know', '{"cutEverything":"now"}'],
    ['two faults', '{"holdRequest":"a","loseAnswersTo":"b"}'],
    ['a text that is in every request', '{"holdRequest":""}'],
    ['a number for a text', '{"holdRequest":7}'],
    ['too much', `{"holdRequest":"${'x'.repeat(500_000)}"}`],
  ])('refuses %s with 400, and leaves the fault as it is', async (_what, body) => {
    await faults.make({ holdRequest: 'use-coupon' });
    expect(await put(body)).toMatchObject({ status: 400, body: { code: 'BAD_FAULT' } });
    (await call()).say('use-coupon,');
    await untilHappened();
  });

  it('says what there is where it is asked for something else', async () => {
    const nowhere = new RemoteFaultPoint(`${url}/faults/elsewhere`);
    await expect(nowhere.heal()).rejects.toThrow(
      `DELETE ${url}/faults/elsewhere answered 404: there is no target here; known: /faults/echo`,
    );
    expect((await request(`${url}/faults/echo`, { method: 'POST' })).status).toBe(405);
    await control.stop();
    await expect(faults.hasHappened()).rejects.toThrow(`GET ${url}/faults/echo was not answered`);
  });
});

describe('the program', () => {
  it('needs nothing but the built files, and ends when it is told to', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rocketshop-faults-'));
    await cp(join(repositoryRoot, 'libs/shop-testkit/dist'), join(folder, 'dist'), { recursive: true });
    await cp(join(repositoryRoot, 'libs/shop-testkit/package.json'), join(folder, 'package.json'));
    const program = await spawnService({
      program: relative(repositoryRoot, join(folder, 'dist/faults/faults.main.js')),
      env: { HTTP_PORT: '0', TARGETS: `127.0.0.1:${await freePort()}` },
    });
    await untilReady(`http://127.0.0.1:${String(program.ready['http'])}`);
    expect(await program.stop()).toBe(0);
    await rm(folder, { recursive: true });
  });

  it('reads its targets from the environment', () => {
    expect(loadFaultsConfig({ TARGETS: 'stock:4002, coupon:4003' })).toEqual({
      bindAddress: '127.0.0.1',
      httpPort: 3020,
      targets: [
        { name: 'stock', host: 'stock', port: 4002, listenPort: 4002 },
        { name: 'coupon', host: 'coupon', port: 4003, listenPort: 4003 },
      ],
    });
  });

  it.each([
    [{}, 'TARGETS must be host:port,host:port, but has "" in it'],
    [{ TARGETS: 'stock:4002,coupon' }, 'but has "coupon" in it'],
    [{ TARGETS: 'stock:65536' }, 'but has "stock:65536" in it'],
    [{ TARGETS: 'stock:1,stock:2' }, 'TARGETS must name every host once'],
    [{ TARGETS: 'stock:1', HTTP_PORT: 'http' }, 'HTTP_PORT must be a port, but is "http"'],
  ])('refuses %j', (environment, problem) => {
    expect(() => loadFaultsConfig(environment)).toThrow(problem);
  });
});
