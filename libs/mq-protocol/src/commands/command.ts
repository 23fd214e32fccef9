import { createRequest, createResponse } from '../frame/remoting-command.js';
import type { AnswerableRequest, RemotingCommand, RequestInit, ResponseInit } from '../frame/remoting-command.js';
import { HeaderSchema } from '../header/header-schema.js';
import type { HeaderFields, HeaderOf } from '../header/header-schema.js';
import { ResponseCode } from '../tables/response-code.js';

export type CommandRequestInit = Omit<RequestInit, 'extFields'>;
export interface CommandResponseInit extends Omit<ResponseInit, 'extFields'> {
  /** @default SUCCESS */
  code?: number;
}

/** A request code with its two headers. Bodies have codecs of their own. */
export class Command<Request extends HeaderFields, Response extends HeaderFields> {
  private readonly requestSchema: HeaderSchema<Request>;
  private readonly responseSchema: HeaderSchema<Response>;

  constructor(
    readonly code: number,
    headers: { request: Request; response: Response },
  ) {
    this.requestSchema = new HeaderSchema(headers.request);
    this.responseSchema = new HeaderSchema(headers.response);
  }

  createRequest(header: HeaderOf<Request>, init: CommandRequestInit = {}): RemotingCommand {
    // Assigned afterwards: a spread of `init` and `extFields` takes as long as the rest of a send request.
    const request = createRequest(this.code, init);
    request.extFields = this.requestSchema.encode(header);
    return request;
  }

  /** Throws HeaderFieldError. */
  readRequest(command: Pick<RemotingCommand, 'extFields'>): HeaderOf<Request> {
    return this.requestSchema.decode(command.extFields);
  }

  createResponse(
    request: AnswerableRequest,
    header: HeaderOf<Response>,
    init: CommandResponseInit = {},
  ): RemotingCommand {
    const response = createResponse(request, init.code ?? ResponseCode.SUCCESS, init);
    response.extFields = this.responseSchema.encode(header);
    return response;
  }

  /** Throws HeaderFieldError. */
  readResponse(command: Pick<RemotingCommand, 'extFields'>): HeaderOf<Response> {
    return this.responseSchema.decode(command.extFields);
  }
}
