import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, it } from '@jest/globals';
import { repositoryRoot, until } from '@rocketshop/shop-testkit';

// macOS and Windows have no parent-death signal.
const onLinux = process.platform === 'linux' ? it : it.skip;

onLinux(
  'what a runner has started ends with it, though it was killed and could not tidy up',
  async () => {
    const program = `
    const { spawnService } = await import('./libs/shop-testkit/dist/servers/processes.js');
    const { startPostgresServer } = await import('./libs/shop-testkit/dist/servers/postgres.js');
    const postgres = await startPostgresServer({ fsync: false });
    const nameServer = await spawnService({
      program: 'apps/nameserver/dist/main.js', env: { NAMESRV_LISTEN_PORT: '0' }, readyLine: / is ready on /,
    });
    console.log([postgres.pid, nameServer.pid].join(' '));
    setInterval(() => undefined, 60_000);`;
    const runner = spawn(process.execPath, ['--input-type=module', '--eval', program], {
      cwd: repositoryRoot,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(createInterface({ input: runner.stdout }), 'line')) as [string];
    const pids = line.split(' ').map(Number);
    expect(pids.map(isAlive)).toEqual([true, true]);
    runner.kill('SIGKILL');
    await until(() => !pids.some(isAlive), { description: 'what the runner started to be gone' });
  },
  60_000,
);

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
