import { HttpException } from '@nestjs/common';

const problem = (status: number, code: string, title: string, detail: string): HttpException =>
  new HttpException(
    { type: `urn:rocketshop:problem:${code.toLowerCase().replaceAll('_', '-')}`, title, status, code, detail },
    status,
  );

export const keyInvalid = (): HttpException =>
  problem(
    400,
    'IDEMPOTENCY_KEY_REQUIRED',
    'Idempotency-Key is missing or malformed.',
    'Send Idempotency-Key: "<1 to 128 characters>", a new one for every new request and the same one for every retry.',
  );

export const keyPending = (): HttpException =>
  problem(
    409,
    'IDEMPOTENCY_KEY_PENDING',
    'The first request with this key is still running.',
    'Send the same request again after the time in Retry-After.',
  );

export const keyReused = (): HttpException =>
  problem(
    422,
    'IDEMPOTENCY_KEY_REUSED',
    'This key was used for another request.',
    'A key belongs to one payload. Use a new key for a new request.',
  );
