import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { spawnService, stopSpawnedServices, until } from '@rocketshop/shop-testkit';

// Real processes and servers: on a loaded machine a start alone can take seconds.
jest.setTimeout(60_000);

const program = 'test/kits/fixtures/minimal-service.mjs';
const env = {
  DEMO_DATA: 'true',
  DATABASE_URL: 'postgres://shop:hunter2@127.0.0.1:5432/shop',
  DRAIN_MS: '0',
  TOKEN_SECRET: 'correct horse battery staple, and more',
  SERVICE_SECRETS: 'a:correct horse battery staple and no more',
};

afterAll(() => stopSpawnedServices());

describe('a service as a process', () => {
  it('says that it is ready and where, serves, and exits with 0 on SIGTERM', async () => {
    const service = await spawnService({ program, env });
    expect(service.ready).toMatchObject({ msg: 'minimal ready', service: 'minimal', level: 'info' });
    expect((await fetch(`${String(service.ready['internal'])}/health/ready`)).status).toBe(200);

    expect(await service.stop()).toBe(0);
    expect(service.lines.join('\n')).toContain('"msg":"stopped"');
    expect(service.lines.join('\n')).not.toContain('hunter2');
  });

  it('names every problem of its configuration at once, without the secrets, and exits with 1', async () => {
    const broken = { DATABASE_URL: 'mysql://shop:hunter2@db/shop', TOKEN_SECRET: 'tooshort', TIMEOUT_MS: '1000' };
    const failure = await spawnService({ program, env: broken }).then(
      () => '',
      (error: unknown) => String(error),
    );
    expect(failure).toContain('ended with 1');
    expect(failure).toContain('DATABASE_URL must be a URL that starts with postgres://');
    expect(failure).toContain('TOKEN_SECRET must have at least 32 characters');
    expect(failure).toContain('TIMEOUT_MS must be a whole number from 1 to 100, but is \\"1000\\"');
    expect(failure).not.toContain('hunter2');
    expect(failure).not.toContain('tooshort');
  });

  it('names the port that is in use, and the variable to change, and exits with 1', async () => {
    const first = await spawnService({ program, env });
    const port = new URL(String(first.ready['http'])).port;
    const failure = await spawnService({ program, env: { ...env, HTTP_PORT: port } }).catch((error: unknown) => error);
    expect(String(failure)).toContain(`port ${port} on 127.0.0.1 is in use; stop who has it, or set HTTP_PORT`);
    await first.stop();
  });

  it.each([
    ['BIND_ADDRESS', '192.0.2.1', 'BIND_ADDRESS=192.0.2.1: this machine has no such address'],
    ['BIND_ADDRESS', 'no-such-host.invalid', 'BIND_ADDRESS=no-such-host.invalid'],
    ['INTERNAL_BIND_ADDRESS', '192.0.2.1', 'INTERNAL_BIND_ADDRESS=192.0.2.1: this machine has no such address'],
    ['RPC_PORT', 'busy', 'set RPC_PORT to a free port'],
    ['INTERNAL_PORT', 'busy', 'set INTERNAL_PORT to a free port'],
  ])('ends with 1 and one line when it cannot listen: %s=%s', async (variable, value, line) => {
    const busy = createServer();
    await new Promise<void>((resolve) => busy.listen(0, '127.0.0.1', resolve));
    const port = String((busy.address() as AddressInfo).port);
    const broken = { ...env, [variable]: value === 'busy' ? port : value, HOLD_OPEN: '1' };
    const failure = String(
      await spawnService({ program, env: broken, readyTimeoutMs: 55_000 }).catch((error: unknown) => error),
    );
    busy.close();
    expect(failure).toContain('ended with 1 before it was ready');
    expect(failure).toContain(line);
    expect(failure.match(/"level":"(error|fatal)"/g)).toHaveLength(1);
  });

  it('ends at once with 0 when it is told to stop while it still starts', async () => {
    const starting = { program, env: { ...env, NEVER_READY: '1' }, readyLine: /waiting for what never comes/ };
    const service = await spawnService(starting);
    expect(await service.stop()).toBe(0);
    expect(service.lines.join('\n')).not.toContain('minimal ready');
  });

  it('a crash leaves no process behind', async () => {
    const service = await spawnService({ program, env });
    await service.kill();
    await until(() => !service.running);
    expect(() => process.kill(service.pid, 0)).toThrow('ESRCH');
  });
});
