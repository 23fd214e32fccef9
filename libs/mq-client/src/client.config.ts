import { InvalidOptionsError } from './client-error.js';
import { silentLogger } from './logger.js';
import type { Logger } from './logger.js';
import { TIME_LIMITS } from './time-limits.js';

/** The options of every client. */
export interface ClientOptions {
  /** Name servers, `host:port` separated by `;`. */
  namesrvAddr: string;
  /**
   * Clients of one process with equal options and the same instanceName and logger share one client id, one connection
   * to each broker and one heartbeat. Two consumers of one group in one process need different names.
   * @default 'DEFAULT'
   */
  instanceName?: string;
  /** @default a logger that writes nothing */
  logger?: Logger;
  /** Interval of the route refresh, ms. @default 30000 */
  pollNameServerInterval?: number;
  /** Interval of the heartbeats to the brokers, ms. @default 30000 */
  heartbeatBrokerInterval?: number;
  /** Time limit for opening a connection, ms. @default 3000 */
  connectTimeoutMillis?: number;
  /** Time limit for requests other than send and pull, ms. @default 3000 */
  mqClientApiTimeout?: number;
}

export interface ResolvedClientOptions extends Required<ClientOptions> {
  readonly nameServers: readonly string[];
}

const NAME_SERVERS_MAX = 16;

/** Collects the problems of the options, so that one error names all of them. */
export class OptionProblems {
  readonly problems: string[] = [];

  constructor(private readonly client: string) {}

  /** The value, or `fallback` when there is none. It must be a whole number from `min` to `max`. */
  integer(name: string, value: number | undefined, fallback: number, min: number, max: number): number {
    const chosen = value ?? fallback;
    if (!Number.isInteger(chosen) || chosen < min || chosen > max) {
      this.problems.push(`${name} must be a whole number from ${min} to ${max}, got ${String(value)}`);
    }
    return chosen;
  }

  add(problem: string): void {
    this.problems.push(problem);
  }

  throwIfAny(): void {
    if (this.problems.length > 0) throw new InvalidOptionsError(this.client, this.problems);
  }
}

const ADDRESS_PATTERN = /^([^\s:;]+):(\d{1,5})$/;

function parseNameServers(text: unknown, problems: OptionProblems): string[] {
  const parts = typeof text === 'string' ? text.split(';').map((part) => part.trim()) : [];
  const addresses = parts.filter((part) => part !== '');
  if (addresses.length === 0) {
    problems.add('namesrvAddr must name at least one name server, as host:port separated by ";"');
  }
  for (const address of addresses) {
    const port = Number(ADDRESS_PATTERN.exec(address)?.[2] ?? 0);
    if (port < 1 || port > 65_535) problems.add(`namesrvAddr: "${address}" is not host:port`);
  }
  if (addresses.length > NAME_SERVERS_MAX) problems.add(`namesrvAddr names more than ${NAME_SERVERS_MAX} servers`);
  return [...new Set(addresses)];
}

const DAY_MS = 86_400_000;

export function resolveClientOptions(options: ClientOptions, problems: OptionProblems): ResolvedClientOptions {
  const nameServers = parseNameServers(options.namesrvAddr, problems);
  return {
    namesrvAddr: nameServers.join(';'),
    nameServers,
    instanceName: options.instanceName ?? 'DEFAULT',
    logger: options.logger ?? silentLogger,
    pollNameServerInterval: problems.integer(
      'pollNameServerInterval',
      options.pollNameServerInterval,
      30_000,
      ...TIME_LIMITS.pollNameServerInterval,
    ),
    heartbeatBrokerInterval: problems.integer(
      'heartbeatBrokerInterval',
      options.heartbeatBrokerInterval,
      30_000,
      10,
      // A broker forgets a client after 120 s of silence.
      60_000,
    ),
    connectTimeoutMillis: problems.integer('connectTimeoutMillis', options.connectTimeoutMillis, 3_000, 1, DAY_MS),
    mqClientApiTimeout: problems.integer('mqClientApiTimeout', options.mqClientApiTimeout, 3_000, 1, DAY_MS),
  };
}

/**
 * Clients whose options have the same fingerprint may share an instance. The order of the name servers does not matter.
 */
export function clientFingerprint(options: ResolvedClientOptions): string {
  return JSON.stringify([
    [...options.nameServers].sort(),
    options.instanceName,
    options.pollNameServerInterval,
    options.heartbeatBrokerInterval,
    options.connectTimeoutMillis,
    options.mqClientApiTimeout,
  ]);
}
