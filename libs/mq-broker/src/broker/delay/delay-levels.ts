/**
 * The delay levels: `messageDelayLevel` = `1s 5s 10s ... 2h`, level 1 first.
 * Units s, m, h, d (RocketMQ `ScheduleMessageService.parseDelayLevel`).
 */
const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export class DelayLevels {
  readonly levelMax: number;
  private readonly delaysMs: readonly number[];

  /** @throws RangeError when the text is not a list of delays; the message names the bad one. */
  constructor(messageDelayLevel: string, timeScale = 1) {
    const steps = messageDelayLevel.trim().split(/\s+/);
    this.delaysMs = steps.map((step) => parseStep(step) / timeScale);
    this.levelMax = this.delaysMs.length;
  }

  /** A level above the last one means the last one. */
  clamp(level: number): number {
    return level > this.levelMax ? this.levelMax : level;
  }

  delayMs(level: number): number {
    return this.delaysMs[this.clamp(level) - 1] ?? 0;
  }
}

function parseStep(step: string): number {
  const match = /^(\d+)([smhd])$/.exec(step);
  const unit = unitMs[match?.[2] ?? ''];
  if (match === null || unit === undefined) {
    throw new RangeError(`messageDelayLevel: "${step}" is not a number followed by s, m, h or d`);
  }
  return Number(match[1]) * unit;
}
