import { expect, it, jest } from '@jest/globals';
import { freePort, PORT_NAMES, portVariable, until } from '@rocketshop/shop-testkit';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { DemoProcess, endDemoDuringStart } from './demo-process.js';

jest.setTimeout(120_000);

it('names the ports that are in use, in one line, and starts nothing', async () => {
  const demo = new DemoProcess();
  const other = createServer().listen(0, '127.0.0.1');
  await until(() => other.listening);
  const busy = String((other.address() as AddressInfo).port);
  try {
    const ports = await Promise.all(PORT_NAMES.map(async (name) => [portVariable(name), String(await freePort())]));
    const env = { ...Object.fromEntries(ports), ORDER_HTTP_PORT: busy, BROKER_PORT: busy } as Record<string, string>;
    expect(await demo.ended(demo.start([], env))).toBe(1);
    const lines = demo.output.split('\n').filter((line) => line !== '' && !/^demo \d+$|^Starting/.test(line));
    expect(lines).toEqual([
      expect.stringMatching(
        new RegExp(
          `^The demo did not start: in use: port ${busy} \\(BROKER_PORT\\), port ${busy} \\(ORDER_HTTP_PORT\\)\\. .*--free-ports$`,
        ),
      ),
    ]);
    await demo.gone();
    expect(demo.leftovers()).toEqual([]);
  } finally {
    other.close();
    demo.remove();
  }
});

it('tells a second demo which one runs, and lets the first go on', async () => {
  const demo = new DemoProcess();
  try {
    const first = demo.start(['--free-ports']);
    await until(() => demo.output.includes('Starting the shop'), { timeoutMs: 30_000 });
    const { pid } = demo;
    expect(await demo.ended(demo.start(['--free-ports']))).toBe(1);
    expect(demo.output).toMatch(new RegExp(`A demo runs already: process ${pid}[.,]`));
    expect(first.exitCode).toBeNull();
    first.kill('SIGINT');
    expect(await demo.ended(first)).toBe(130);
    await demo.gone();
    expect(demo.leftovers()).toEqual([]);
  } finally {
    demo.remove();
  }
});

it.each(['demo -9', 'parent -9', 'Ctrl-C'] as const)(
  'leaves no process: %s at a random moment of the start',
  endDemoDuringStart,
);
