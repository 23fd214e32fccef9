import { RequestRefusedError } from '../errors.js';
import { encodeFrame } from '../frame/encode-frame.js';
import { FRAME_LENGTH_BYTES } from '../frame/frame-layout.js';
import { createResponse, isOneway } from '../frame/remoting-command.js';
import type { RemotingCommand } from '../frame/remoting-command.js';
import { ResponseCode } from '../tables/response-code.js';
import { describeThrown, isThrown } from '../thrown.js';

/** The answer to a request whose processing failed. */
export function failureResponse(request: RemotingCommand, error: unknown): RemotingCommand {
  if (isThrown(error, RequestRefusedError)) {
    return createResponse(request, error.responseCode, { remark: error.message });
  }
  const { errorClass, message } = describeThrown(error);
  const remark = `${errorClass}: ${message}`;
  return createResponse(request, ResponseCode.SYSTEM_ERROR, { remark });
}

/** The frame of an answer. The other side would close the connection, and fail all its requests, for a frame over the limit. */
export function encodeAnswer(answer: RemotingCommand, frameBytesMax: number): Buffer {
  const frame = encodeFrame(answer);
  if (frame.length - FRAME_LENGTH_BYTES <= frameBytesMax) return frame;
  const remark = `the answer has ${frame.length} bytes, and a frame may have ${frameBytesMax}`;
  return encodeFrame(createResponse(answer, ResponseCode.SYSTEM_ERROR, { remark }));
}

type Handle = (request: RemotingCommand) => RemotingCommand | undefined | Promise<RemotingCommand | undefined>;

/** Runs the handler for each request and sends its answer. It counts the running requests for the overload limit. */
export class RequestRunner {
  private inFlight = 0;

  constructor(
    private readonly handle: Handle | undefined,
    private readonly reply: (response: RemotingCommand) => void,
    private readonly inFlightMax: number,
  ) {}

  run(request: RemotingCommand): void {
    if (this.handle === undefined) {
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
      const answer = this.handle(request);
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
      this.reply(response);
    } catch (error) {
      this.reply(failureResponse(request, error));
    }
  }
}
