import { RouteConfig } from '@nestjs/platform-fastify';

export const RAW_BODY_ONLY = 'rawBodyOnly';

/**
 * The handler reads `request.rawBody` itself, so nobody refuses the body before it: it checks a signature over the bytes, or
 * keeps what cannot be read.
 */
export const RawBodyOnly = (): MethodDecorator => RouteConfig({ [RAW_BODY_ONLY]: true });
