import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { listenOn } from '../lifecycle/listen-on.js';
import { Pace } from './pace.js';

interface PageAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** Answers GET requests for one path. It keeps its answer for a while if it costs anything; see `cached`. */
export type Page = () => Promise<PageAnswer>;

export interface InternalServerOptions {
  readonly host: string;
  /** 0 lets the system choose; `port` tells which. */
  readonly port: number;
  /** By path, such as `/metrics`. */
  readonly pages: Readonly<Record<string, Page>>;
  /** A connection is an open file, of which a process may have few. @default 100 */
  readonly connectionsMax?: number;
  /** Answers all other paths, for example those of a framework. @default 404 */
  readonly otherwise?: RequestListener;
}

/** Three probes and two scrapers once a second are far below this. Whoever asks more often gets his answers later. */
const PACE = { perInterval: 20, intervalMs: 1_000, waitingMax: 256 };
const CONNECTIONS_MAX = 100;
/** A client that needs longer for its request is stuck or hostile. */
const REQUEST_TIMEOUT_MS = 5_000;

/**
 * The internal port of a process: pages for operators and probes, apart from the port that the world reaches. It has a plain
 * server of its own, so a program without a framework can have it too, and a probe costs no more than its answer.
 */
export class InternalServer {
  private readonly server: Server;
  private readonly pace = new Pace(PACE);

  private constructor(private readonly options: InternalServerOptions) {
    this.server = createServer(
      { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS, connectionsCheckingInterval: 1_000 },
      (request, response) => void this.answer(request, response),
    );
    this.server.maxConnections = options.connectionsMax ?? CONNECTIONS_MAX;
  }

  /** @throws {ListenError} that names INTERNAL_PORT or INTERNAL_BIND_ADDRESS */
  static async start(options: InternalServerOptions): Promise<InternalServer> {
    const internal = new InternalServer(options);
    const { host, port } = options;
    await listenOn(internal.server, { host, port, variables: ['INTERNAL_PORT', 'INTERNAL_BIND_ADDRESS'] });
    return internal;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://${urlHost(this.options.host)}:${this.port}`;
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.pace.close();
    this.server.closeAllConnections();
    await closed;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!(await this.pace.turn())) {
      response.setHeader('connection', 'close');
      return write(response, plain(503, 'too many requests wait on this port'));
    }
    const path = request.url?.split('?', 1)[0] ?? '';
    const page = Object.hasOwn(this.options.pages, path) ? this.options.pages[path] : undefined;
    if (!page && this.options.otherwise) return this.options.otherwise(request, response);
    if (!page) return write(response, plain(404, 'no such page'));
    if (request.method !== 'GET' && request.method !== 'HEAD') return write(response, plain(405, 'GET only'));
    try {
      write(response, await page());
    } catch {
      write(response, plain(500, 'this page failed'));
    }
  }
}

const plain = (status: number, text: string): PageAnswer => ({
  status,
  contentType: 'text/plain; charset=utf-8',
  body: `${text}\n`,
});

function write(response: ServerResponse, { status, contentType, body }: PageAnswer): void {
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(body);
}

/** An IPv6 address stands in brackets in a URL. */
export const urlHost = (host: string): string => (host.includes(':') ? `[${host}]` : host);
