import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';
import { repositoryRoot } from '@rocketshop/shop-testkit';

it('waits for a service behind a port that accepts and hangs up until somebody listens', async () => {
  let connections = 0;
  const server = createServer((_request, response) => void response.end());
  server.prependListener('connection', (socket) => {
    connections += 1;
    if (connections < 10) socket.end();
    else if (connections < 20) socket.resetAndDestroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  // A program of its own, with nothing else to wait for, as npm run wait is.
  const program = `const { untilReady } = await import('./libs/shop-testkit/dist/wait/until-ready.js');
    await untilReady('${url}');
    console.log('ready');`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: repositoryRoot,
  });
  server.close();
  expect([stdout.trim(), connections]).toEqual(['ready', 20]);
});
