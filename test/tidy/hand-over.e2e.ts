import { it } from '@jest/globals';
import { repositoryRoot, until } from '@rocketshop/shop-testkit';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A command that would run for ever, and says whether it was asked to stop. */
const COMMAND = `
  process.on('SIGTERM', () => { console.log('asked to stop'); process.exit(0); });
  setInterval(() => undefined, 60_000);
  console.log(process.pid);`;
const HAND_OVER = `
  const { handOver } = await import('./tools/hand-over.mjs');
  handOver(['--eval', ${JSON.stringify(COMMAND)}], process.cwd());`;

it('a command is asked to stop when what has started it was killed and could not tell', async () => {
  const starter = spawn(process.execPath, ['--input-type=module', '--eval', HAND_OVER], {
    cwd: repositoryRoot,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  createInterface({ input: starter.stdout }).on('line', (line) => lines.push(line));
  await until(() => lines.length > 0, { description: 'the command to start' });
  starter.kill('SIGKILL');
  await once(starter, 'exit');
  await until(() => lines.includes('asked to stop'), { description: 'the command to stop' });
});
