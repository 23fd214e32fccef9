import { NestFactory } from '@nestjs/core';
import type { DynamicModule, Type } from '@nestjs/common';
import type { CustomTransportStrategy } from '@nestjs/microservices';
import { Server } from '@nestjs/microservices';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyReply } from 'fastify';
import type { AddressInfo } from 'node:net';
import 'reflect-metadata';
import type { Secret } from '../config/secret.js';
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

/** What a service's configuration must have for its processes to start; `serviceFields` makes one. */
export interface ServiceConfig {
  readonly httpPort: number;
  /** Undefined where the service answers no calls. */
  readonly rpcPort?: number;
  readonly bindAddress: string;
  readonly logLevel?: LogLevel;
  readonly tokenSecret?: Secret;
}

export interface ServiceOptions {
  /** Lowercase word, in every log line and metric. */
  readonly name: string;
  readonly config: ServiceConfig;
  readonly module: Type | DynamicModule;
  /** Message transports beside HTTP and RPC. They start listening before the service is ready. */
  readonly transports?: (app: NestFastifyApplication) => readonly CustomTransportStrategy[];
  /** Shown by readiness under their names, as degraded where they fail: the service serves without them for a while. */
  readonly optionalChecks?: (app: NestFastifyApplication) => Readonly<Record<string, ReadinessCheck>>;
  /** Keeps `request.rawBody` for handlers that check a signature over the bytes. @default false */
  readonly rawBody?: boolean;
  readonly openApi?: OpenApiOptions;
  readonly logger?: Logger;
}

export interface Service {
  readonly app: NestFastifyApplication;
  readonly logger: Logger;
  readonly httpUrl: string;
  readonly rpcPort: number | undefined;
  /** Turns new work away, finishes what has begun, closes everything. */
  close(): Promise<void>;
}

/** An order has 20 lines at most; nothing a buyer or provider sends comes near this. */
const BODY_BYTES_MAX = 64 * 1024;
/** A client that needs longer for its headers or body is stuck, or up to something. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** Longer than the idle time-out of usual load balancers, so that they, not we, close first. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;

/** Builds a service and listens: HTTP with all defaults, RPC when it has a port, and its message transports. */
export async function createService(options: ServiceOptions): Promise<Service> {
  const { config } = options;
  const logger =
    options.logger ?? createLogger({ name: options.name, ...(config.logLevel ? { level: config.logLevel } : {}) });
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

/** Messages continue the trace of who sent them, where their context tells its headers. */
function connectTransport(app: NestFastifyApplication, strategy: CustomTransportStrategy): void {
  if (strategy instanceof Server) {
    // Nest takes what the hook returns for the outcome of the delivery, though its type says void.
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
