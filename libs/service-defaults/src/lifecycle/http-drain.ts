import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Ends the connections of an HTTP server without losing a request. The steps of a shutdown:
 *   begin()   every answer says `Connection: close`, so a client that keeps connections opens its next one elsewhere; the server
 *             still listens, since load balancers and clients need a moment to notice
 *   finish()  no new connections; a connection without a whole request is closed at once, the others when they are answered
 */
export class HttpDrain {
  private readonly sockets = new Set<Socket>();
  private readonly running = new Map<Socket, ServerResponse>();
  private isDraining = false;
  private isFinishing = false;

  constructor(private readonly server: Server) {
    server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
  }

  began(request: IncomingMessage, response: ServerResponse): void {
    this.running.set(request.socket, response);
    if (this.isDraining) response.shouldKeepAlive = false;
  }

  /** Call it when the response is closed. */
  ended(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    if (this.running.get(socket) === response) this.running.delete(socket);
    // The answer may have been begun before the shutdown and has then promised to keep the connection.
    if (this.isFinishing) socket.end();
  }

  begin(): void {
    this.isDraining = true;
    for (const response of this.running.values()) response.shouldKeepAlive = false;
  }

  /** Resolves when the last request is answered and its connection is closed. */
  async finish(): Promise<void> {
    this.begin();
    this.isFinishing = true;
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const socket of this.sockets) {
      // A request whose body is not here yet has reached no handler, so nothing of it is lost.
      if (this.running.get(socket)?.req.complete !== true) socket.destroy();
    }
    await closed;
  }
}
