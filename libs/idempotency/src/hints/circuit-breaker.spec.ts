import { expect, it, jest } from '@jest/globals';
import { CircuitBreaker } from './circuit-breaker.js';

it('opens after failures in a row, lets one call pass when the time is over, and closes when that call succeeds', () => {
  let now = 0;
  const circuit = new CircuitBreaker({ failuresToOpen: 3, openMs: 100, openMaxMs: 250, clock: () => now });
  circuit.failed();
  circuit.failed();
  circuit.succeeded();
  for (let failure = 0; failure < 3; failure++) {
    expect(circuit.allows()).toBe(true);
    circuit.failed();
  }
  expect(circuit.allows()).toBe(false);
  now = 100;
  expect(circuit.allows()).toBe(true);
  expect(circuit.allows()).toBe(false);
  circuit.succeeded();
  expect(circuit.allows()).toBe(true);
  expect(circuit.allows()).toBe(true);
});

it('stays open longer after every attempt that fails, up to a limit', () => {
  let now = 0;
  const circuit = new CircuitBreaker({ failuresToOpen: 1, openMs: 100, openMaxMs: 250, clock: () => now });
  circuit.failed();
  for (const openMs of [100, 200, 250, 250]) {
    now += openMs - 1;
    expect(circuit.allows()).toBe(false);
    now += 1;
    expect(circuit.allows()).toBe(true);
    circuit.failed();
  }
});

it('does not stay open for an hour because the clock was set back by one', async () => {
  const circuit = new CircuitBreaker({ failuresToOpen: 1, openMs: 1, openMaxMs: 1 });
  circuit.failed();
  const now = Date.now();
  const clock = jest.spyOn(Date, 'now').mockImplementation(() => now - 3_600_000);
  while (!circuit.allows()) await new Promise((resolve) => setImmediate(resolve));
  clock.mockRestore();
});
