import helmet from 'helmet';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';

/** helmet's headers, which are the same for every answer: it is asked for them once, at start, and not in thirteen steps a request. */
export function createSecurityHeaders() {
  const headers = helmetHeaders();
  return (_request: IncomingMessage, response: ServerResponse, next: () => void): void => {
    response.setHeaders(headers);
    next();
  };
}

function helmetHeaders(): Map<string, string> {
  const request = new IncomingMessage(new Socket());
  const response = new RecordingResponse(request);
  // upgrade-insecure-requests would break the API page wherever it is served without TLS, as in the demo.
  helmet({ contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } } })(request, response, (error) => {
    if (error) throw error;
  });
  return response.recorded;
}

/** Keeps the headers as they are spelled. */
class RecordingResponse extends ServerResponse {
  readonly recorded = new Map<string, string>();

  override setHeader(name: string, value: number | string | readonly string[]): this {
    this.recorded.set(name, String(value));
    return this;
  }
}
