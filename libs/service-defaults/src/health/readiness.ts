/** Throws if its part is not usable. It may return details for people. */
export type ReadinessCheck = () => Promise<Readonly<Record<string, unknown>> | void>;

export interface NamedCheck {
  readonly name: string;
  readonly check: ReadinessCheck;
  readonly required: boolean;
}

/**
 * The checks that must pass before this replica gets requests. Each part adds its check when it starts.
 * A failing check that is not required shows as degraded, and the replica still serves.
 */
export class Readiness {
  private readonly list: NamedCheck[] = [];
  private isDraining = false;

  add(name: string, check: ReadinessCheck, options: { readonly required?: boolean } = {}): void {
    this.list.push({ name, check, required: options.required ?? true });
  }

  get checks(): readonly NamedCheck[] {
    return this.list;
  }

  /** From now on /health/ready answers 503, so that a load balancer sends no new requests to this replica. */
  drain(): void {
    this.isDraining = true;
  }

  get draining(): boolean {
    return this.isDraining;
  }
}
