import helmet from 'helmet';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';

/** The headers of helmet, the same for every answer: helmet runs once at start, not thirteen steps a request. */
export function securityHeaders(): Readonly<Record<string, string>> {
  const request = new IncomingMessage(new Socket());
  const response = new ServerResponse(request);
  // upgrade-insecure-requests would break the API page where it is served without TLS, as in the demo.
  helmet({ contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } } })(request, response, (error) => {
    if (error) throw error;
  });
  const headers = Object.entries(response.getHeaders()).map(([name, value]) => [name, String(value)]);
  // Tokens, balances, orders: every answer of an API is about somebody, and none may stay in a cache.
  return { ...Object.fromEntries(headers), 'cache-control': 'no-store' } as Record<string, string>;
}
