import type { BrokerClock } from '../broker-clock.js';
import { RateCounter } from './rate-counter.js';

const SAMPLE_INTERVAL_MS = 10_000;
const STEPS_10_SECONDS = 1;
const STEPS_60_SECONDS = 6;
const STEPS_600_SECONDS = 60;
const DAY_MS = 86_400_000;

/** The totals at the last two midnights (local time), as `clusterList -m` shows them. */
class MidnightTotals {
  private day: number;
  yesterdayMorning = 0;
  todayMorning = 0;

  constructor(now: number) {
    this.day = dayOf(now);
  }

  update(now: number, total: number): void {
    const day = dayOf(now);
    if (day === this.day) return;
    this.yesterdayMorning = this.todayMorning;
    this.todayMorning = total;
    this.day = day;
  }
}

/**
 * The counters of this broker (RocketMQ `BrokerStatsManager`, `StoreStatsService`). Counting a message is one addition. The
 * rates come from samples that are taken every 10 s.
 */
export class BrokerStatistics {
  readonly bootTimestamp: number;
  /** Bytes of the messages that were pulled. */
  getBytesTotal = 0;
  private readonly puts: RateCounter;
  private readonly gets: RateCounter;
  private readonly putDays: MidnightTotals;
  private readonly getDays: MidnightTotals;
  private readonly topicPuts = new Map<string, RateCounter>();
  private readonly groupGets = new Map<string, RateCounter>();
  private cancelTimer: (() => void) | undefined;

  constructor(private readonly clock: BrokerClock) {
    const now = clock.now();
    this.bootTimestamp = now;
    this.puts = new RateCounter(now);
    this.gets = new RateCounter(now);
    this.putDays = new MidnightTotals(now);
    this.getDays = new MidnightTotals(now);
  }

  start(): void {
    this.cancelTimer = this.clock.after(SAMPLE_INTERVAL_MS, () => {
      this.sample();
      this.start();
    });
  }

  stop(): void {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
  }

  countPut(topic: string, messages: number): void {
    this.puts.total += messages;
    this.counterOf(this.topicPuts, topic).total += messages;
  }

  countGet(group: string, topic: string, messages: number, bytes: number): void {
    this.gets.total += messages;
    this.getBytesTotal += bytes;
    this.counterOf(this.groupGets, `${topic}@${group}`).total += messages;
  }

  get putTotal(): number {
    return this.puts.total;
  }

  get getTotal(): number {
    return this.gets.total;
  }

  /** RocketMQ's text form: the rates of the last 10 s, 60 s and 600 s, separated by one blank. */
  putTps(): string {
    return ratesText(this.puts);
  }

  getTps(): string {
    return ratesText(this.gets);
  }

  topicPutTps(topic: string): number {
    return this.topicPuts.get(topic)?.rate(STEPS_60_SECONDS) ?? 0;
  }

  groupGetTps(group: string, topic: string): number {
    return this.groupGets.get(`${topic}@${group}`)?.rate(STEPS_60_SECONDS) ?? 0;
  }

  putsToday(): { yesterdayMorning: number; todayMorning: number; now: number } {
    const { yesterdayMorning, todayMorning } = this.putDays;
    return { yesterdayMorning, todayMorning, now: this.putTotal };
  }

  getsToday(): { yesterdayMorning: number; todayMorning: number; now: number } {
    const { yesterdayMorning, todayMorning } = this.getDays;
    return { yesterdayMorning, todayMorning, now: this.getTotal };
  }

  /** Takes one sample of all counters. Removes the counters of topics and groups without messages. */
  sample(): void {
    const now = this.clock.now();
    this.puts.sample(now);
    this.gets.sample(now);
    this.putDays.update(now, this.puts.total);
    this.getDays.update(now, this.gets.total);
    for (const table of [this.topicPuts, this.groupGets]) {
      for (const [name, counter] of table) {
        counter.sample(now);
        if (counter.isStill) table.delete(name);
      }
    }
  }

  private counterOf(table: Map<string, RateCounter>, name: string): RateCounter {
    let counter = table.get(name);
    if (counter === undefined) table.set(name, (counter = new RateCounter(this.clock.now())));
    return counter;
  }
}

function ratesText(counter: RateCounter): string {
  return [STEPS_10_SECONDS, STEPS_60_SECONDS, STEPS_600_SECONDS].map((steps) => String(counter.rate(steps))).join(' ');
}

function dayOf(time: number): number {
  return Math.floor((time - new Date(time).getTimezoneOffset() * 60_000) / DAY_MS);
}
