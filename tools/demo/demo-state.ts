import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseUrls, ProviderEndpoint } from '@rocketshop/shop-testkit';
import { demoFolder } from './demo.config.js';

/** Tells other commands where the running demo is. */
export interface DemoState {
  readonly pid: number;
  /** Set when the shop is up. */
  readonly databaseUrls?: DatabaseUrls;
  readonly providerEndpoint?: ProviderEndpoint;
  /** The folders with the databases and the broker's store, which the demo removes at its end. */
  readonly folders: readonly string[];
}

const file = () => join(demoFolder(), 'demo.json');

/**
 * Makes this process the demo of this checkout. What a demo that was killed has left on the disk is removed.
 * @throws {Error} that names the demo which runs already
 */
export function claimDemo(): void {
  mkdirSync(demoFolder(), { recursive: true });
  const other = readState();
  if (other && isRunning(other.pid)) throw alreadyRunning(other);
  for (const folder of other?.folders ?? []) rmSync(folder, { recursive: true, force: true });
  removeDemoState();
  try {
    write({ pid: process.pid, folders: [] }, 'wx');
  } catch (error) {
    // Another demo was started at the same moment and was faster.
    const faster = readState();
    throw faster ? alreadyRunning(faster) : error;
  }
}

/** Adds what is known by now. */
export const updateDemoState = (state: Omit<DemoState, 'pid'>): void => write({ pid: process.pid, ...state }, 'w');

export function removeDemoState(): void {
  rmSync(file(), { force: true });
}

/** The state of the demo that runs now, or undefined. */
export function readDemoState(): DemoState | undefined {
  const state = readState();
  return state && isRunning(state.pid) ? state : undefined;
}

function alreadyRunning({ pid, folders }: DemoState): Error {
  const where = folders.length > 0 ? `, its files are in ${folders.join(' and ')}` : '';
  return new Error(
    `A demo runs already: process ${pid}${where}. Stop it by Ctrl-C in its terminal, or by: kill ${pid}`,
  );
}

// The file contains the database passwords of the demo, so only this user may read it.
const write = (state: DemoState, flag: 'w' | 'wx') =>
  writeFileSync(file(), JSON.stringify(state), { mode: 0o600, flag });

function readState(): DemoState | undefined {
  try {
    return JSON.parse(readFileSync(file(), 'utf8')) as DemoState;
  } catch {
    return undefined;
  }
}

/** A process id is given again some time after its process has ended, so the command line is looked at where the system shows it. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('demo.main');
  } catch {
    return true;
  }
}
