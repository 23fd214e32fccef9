import type { ConfigStorage } from '../config/index.js';
import type { BrokerClock } from './broker-clock.js';

/** The file's name in the store's folder `config`. */
export const STEADY_TIME_FILE = 'clock.json';
const SAVE_INTERVAL_MS = 10_000;

/** One moment by all clocks. */
interface Moment {
  /** Monotonic time starts anew with each boot of the machine. */
  readonly bootId: string;
  readonly monotonicMs: number;
  readonly steadyMs: number;
  readonly wallMs: number;
}

/**
 * Time by which delays pass. It began as the wall clock, and then only counts: whoever sets the wall clock moves no message. It
 * goes on over restarts, by the machine's monotonic clock; only over a boot of the machine there is nothing but the wall clock.
 */
export class SteadyTime {
  private readonly startMonotonicMs: number;
  private readonly startSteadyMs: number;
  private cancelSave: (() => void) | undefined;

  private constructor(
    private readonly clock: BrokerClock,
    private readonly storage: ConfigStorage,
    private readonly onSaveError: (error: unknown) => void,
    saved: Moment | undefined,
  ) {
    this.startMonotonicMs = clock.monotonic();
    this.startSteadyMs = steadyAfter(saved, clock);
  }

  static async load(
    clock: BrokerClock,
    storage: ConfigStorage,
    onSaveError: (error: unknown) => void,
  ): Promise<SteadyTime> {
    // Without the file, time begins as the wall clock again: no reason to refuse the start.
    const text = await storage.load(readMoment).catch(onSaveError);
    const time = new SteadyTime(clock, storage, onSaveError, typeof text === 'string' ? readMoment(text) : undefined);
    await time.save();
    time.arm();
    return time;
  }

  /** ms */
  now(): number {
    return this.startSteadyMs + (this.clock.monotonic() - this.startMonotonicMs);
  }

  /** Runs `action` once, no earlier than in `delayMs`; the returned function takes it back. */
  after(delayMs: number, action: () => void): () => void {
    return this.clock.after(delayMs, action);
  }

  async close(): Promise<void> {
    this.cancelSave?.();
    await this.save();
  }

  private save(): Promise<void> {
    const { bootId } = this.clock;
    const moment: Moment = {
      bootId,
      monotonicMs: this.clock.monotonic(),
      steadyMs: this.now(),
      wallMs: this.clock.now(),
    };
    return this.storage.save(JSON.stringify(moment)).catch(this.onSaveError);
  }

  private arm(): void {
    this.cancelSave = this.clock.after(SAVE_INTERVAL_MS, () => {
      void this.save();
      this.arm();
    });
  }
}

function steadyAfter(saved: Moment | undefined, clock: BrokerClock): number {
  if (saved === undefined) return clock.now();
  const isSameBoot = saved.bootId !== '' && saved.bootId === clock.bootId && clock.monotonic() >= saved.monotonicMs;
  const passedMs = isSameBoot ? clock.monotonic() - saved.monotonicMs : clock.now() - saved.wallMs;
  return saved.steadyMs + Math.max(0, passedMs);
}

/** @throws on a text that holds no moment */
function readMoment(text: string): Moment {
  const moment = JSON.parse(text) as Partial<Moment> | null;
  const numbers = [moment?.monotonicMs, moment?.steadyMs, moment?.wallMs];
  const isMoment = typeof moment?.bootId === 'string' && numbers.every((value) => Number.isFinite(value));
  if (!isMoment) throw new Error('the file holds no moment');
  return moment as Moment;
}
