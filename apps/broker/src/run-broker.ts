import { startBroker } from '@rocketshop/mq-broker';
import type { BrokerHandle } from '@rocketshop/mq-broker';

import { brokerOptions, loadBrokerConfig } from './broker-process.config.js';
import type { BrokerProcessConfig } from './broker-process.config.js';

/**
 * Runs a broker until SIGTERM or SIGINT. Exit codes: 0 when it was told to stop and drained, 1 when it could not start or
 * the disk failed under it.
 */
export async function runBroker(): Promise<void> {
  try {
    const config = loadBrokerConfig();
    const broker = await start(config);
    const stop = (): void => {
      broker.close().then(
        () => console.log('The broker has stopped; everything taken is on the disk.'),
        (error: unknown) => fail('stop cleanly', error),
      );
    };
    process.once('SIGTERM', stop);
    process.once('SIGINT', stop);
    // Said last: whoever reads it may stop the process in the same moment.
    console.log(
      `The broker ${config.brokerName} is ready on ${broker.address} ` +
        `(${config.flushDiskType}, store ${broker.storePathRootDir}). Stop it with Ctrl-C.`,
    );
  } catch (error) {
    fail('start', error);
  }
}

async function start(config: BrokerProcessConfig): Promise<BrokerHandle> {
  try {
    return await startBroker({
      ...brokerOptions(config),
      log: (level, message, fields) => {
        const line = fields === undefined ? message : `${message} ${JSON.stringify(fields)}`;
        if (level === 'info') console.log(line);
        else console.error(`${level}: ${line}`);
      },
      onFatal: (error) => {
        // Nothing may be acknowledged any more; the next start finds out what the disk has.
        console.error(`The broker ends: ${error.message}`);
        process.exit(1);
      },
    });
  } catch (error) {
    throw explain(error, config);
  }
}

function fail(what: string, error: unknown): void {
  console.error(`The broker cannot ${what}. ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

/** Says what to do about the errors everybody meets once. */
function explain(error: unknown, { brokerListenPort, bindAddress }: BrokerProcessConfig): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') {
    const advice = 'Stop what uses it or choose another one, for example BROKER_LISTEN_PORT=10921 npm start';
    return new Error(`Port ${brokerListenPort} on ${bindAddress} is in use. ${advice}`, { cause: error });
  }
  if (code === 'EADDRNOTAVAIL') {
    return new Error(`This machine has no address ${bindAddress}. Set BIND_ADDRESS to one it has.`, {
      cause: error,
    });
  }
  if (code === 'STORE_LOCKED') {
    return new Error(`${(error as Error).message} Stop it, or choose another folder with STORE_DIR.`, { cause: error });
  }
  return error;
}
