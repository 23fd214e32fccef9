import { LOG_LEVELS } from '../logging/log-levels.js';
import { configField } from './fields.js';

/** The variables every service has. A service's own config spreads them and adds its own. */
export const serviceFields = (ports: { readonly http: number; readonly rpc: number }) => ({
  httpPort: configField.port({ default: ports.http, reason: 'where buyers and health checks reach this service' }),
  rpcPort: configField.port({ default: ports.rpc, reason: 'where the other services reach this one; not published' }),
  bindAddress: configField.text({ default: '127.0.0.1', reason: 'loopback unless a container or firewall guards it' }),
  databaseUrl: configField.secretUrl({
    protocols: ['postgres', 'postgresql'],
    reason: "this service's own database and user; nobody else's tables live there",
  }),
  databasePoolMax: configField.integer({
    default: 10,
    min: 2,
    max: 200,
    reason: 'connections a replica may hold; one is the outbox relay, so two is the least',
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
  timeScale: configField.factor({
    default: 1,
    reason: 'divides business time-outs and delays, so that an hour can be shown in a second',
  }),
  logLevel: configField.oneOf(LOG_LEVELS, { default: 'info', reason: 'least severe level that is written' }),
  demoData: configField.boolean({
    default: false,
    reason: 'seed data, the reset call and the demo token; never on where real buyers are',
  }),
});

/** For services that know buyers by their bearer token. */
export const tokenFields = () => ({
  tokenSecret: configField.secret({
    minLength: 32,
    reason: 'signs and checks buyer tokens; the same in every service that reads them',
  }),
});

/** Divides a business duration by the clock knob; at least 1 ms. */
export const scaledMs = (durationMs: number, timeScale: number): number =>
  Math.max(1, Math.round(durationMs / timeScale));
