import type { PayProviderConfig } from '../pay-provider.config.js';

/** The part of an HTTP request that tells how the provider is reached. */
export interface IncomingRequest {
  readonly headers: { readonly host?: string | undefined };
}

/** The page on which the buyer pays. */
export function payUrlOf(
  chargeId: string,
  { publicUrl, httpPort }: Pick<PayProviderConfig, 'publicUrl' | 'httpPort'>,
  { headers }: IncomingRequest,
): string {
  const base = publicUrl ?? `http://${headers.host ?? `127.0.0.1:${httpPort}`}`;
  return new URL(`/provider/charges/${chargeId}/pay`, base).href;
}
