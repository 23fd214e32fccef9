import { NestFactory } from '@nestjs/core';
import type { DynamicModule, Type } from '@nestjs/common';
import type { CustomTransportStrategy } from '@nestjs/microservices';
import { Server } from '@nestjs/microservices';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { checkDurations } from '@rocketshop/pg';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import 'reflect-metadata';
import type { KeyedSecret, Secret } from '../config/secret.js';
import { Metrics } from '../health/metrics.js';
import { Readiness } from '../health/readiness.js';
import type { ReadinessCheck } from '../health/readiness.js';
import { hideInternalRoutes, serveInternalRoutes } from '../http/internal-routes.js';
import { parseJsonBody } from '../http/json-body.js';
import { RAW_BODY_ONLY } from '../http/raw-body-only.js';
import { setUpOpenApi } from '../http/open-api.js';
import type { OpenApiOptions } from '../http/open-api.js';
import { ProblemFilter, writeRouterProblem } from '../http/problem.filter.js';
import { addRequestHooks } from '../http/request-hooks.js';
import type { RequestHooksOptions } from '../http/request-hooks.js';
import { securityHeaders } from '../http/security-headers.js';
import { createValidationPipe } from '../http/validation.pipe.js';
import { healthPages } from '../internal/health-pages.js';
import { InternalServer, urlHost } from '../internal/internal-server.js';
import { createLogger } from '../logging/create-logger.js';
import type { Logger } from '../logging/create-logger.js';
import type { LogLevel } from '../logging/log-levels.js';
import { NestLogger } from '../logging/nest-logger.js';
import { RpcClientMetrics } from '../rpc/rpc-metrics.js';
import { RpcServer } from '../rpc/rpc-server.js';
import { continueTrace, noteOrder, runWithTrace, TRACEPARENT_HEADER } from '../trace/trace-context.js';
import { HttpDrain } from './http-drain.js';
import { listenError } from './listen-on.js';
import { ServiceDefaultsModule } from './service-defaults.module.js';

/** The values that `createService` needs from a configuration. `serviceFields` declares them. */
export interface ServiceConfig {
  readonly httpPort: number;
  /** Undefined if the service answers no RPC calls. */
  readonly rpcPort?: number;
  readonly bindAddress: string;
  readonly internalPort: number;
  readonly internalBindAddress?: string;
  /** How long the service still listens after readiness has become false. @default 0 */
  readonly drainMs?: number;
  readonly logLevel?: LogLevel;
  readonly demoData?: boolean;
  readonly tokenSecret?: Secret;
  /** Without any, calls of other services are neither signed nor checked. */
  readonly serviceSecrets?: readonly KeyedSecret[];
}

export interface ServiceOptions {
  /** One lowercase word. Every log line and metric contains it. */
  readonly name: string;
  readonly config: ServiceConfig;
  readonly module: Type | DynamicModule;
  /** Message transports besides HTTP and RPC. They listen before the service is ready. */
  readonly transports?: (app: NestFastifyApplication) => readonly CustomTransportStrategy[];
  /** Checks by name. A failing one shows as degraded, since the service can serve without it for a while. */
  readonly optionalChecks?: (app: NestFastifyApplication) => Readonly<Record<string, ReadinessCheck>>;
  /** Keeps `request.rawBody`, for handlers that check a signature over the bytes. @default false */
  readonly rawBody?: boolean;
  readonly openApi?: OpenApiOptions;
  readonly logger?: Logger;
}

export interface Service {
  readonly app: NestFastifyApplication;
  readonly logger: Logger;
  readonly httpUrl: string;
  /** Where `/metrics`, `/health/ready` and `/docs` are. */
  readonly internalUrl: string;
  readonly rpcPort: number | undefined;
  /** Readiness becomes false, running requests are finished, then all connections are closed, the database's last. */
  close(): Promise<void>;
}

/** An order has 20 lines at most. No body of a buyer or of the provider comes near this limit. */
const BODY_BYTES_MAX = 64 * 1024;
/** A client that needs longer for its headers or its body is stuck or hostile. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** Longer than the idle time-out of usual load balancers, so that the load balancer closes a connection first. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;

/** A start that failed frees what it has taken. A part that hangs while it is freed must not keep the process alive. */
const ABANDON_LIMIT_MS = 5_000;

/**
 * Builds a service and listens: HTTP with all defaults, RPC if it has a port, and its message transports.
 * @throws {InvalidLimitsError}
 */
export async function createService(options: ServiceOptions): Promise<Service> {
  const { config } = options;
  checkDurations(config);
  const logger = options.logger ?? createLogger({ name: options.name, level: config.logLevel });
  const metrics = new Metrics(options.name);
  const readiness = new Readiness(logger);
  let app: NestFastifyApplication | undefined;
  // It listens first, so that probes and operators see a service that waits for its database.
  const internal = await InternalServer.start({
    host: config.internalBindAddress ?? '127.0.0.1',
    port: config.internalPort,
    pages: healthPages({ readiness, metrics: () => metrics.text() }),
    otherwise: serveInternalRoutes(() => app?.getHttpAdapter().getInstance()),
  });
  try {
    app = await createApp(options, { logger, metrics, readiness });
    return await open(app, options, { logger, readiness, internal, metrics });
  } catch (error) {
    await Promise.race([
      Promise.all([app?.close(), internal.close()]),
      pause(ABANDON_LIMIT_MS, undefined, { ref: false }),
    ]);
    throw error;
  }
}

interface Parts {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly readiness: Readiness;
}

type BodyDone = (error: Error | null, body?: unknown) => void;

class ServiceRoot {}

const HEADERS = securityHeaders();

function createApp(options: ServiceOptions, parts: Parts): Promise<NestFastifyApplication> {
  const { tokenSecret, serviceSecrets: secrets } = options.config;
  const rpc = { name: options.name, secrets, metrics: new RpcClientMetrics(parts.metrics) };
  const defaults = ServiceDefaultsModule.forRoot({ ...parts, tokenSecret, rpc });
  return NestFactory.create<NestFastifyApplication>(
    { module: ServiceRoot, imports: [defaults, options.module] },
    new FastifyAdapter({
      bodyLimit: BODY_BYTES_MAX,
      frameworkErrors: (error: FastifyError, _request: unknown, reply: FastifyReply) =>
        writeRouterProblem(error, reply.headers(HEADERS)),
    }),
    { logger: new NestLogger(parts.logger), rawBody: options.rawBody ?? false, bodyParser: false, abortOnError: false },
  );
}

async function open(
  app: NestFastifyApplication,
  options: ServiceOptions,
  { logger, metrics, readiness, internal }: Parts & { readonly internal: InternalServer },
): Promise<Service> {
  const { config } = options;
  const drain = new HttpDrain(app.getHttpServer());
  configureHttp(app, { logger, metrics, drain, headers: HEADERS });
  if (options.openApi) setUpOpenApi(app, options.openApi);
  const rpc = config.rpcPort === undefined ? undefined : connectRpc(app, options, metrics);
  const transports = (options.transports?.(app) ?? []).map((strategy) => connectTransport(app, strategy));
  for (const [check, run] of Object.entries(options.optionalChecks?.(app) ?? {})) {
    readiness.add(check, run, { required: false });
  }
  await app.init();
  // A consumer takes messages as soon as it listens. A service that cannot open its ports must not take any.
  await rpc?.microservice.listen();
  await listenHttp(app, config);
  await Promise.all(transports.map(({ microservice }) => microservice.listen()));
  readiness.accept();
  return {
    app,
    logger,
    httpUrl: `http://${urlHost(config.bindAddress)}:${(app.getHttpServer().address() as AddressInfo).port}`,
    internalUrl: internal.url,
    rpcPort: rpc?.strategy.listeningPort,
    close: async () => {
      readiness.drain();
      drain.begin();
      // Messages that are not taken here go to other replicas, or wait. The relay, a part of the application, still sends.
      await Promise.all([pause(config.drainMs ?? 0), ...transports.map(({ strategy }) => strategy.close())]);
      await drain.finish();
      await app.close();
      await internal.close();
    },
  };
}

function configureHttp(app: NestFastifyApplication, options: RequestHooksOptions): void {
  const fastify = app.getHttpAdapter().getInstance();
  addRequestHooks(fastify, options);
  hideInternalRoutes(fastify);
  // The process answers. Dependencies do not count here, since a restart of this process cannot heal them. This is the one
  // health route of the public port: it costs no more than an unknown path, and a load balancer there needs some answer.
  fastify.get('/health/live', (_request, reply) => reply.send({ status: 'ok' }));
  // Fastify would read text as a body that no schema of ours expects.
  fastify.removeContentTypeParser('text/plain');
  app.useBodyParser('application/json', {}, (request: FastifyRequest, body: Buffer, done: BodyDone) => {
    const { config } = request.routeOptions;
    done(null, RAW_BODY_ONLY in config ? undefined : parseJsonBody(body));
  });
  app.useGlobalFilters(new ProblemFilter(options.logger));
  app.useGlobalPipes(createValidationPipe());
  const server = app.getHttpServer();
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.keepAliveTimeout = KEEP_ALIVE_TIMEOUT_MS;
  // The hook above counts headers; Node would drop those beyond its limit without a word. Their bytes are limited to 16 KiB.
  server.maxHeadersCount = 0;
}

function connectRpc(app: NestFastifyApplication, { name, config }: ServiceOptions, metrics: Metrics) {
  const { bindAddress: host, rpcPort: port = 0, serviceSecrets: secrets } = config;
  const strategy = new RpcServer({ name, secrets, host, port, metrics });
  return { strategy, microservice: app.connectMicroservice({ strategy }) };
}

/** A message continues the trace of its sender, if the transport's context has `getHeaders`. */
function connectTransport(app: NestFastifyApplication, strategy: CustomTransportStrategy) {
  if (strategy instanceof Server) {
    // Nest uses the hook's return value as the outcome of the delivery, although the type says void.
    strategy.setOnProcessingStartHook((_transport, context, done): unknown =>
      runWithTrace(noteOrder(continueTrace(headersOf(context)[TRACEPARENT_HEADER]), { orderId: keyOf(context) }), done),
    );
  }
  return { strategy, microservice: app.connectMicroservice({ strategy }) };
}

/** Messages about an order have its id as their key. */
function keyOf(context: unknown): unknown {
  if (typeof context !== 'object' || context === null || !('getKey' in context)) return undefined;
  const { getKey } = context;
  return typeof getKey === 'function' ? getKey.call(context) : undefined;
}

function headersOf(context: unknown): Readonly<Record<string, unknown>> {
  if (typeof context !== 'object' || context === null || !('getHeaders' in context)) return {};
  const { getHeaders } = context;
  if (typeof getHeaders !== 'function') return {};
  const headers: unknown = getHeaders.call(context);
  return typeof headers === 'object' && headers !== null ? (headers as Record<string, unknown>) : {};
}

async function listenHttp(app: NestFastifyApplication, { httpPort, bindAddress }: ServiceConfig): Promise<void> {
  try {
    // Nest's own listen() would log the error once more, and without the variable.
    await app.getHttpAdapter().getInstance().listen({ port: httpPort, host: bindAddress });
  } catch (error) {
    throw listenError(error, { host: bindAddress, port: httpPort, variables: ['HTTP_PORT', 'BIND_ADDRESS'] });
  }
}
