import { join } from 'node:path';
import { PORT_NAMES, portVariable } from '@rocketshop/shop-testkit';
import type { PortName } from '@rocketshop/shop-testkit';

/** The folder .cache/demo of the repository; this program runs from tools/dist/demo. */
const DEFAULT_FOLDER = join(import.meta.dirname, '../../../.cache/demo');

/** DEMO_FOLDER: keeps the logs of the demo, and what other commands need to find it. @default .cache/demo */
export const demoFolder = (): string => process.env['DEMO_FOLDER'] || DEFAULT_FOLDER;

/**
 * Ports that a person has chosen: ORDER_HTTP_PORT, ORDER_RPC_PORT, ORDER_INTERNAL_PORT, BROKER_PORT and so on.
 * @throws {Error} that names a variable whose value is no port
 */
export function portsFromEnvironment(): Readonly<Partial<Record<PortName, number>>> {
  const chosen = PORT_NAMES.flatMap((name) => {
    const text = process.env[portVariable(name)];
    if (!text) return [];
    const port = Number(text);
    if (!Number.isInteger(port) || port < 1 || port > 65_535) {
      throw new Error(`${portVariable(name)} must be a port from 1 to 65535, but is ${JSON.stringify(text)}`);
    }
    return [[name, port] as const];
  });
  return Object.fromEntries(chosen);
}

/** TIME_SCALE of the containers, which docker-compose.override.yml reads too. @default 60 */
export const composeTimeScale = (): number => Number(process.env['TIME_SCALE'] || 60);
