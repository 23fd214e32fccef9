import type { FastifyInstance } from 'fastify';
import type { IncomingMessage, RequestListener } from 'node:http';

/** Routes of the internal port only: the API pages, and controllers whose path begins with `internal/`. */
const INTERNAL = /^\/(docs|internal)(?=[-/?*]|$)/;

const fromInside = new WeakSet<IncomingMessage>();

/** Makes the internal routes of an application unknown on its public port. Call it before routes are added. */
export function hideInternalRoutes(fastify: FastifyInstance): void {
  fastify.addHook('onRoute', (route) => {
    if (!INTERNAL.test(route.url)) return;
    const others = route.onRequest === undefined ? [] : [route.onRequest].flat();
    route.onRequest = [
      (request, reply, done) => {
        if (fromInside.has(request.raw)) done();
        else reply.callNotFound();
      },
      ...others,
    ];
  });
}

/** Serves the internal routes of `fastify`, and nothing else, to the requests of another server. */
export function serveInternalRoutes(fastify: () => FastifyInstance | undefined): RequestListener {
  return (request, response) => {
    const target = INTERNAL.test(request.url ?? '') ? fastify() : undefined;
    if (!target) {
      response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('no such page\n');
      return;
    }
    fromInside.add(request);
    target.routing(request, response);
  };
}
