import { LOG_LEVELS } from '../logging/log-levels.js';
import { configField } from './fields.js';

/** The address at which a process serves HTTP. */
export const httpFields = (port: number) => ({
  httpPort: configField.port({ default: port, reason: 'where clients and health checks reach this service' }),
  bindAddress: configField.text({ default: '127.0.0.1', reason: 'loopback unless a container or firewall guards it' }),
  drainMs: configField.integer({
    default: 1_000,
    min: 0,
    max: 10_000,
    reason:
      'how long a stopping server still listens, so that load balancers and clients notice; less than their limit for a stop',
  }),
});

/** The internal port of a process: metrics, readiness and API pages. */
export const internalFields = (port: number) => ({
  internalPort: configField.port({
    default: port,
    reason: 'where probes, scrapers and operators reach this process; never published',
  }),
  internalBindAddress: configField.text({
    default: '127.0.0.1',
    reason: 'loopback unless probes and scrapers come from another machine or container',
  }),
});

/** The variables of every process, whatever it serves. */
export const processFields = () => ({
  timeScale: configField.factor({
    default: 1,
    // The longest delay is some hours, and no timer waits for 25 days.
    min: 0.01,
    reason: 'divides business time-outs and delays, so that an hour can be shown in a second',
  }),
  logLevel: configField.oneOf(LOG_LEVELS, { default: 'info', reason: 'least severe level that is written' }),
});

/** The variable of every process that has secrets. */
export const demoFields = () => ({
  demoData: configField.boolean({
    default: false,
    reason: 'seed data, the reset call, the demo token and secrets that may be known; never on where real buyers are',
  }),
});

/** The variables of every service of the shop. A service's own config spreads them and adds its own. */
export const serviceFields = (ports: { readonly http: number; readonly rpc: number; readonly internal: number }) => ({
  ...httpFields(ports.http),
  ...internalFields(ports.internal),
  rpcPort: configField.port({ default: ports.rpc, reason: 'where the other services reach this one; not published' }),
  serviceSecrets: configField.keyedSecrets({
    minLength: 32,
    max: 4,
    reason: 'prove that calls and messages come from a service of this shop; the same in all services',
  }),
  acceptUnsignedUntil: configField.optional(
    configField.instant({
      reason: 'for the upgrade from a version that did not sign: until then messages without a MAC are handled too',
    }),
  ),
  databaseUrl: configField.secretUrl({
    protocols: ['postgres', 'postgresql'],
    reason: 'database and user of this service alone; it holds no tables of other services',
  }),
  migrationDatabaseUrl: configField.optional(
    configField.secretUrl({
      protocols: ['postgres', 'postgresql'],
      reason:
        'the same database for the owner of its tables; used to migrate at start, and closed before the service serves',
    }),
  ),
  databasePoolMax: configField.integer({
    default: 8,
    min: 4,
    max: 200,
    reason:
      'connections of a replica beside those of its batcher and the one of its outbox relay; a quarter of them may wait for locks',
  }),
  batchLockTimeoutMs: configField.integer({
    default: 25,
    min: 1,
    max: 14_000,
    reason:
      'longest wait for one lock among others; who waits longer waits where he holds up nobody. A statement ends after 15 s',
  }),
  redisUrl: configField.optional(
    configField.secretUrl({
      protocols: ['redis', 'rediss'],
      reason: 'fast path for replays and duplicates; without it PostgreSQL alone answers',
    }),
  ),
  namesrvAddr: configField.text({
    default: '127.0.0.1:9876',
    reason: 'name servers of the message broker, host:port with semicolons between',
    pattern: /^[^\s;:]+:\d{1,5}(;[^\s;:]+:\d{1,5})*$/,
    shape: 'host:port, several with ";" between',
  }),
  ...processFields(),
  ...demoFields(),
});

/** For services that identify buyers by their bearer token. */
export const tokenFields = () => ({
  tokenSecret: configField.secret({
    minLength: 32,
    reason: 'signs and checks buyer tokens; the same in every service that reads them',
  }),
});

/** Divides a business duration by TIME_SCALE. The result is at least 1 ms. */
export const scaledMs = (durationMs: number, timeScale: number): number =>
  Math.max(1, Math.round(durationMs / timeScale));
