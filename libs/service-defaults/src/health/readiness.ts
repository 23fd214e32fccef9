/** Throws, or answers details for people, when asked whether its part is usable. */
export type ReadinessCheck = () => Promise<Readonly<Record<string, unknown>> | void>;

export interface NamedCheck {
  readonly name: string;
  readonly check: ReadinessCheck;
  readonly required: boolean;
}

/**
 * What must be usable before this replica takes requests. Parts add their check when they start.
 * A check that is not required shows as degraded: the replica still serves.
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

  /** From now on /health/ready answers 503, so that nobody sends new work here. */
  drain(): void {
    this.isDraining = true;
  }

  get draining(): boolean {
    return this.isDraining;
  }
}
