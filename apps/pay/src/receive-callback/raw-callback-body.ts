import { Injectable } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';

const CALLBACK_PATH = '/payments/callback';
/** No request has this type: the hook gives it to callbacks, so that the parser of JSON does not see them. */
const CALLBACK_TYPE = 'application/vnd.rocketshop.callback';

interface Request {
  readonly url: string;
  readonly headers: Record<string, string | string[] | undefined>;
  rawBody?: Buffer;
}
type Done = (error: Error | null, body?: unknown) => void;

/** The two functions of Fastify that are used here. */
interface Server {
  addHook(name: 'onRequest', hook: (request: Request, reply: unknown, done: () => void) => void): unknown;
  addContentTypeParser(
    type: string,
    options: { readonly parseAs: 'buffer' },
    parser: (request: Request, body: Buffer, done: Done) => void,
  ): unknown;
}

/**
 * Leaves the body of a callback unparsed, whatever type it claims to have. Only a genuine callback is looked into, and one that cannot be
 * read must reach the controller, which keeps it for people.
 */
@Injectable()
export class RawCallbackBody implements OnModuleInit {
  constructor(private readonly host: HttpAdapterHost) {}

  onModuleInit(): void {
    const server = this.host.httpAdapter.getInstance<Server>();
    server.addHook('onRequest', (request, _reply, done) => {
      if (request.url.split('?', 1)[0] === CALLBACK_PATH) request.headers['content-type'] = CALLBACK_TYPE;
      done();
    });
    server.addContentTypeParser(CALLBACK_TYPE, { parseAs: 'buffer' }, (request, body, done) => {
      request.rawBody = body;
      done(null);
    });
  }
}
