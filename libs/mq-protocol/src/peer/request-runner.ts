import { RequestRefusedError } from '../errors.js';
import { createResponse, isOneway, type RemotingCommand } from '../frame/remoting-command.js';
import { ResponseCode } from '../tables/response-code.js';
import type { PeerHandlers } from './peer-handlers.js';
import type { Peer } from './peer.js';

/** What is answered when handling a request failed. */
export function failureResponse(request: RemotingCommand, error: unknown): RemotingCommand {
  if (error instanceof RequestRefusedError) {
    return createResponse(request, error.responseCode, { remark: error.message });
  }
  const remark = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return createResponse(request, ResponseCode.SYSTEM_ERROR, { remark });
}

/** Runs the plain handler for one request and sends its answer. Counts what is under way for the overload limit. */
export class RequestRunner {
  private inFlight = 0;

  constructor(
    private readonly peer: Peer,
    private readonly handlers: PeerHandlers,
    private readonly inFlightMax: number,
  ) {}

  run(request: RemotingCommand): void {
    if (this.handlers.onRequest === undefined) {
      const remark = ` request type ${request.code} not supported`;
      this.answer(request, createResponse(request, ResponseCode.REQUEST_CODE_NOT_SUPPORTED, { remark }));
      return;
    }
    if (this.inFlight >= this.inFlightMax) {
      const remark = '[OVERLOAD]too many requests of this connection are under way';
      this.answer(request, createResponse(request, ResponseCode.SYSTEM_BUSY, { remark }));
      return;
    }
    try {
      const answer = this.handlers.onRequest(request, this.peer);
      if (answer instanceof Promise) this.await(request, answer);
      else this.answer(request, answer);
    } catch (error) {
      this.answer(request, failureResponse(request, error));
    }
  }

  private await(request: RemotingCommand, answer: Promise<RemotingCommand | undefined>): void {
    this.inFlight += 1;
    answer.then(
      (response) => {
        this.inFlight -= 1;
        this.answer(request, response);
      },
      (error: unknown) => {
        this.inFlight -= 1;
        this.answer(request, failureResponse(request, error));
      },
    );
  }

  private answer(request: RemotingCommand, response: RemotingCommand | undefined): void {
    if (response === undefined || isOneway(request)) return;
    try {
      this.peer.reply(response);
    } catch (error) {
      this.peer.reply(failureResponse(request, error));
    }
  }
}
