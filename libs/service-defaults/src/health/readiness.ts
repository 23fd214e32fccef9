import { checkDurations } from '@rocketshop/pg';
import type { Logger } from 'pino';

/** Throws if its part is not usable. It may return details for people. */
export type ReadinessCheck = () => Promise<Readonly<Record<string, unknown>> | void>;

type CheckStatus = 'up' | 'degraded' | 'down';

export interface CheckResult {
  readonly status: CheckStatus;
  /** Why a check failed: one line without secrets. */
  readonly reason?: string;
  readonly [detail: string]: unknown;
}

export interface ReadinessReport {
  readonly status: 'ok' | 'error';
  readonly details: Readonly<Record<string, CheckResult>>;
}

interface NamedCheck {
  readonly name: string;
  readonly check: ReadinessCheck;
  readonly required: boolean;
  /** The run that has not answered yet. A part that hangs is asked once, not once a probe. */
  running: Promise<CheckResult> | undefined;
  last: CheckStatus;
}

const CHECK_TIMEOUT_MS = 2_000;
const REASON_LENGTH_MAX = 200;

/**
 * The checks that must pass before this replica gets requests. Each part adds its check when it starts.
 * A failing check that is not required shows as degraded, and the replica still serves. A line is logged when a check fails or
 * passes again, and none for each probe.
 */
export class Readiness {
  private readonly list: NamedCheck[] = [];
  private state: 'starting' | 'accepting' | 'draining' = 'starting';

  /** @throws {InvalidLimitsError} */
  constructor(
    private readonly logger?: Pick<Logger, 'info' | 'warn'>,
    private readonly checkTimeoutMs = CHECK_TIMEOUT_MS,
  ) {
    checkDurations({ checkTimeoutMs });
  }

  add(name: string, check: ReadinessCheck, options: { readonly required?: boolean } = {}): void {
    this.list.push({ name, check, required: options.required ?? true, running: undefined, last: 'up' });
  }

  /** The process has started. Until now, /health/ready answered 503. */
  accept(): void {
    if (this.state === 'starting') this.state = 'accepting';
  }

  /** From now on /health/ready answers 503, so that a load balancer sends no new requests to this replica. */
  drain(): void {
    this.state = 'draining';
  }

  get draining(): boolean {
    return this.state === 'draining';
  }

  /** The answer of a process that starts or stops. It asks no part, since parts may be not there yet, or closed already. */
  get notAccepting(): ReadinessReport | undefined {
    if (this.state === 'accepting') return undefined;
    const reason = this.state === 'starting' ? 'still starting' : 'shutting down';
    return { status: 'error', details: { accepting: { status: 'down', reason } } };
  }

  /** Runs all checks. Each has 2 s. */
  async report(): Promise<ReadinessReport> {
    const results = await Promise.all(this.list.map(async (named) => [named.name, await this.ask(named)] as const));
    return {
      status: results.some(([, { status }]) => status === 'down') ? 'error' : 'ok',
      details: { accepting: { status: 'up' }, ...Object.fromEntries(results) },
    };
  }

  private async ask(named: NamedCheck): Promise<CheckResult> {
    named.running ??= run(named).finally(() => (named.running = undefined));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<CheckResult>((resolve) => {
      const reason = `no answer in ${this.checkTimeoutMs} ms`;
      timer = setTimeout(() => resolve(failed(named, reason)), this.checkTimeoutMs);
    });
    const result = await Promise.race([named.running, late]);
    clearTimeout(timer);
    this.logChange(named, result);
    return result;
  }

  private logChange(named: NamedCheck, { status, reason }: CheckResult): void {
    if (status === named.last) return;
    named.last = status;
    const fields = { check: named.name, status, ...(reason === undefined ? {} : { reason }) };
    if (status === 'up') this.logger?.info(fields, 'readiness check passes again');
    else this.logger?.warn(fields, 'readiness check fails');
  }
}

async function run(named: NamedCheck): Promise<CheckResult> {
  try {
    return { ...(await named.check()), status: 'up' };
  } catch (error) {
    return failed(named, reasonOf(error));
  }
}

const failed = ({ required }: NamedCheck, reason: string): CheckResult => ({
  status: required ? 'down' : 'degraded',
  reason,
});

/** The first line of an error's message, or its code. A URL with a password loses user and password. */
function reasonOf(error: unknown): string {
  const first = error instanceof AggregateError && error.message === '' ? (error.errors[0] as unknown) : error;
  const text = first instanceof Error ? first.message || ('code' in first ? String(first.code) : first.name) : '';
  const [line = ''] = text.split('\n');
  return line.replaceAll(/\/\/[^\s/]*@/g, '//').slice(0, REASON_LENGTH_MAX) || 'unknown';
}
