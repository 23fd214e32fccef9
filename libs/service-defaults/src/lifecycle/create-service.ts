import { NestFactory } from '@nestjs/core';
import type { DynamicModule, Type } from '@nestjs/common';
import type { CustomTransportStrategy } from '@nestjs/microservices';
import { Server } from '@nestjs/microservices';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyReply } from 'fastify';
import type { AddressInfo } from 'node:net';
import 'reflect-metadata';
import type { KeyedSecret, Secret } from '../config/secret.js';
import { Metrics } from '../health/metrics.js';
import { Readiness } from '../health/readiness.js';
import type { ReadinessCheck } from '../health/readiness.js';
import { setUpOpenApi } from '../http/open-api.js';
import type { OpenApiOptions } from '../http/open-api.js';
import { ProblemFilter, writeRouterProblem } from '../http/problem.filter.js';
import { addRequestHooks } from '../http/request-hooks.js';
import type { RequestHooksOptions } from '../http/request-hooks.js';
import { securityHeaders } from '../http/security-headers.js';
import { createValidationPipe } from '../http/validation.pipe.js';
import { createLogger } from '../logging/create-logger.js';
import type { Logger } from '../logging/create-logger.js';
import type { LogLevel } from '../logging/log-levels.js';
import { NestLogger } from '../logging/nest-logger.js';
import { RpcServer } from '../rpc/rpc-server.js';
import { continueTrace, runWithTrace, TRACEPARENT_HEADER } from '../trace/trace-context.js';
import { PortInUseError } from '../errors.js';
import { ServiceDefaultsModule } from './service-defaults.module.js';

/** The values that `createService` needs from a configuration. `serviceFields` declares them. */
export interface ServiceConfig {
  readonly httpPort: number;
  /** Undefined if the service answers no RPC calls. */
  readonly rpcPort?: number;
  readonly bindAddress: string;
  readonly logLevel?: LogLevel;
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
  readonly rpcPort: number | undefined;
  /** Refuses new requests, finishes the running ones, then closes all connections. */
  close(): Promise<void>;
}

/** An order has 20 lines at most. No body of a buyer or of the provider comes near this limit. */
const BODY_BYTES_MAX = 64 * 1024;
/** A client that needs longer for its headers or its body is stuck or hostile. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** Longer than the idle time-out of usual load balancers, so that the load balancer closes a connection first. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;

/** Builds a service and listens: HTTP with all defaults, RPC if it has a port, and its message transports. */
export async function createService(options: ServiceOptions): Promise<Service> {
  const { config } = options;
  const logger = options.logger ?? createLogger({ name: options.name, level: config.logLevel });
  const metrics = new Metrics(options.name);
  const readiness = new Readiness();
  const defaults = ServiceDefaultsModule.forRoot({ logger, metrics, readiness, tokenSecret: config.tokenSecret });
  const headers = securityHeaders();
  const app = await NestFactory.create<NestFastifyApplication>(
    { module: ServiceRoot, imports: [defaults, options.module] },
    new FastifyAdapter({
      bodyLimit: BODY_BYTES_MAX,
      frameworkErrors: (error: FastifyError, _request: unknown, reply: FastifyReply) =>
        writeRouterProblem(error, reply.headers(headers)),
    }),
    { logger: new NestLogger(logger), rawBody: options.rawBody ?? false, bodyParser: false, abortOnError: false },
  );
  try {
    configureHttp(app, { logger, metrics, readiness, headers });
    if (options.openApi) setUpOpenApi(app, options.openApi);
    const rpc = config.rpcPort === undefined ? undefined : connectRpc(app, config.bindAddress, config.rpcPort);
    for (const strategy of options.transports?.(app) ?? []) connectTransport(app, strategy);
    for (const [check, run] of Object.entries(options.optionalChecks?.(app) ?? {})) {
      readiness.add(check, run, { required: false });
    }
    await listen(app, config);
    return {
      app,
      logger,
      httpUrl: `http://${config.bindAddress}:${(app.getHttpServer().address() as AddressInfo).port}`,
      rpcPort: rpc?.listeningPort,
      close: async () => {
        readiness.drain();
        await app.close();
      },
    };
  } catch (error) {
    await app.close();
    throw error;
  }
}

class ServiceRoot {}

function configureHttp(app: NestFastifyApplication, options: RequestHooksOptions): void {
  addRequestHooks(app.getHttpAdapter().getInstance(), options);
  app.useBodyParser('application/json');
  app.useGlobalFilters(new ProblemFilter(options.logger));
  app.useGlobalPipes(createValidationPipe());
  const server = app.getHttpServer();
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.keepAliveTimeout = KEEP_ALIVE_TIMEOUT_MS;
  server.maxHeadersCount = 100;
}

function connectRpc(app: NestFastifyApplication, host: string, port: number): RpcServer {
  const strategy = new RpcServer({ host, port });
  app.connectMicroservice({ strategy });
  return strategy;
}

/** A message continues the trace of its sender, if the transport's context has `getHeaders`. */
function connectTransport(app: NestFastifyApplication, strategy: CustomTransportStrategy): void {
  if (strategy instanceof Server) {
    // Nest uses the hook's return value as the outcome of the delivery, although the type says void.
    strategy.setOnProcessingStartHook((_transport, context, done): unknown =>
      runWithTrace(continueTrace(headersOf(context)[TRACEPARENT_HEADER]), done),
    );
  }
  app.connectMicroservice({ strategy });
}

function headersOf(context: unknown): Readonly<Record<string, unknown>> {
  if (typeof context !== 'object' || context === null || !('getHeaders' in context)) return {};
  const { getHeaders } = context;
  if (typeof getHeaders !== 'function') return {};
  const headers: unknown = getHeaders.call(context);
  return typeof headers === 'object' && headers !== null ? (headers as Record<string, unknown>) : {};
}

async function listen(app: NestFastifyApplication, config: ServiceConfig): Promise<void> {
  try {
    await app.startAllMicroservices();
    await app.listen(config.httpPort, config.bindAddress);
  } catch (error) {
    throw namePort(error, config);
  }
}

function namePort(error: unknown, config: ServiceConfig): unknown {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'EADDRINUSE') return error;
  const port = 'port' in error ? Number(error.port) : config.httpPort;
  const variable = port === config.rpcPort ? 'RPC_PORT' : 'HTTP_PORT';
  return new PortInUseError(port, config.bindAddress, variable, { cause: error });
}
