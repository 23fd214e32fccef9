import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/** One entry for each call of a client. `ok` was acknowledged. `info` was not, so the message may be stored or not. */
export interface SendEntry {
  kind: 'send';
  outcome: 'ok' | 'info';
  round: number;
  producer: number;
  /** Number of the message of its producer, rising over all rounds. */
  sequence: number;
  queueId: number;
  /** Digest of the body. */
  digest: string;
  /** The offset in the acknowledgement; only an `ok` has one. */
  queueOffset?: number;
}

export interface CommitEntry {
  kind: 'commit';
  outcome: 'ok' | 'info';
  round: number;
  queueId: number;
  offset: number;
}

/** The answer of an offset query after a restart; -1 when the broker knew none. */
export interface QueryEntry {
  kind: 'query';
  round: number;
  queueId: number;
  offset: number;
}

export type HistoryEntry = SendEntry | CommitEntry | QueryEntry;

/** A message that was read back. */
export interface ReadMessage {
  queueId: number;
  queueOffset: number;
  producer: number;
  sequence: number;
  digest: string;
}

export function digestOf(body: Buffer): string {
  return createHash('sha1').update(body).digest('base64url');
}

/** Keeps the entries in memory for the checkers, and writes one JSON line for each into a file for people. */
export class History {
  readonly entries: HistoryEntry[] = [];
  private lines: string[] = [];

  constructor(private readonly path: string) {
    mkdirSync(dirname(path), { recursive: true });
  }

  add(entry: HistoryEntry): void {
    this.entries.push(entry);
    this.lines.push(JSON.stringify(entry));
    if (this.lines.length >= 10_000) this.save();
  }

  save(): void {
    if (this.lines.length === 0) return;
    appendFileSync(this.path, `${this.lines.join('\n')}\n`);
    this.lines = [];
  }
}
