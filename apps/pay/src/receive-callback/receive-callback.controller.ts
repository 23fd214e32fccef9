import { Controller, HttpCode, Inject, Post, Req } from '@nestjs/common';
import type { RawBodyRequest } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CALLBACK_SIGNATURE_HEADER } from '@rocketshop/contracts';
import type { ProviderCallback } from '@rocketshop/contracts';
import { LOGGER, Metrics, ProblemError, RawBodyOnly } from '@rocketshop/service-defaults';
import type { Logger } from '@rocketshop/service-defaults';
import type { IncomingHttpHeaders } from 'node:http';
import { isAccepted } from '../domain/callback-outcome.js';
import type { PayConfig } from '../pay.config.js';
import { PAY_CONFIG } from '../pay.tokens.js';
import { verifyCallbackSignature } from './callback-signature.js';
import { readCallback } from './read-callback.js';
import { callbackAnswerSchema } from './receive-callback.dto.js';
import type { CallbackAnswer } from './receive-callback.dto.js';
import { ReceiveCallbackService } from './receive-callback.service.js';
import { RejectedCallbacks } from './rejected-callbacks.js';

type CallbackRequest = RawBodyRequest<{ readonly headers: IncomingHttpHeaders }>;

/** Receives the provider's signed callbacks. It answers 2xx only after the commit; else the provider sends the callback again. */
@ApiTags('provider')
@Controller('payments')
export class ReceiveCallbackController {
  private readonly received;

  constructor(
    private readonly service: ReceiveCallbackService,
    private readonly rejected: RejectedCallbacks,
    @Inject(PAY_CONFIG) private readonly config: PayConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    metrics: Metrics,
  ) {
    this.received = metrics.counter({
      name: 'pay_callbacks_total',
      help: 'Callbacks by outcome. Callbacks that are not genuine have the verdict on their signature; CALLBACK_INVALID: genuine and not readable',
      labelNames: ['outcome'],
    });
  }

  @Post('callback')
  @RawBodyOnly()
  @HttpCode(200)
  @ApiHeader({ name: CALLBACK_SIGNATURE_HEADER, required: true, description: 't=<unix s>,v1=<HMAC-SHA256 of t.body>' })
  @ApiOperation({ summary: 'Receive a callback of the provider, signed over its raw bytes' })
  @ApiOkResponse({ description: 'The callback is committed.', standardSchema: callbackAnswerSchema })
  async receive(@Req() request: CallbackRequest): Promise<CallbackAnswer> {
    const rawBody = this.verify(request);
    const event = await this.read(rawBody);
    const outcome = await this.service.receive(event);
    this.received.inc({ outcome });
    if (isAccepted(outcome)) return { outcome };
    const { eventId, paymentId } = event;
    this.logger.error({ eventId, paymentId, outcome }, 'a genuine callback does not fit our records');
    throw new ProblemError({ status: 422, code: outcome, title: 'The callback does not fit our records.' });
  }

  /** @throws {ProblemError} 400 when the bytes are no callback. They are kept, since a repetition will not be better. */
  private async read(rawBody: Buffer): Promise<ProviderCallback> {
    const event = readCallback(rawBody);
    if (typeof event !== 'string') return event;
    await this.rejected.keep(rawBody, event);
    this.received.inc({ outcome: 'CALLBACK_INVALID' });
    this.logger.error(
      { reason: event, bytes: rawBody.length },
      'a genuine callback cannot be read; its bytes are kept',
    );
    throw new ProblemError({
      status: 400,
      code: 'CALLBACK_INVALID',
      title: 'The callback is not as agreed.',
      detail: event,
    });
  }

  private verify(request: CallbackRequest): Buffer {
    const header = request.headers[CALLBACK_SIGNATURE_HEADER];
    const { rawBody } = request;
    const secrets = this.config.callbackSecrets.map((secret) => secret.reveal());
    const verdict =
      rawBody && typeof header === 'string'
        ? verifyCallbackSignature(header, rawBody, secrets, Date.now())
        : ('MALFORMED' as const);
    if (rawBody && verdict === 'GENUINE') return rawBody;
    this.received.inc({ outcome: verdict });
    this.logger.warn({ verdict }, 'a callback was refused');
    // The answer is the same for every reason, since knowing which check failed helps only a forger.
    throw new ProblemError({ status: 401, code: 'SIGNATURE_INVALID', title: 'The signature is not valid.' });
  }
}
