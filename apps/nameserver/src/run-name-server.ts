import { startNameServer } from '@rocketshop/mq-broker';

import { loadNameServerConfig } from './nameserver.config.js';
import type { NameServerConfig } from './nameserver.config.js';

/** Runs a name server until SIGTERM or SIGINT. Sets the exit code: 0 when it was told to stop, 1 when it could not start. */
export async function runNameServer(): Promise<void> {
  try {
    const config = loadNameServerConfig();
    const nameServer = await startNameServer({
      host: config.bindAddress,
      port: config.listenPort,
      ...(config.kvConfigPath === undefined ? {} : { kvConfigPath: config.kvConfigPath }),
      onBrokerExpired: (brokerAddr) => console.warn(`The broker at ${brokerAddr} fell silent and was removed.`),
    }).catch((error: unknown) => {
      throw explain(error, config);
    });
    const stop = (): void => {
      nameServer.close().catch((error: unknown) => fail('stop cleanly', error));
    };
    process.once('SIGTERM', stop);
    process.once('SIGINT', stop);
    // Said last: whoever reads it may stop the process in the same moment.
    console.log(`The name server is ready on ${nameServer.address}. Stop it with Ctrl-C.`);
  } catch (error) {
    fail('start', error);
  }
}

function fail(what: string, error: unknown): void {
  console.error(`The name server cannot ${what}. ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

/** Says what to do about the errors everybody meets once. */
function explain(error: unknown, { listenPort: port, bindAddress }: NameServerConfig): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') {
    const advice = `Stop what uses it or choose another one, for example NAMESRV_LISTEN_PORT=${port + 1} npm start`;
    return new Error(`Port ${port} on ${bindAddress} is in use. ${advice}`, { cause: error });
  }
  if (code === 'EADDRNOTAVAIL') {
    return new Error(`This machine has no address ${bindAddress}. Set BIND_ADDRESS to one it has.`, { cause: error });
  }
  return error;
}
