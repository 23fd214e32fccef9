/** Where the payment provider is, and the key that it gave to the merchant. */
export interface ProviderEndpoint {
  readonly url: string;
  readonly merchantKey: string;
}

interface ProviderAmount {
  readonly merchantId: string;
  readonly paymentId: string;
  readonly orderId: string;
  readonly amount: string;
  readonly currency: string;
}

/** One movement of money on the provider's bill. A refund has the id of the transaction that it gives back. */
export interface BillLine extends ProviderAmount {
  readonly kind: 'CHARGE' | 'REFUND';
  readonly providerTxnId: string;
  readonly refundId?: string;
}

/** What the provider says about our money: every movement of it, and every charge that can still be paid. */
export interface ProviderRecords {
  readonly lines: readonly BillLine[];
  readonly openCharges: readonly ProviderAmount[];
}

const TIMEOUT_MS = 30_000;

/** @throws when the provider does not answer, or refuses the key */
export async function readProviderRecords(endpoint: ProviderEndpoint): Promise<ProviderRecords> {
  const [{ lines }, { charges }] = await Promise.all([
    read<{ lines: BillLine[] }>(endpoint, 'bill'),
    read<{ charges: ProviderAmount[] }>(endpoint, 'charges'),
  ]);
  return { lines, openCharges: charges };
}

async function read<T>({ url, merchantKey }: ProviderEndpoint, what: string): Promise<T> {
  const response = await fetch(new URL(`/provider/${what}`, url), {
    headers: { 'x-merchant-key': merchantKey },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (!response.ok) throw new Error(`the payment provider answered ${response.status} to GET /provider/${what}`);
  return (await response.json()) as T;
}
