/** Thrown when the provider did not answer as agreed. The call may be repeated. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError';
  readonly code = 'PROVIDER_UNAVAILABLE';
  readonly retriable = true;
}
