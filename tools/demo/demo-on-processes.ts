import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PortsInUseError, ShopSystem } from '@rocketshop/shop-testkit';
import { demoFolder, portsFromEnvironment } from './demo.config.js';
import type { DemoOptions } from './demo-options.js';
import { claimDemo, removeDemoState, updateDemoState } from './demo-state.js';
import { InterruptedError, listenForInterruption } from './interruption.js';
import { printNextSteps } from './next-steps.js';
import { playStories, proveInvariants } from './play.js';
import { controlProcesses } from './process-control.js';
import { BEHIND_FAULTS } from './shop-control.js';

/** While the twelve orders are played, 30 minutes to pay become 5 seconds, and 10 seconds until a retry 28 milliseconds. */
const STORY_TIME_SCALE = 360;
/** A person who types gets 2 minutes. */
const PERSON_TIME_SCALE = 15;
const MINUTES_TO_PAY = 30;
/** The exit code of a program that Ctrl-C has ended, as shells have it. */
export const INTERRUPTED = 130;

/** @returns the exit code */
export async function demoOnProcesses(options: DemoOptions): Promise<number> {
  const interruption = listenForInterruption();
  claimDemo();
  try {
    return await startAndPlay(options, interruption);
  } catch (error) {
    if (error instanceof InterruptedError) return INTERRUPTED;
    throw error instanceof PortsInUseError ? explained(error) : error;
  } finally {
    removeDemoState();
  }
}

const explained = (error: PortsInUseError) =>
  new Error(
    `The demo did not start: ${error.message}. Stop who uses ${error.ports.length === 1 ? 'it' : 'them'}, set the variable to a free port, or run: npm run demo -- --free-ports`,
  );

async function startAndPlay(
  options: DemoOptions,
  { signal, arrived }: ReturnType<typeof listenForInterruption>,
): Promise<number> {
  const started = performance.now();
  const say = (what: string) =>
    console.log(`${((performance.now() - started) / 1000).toFixed(1).padStart(5)} s  ${what}`);
  const logDir = join(demoFolder(), 'logs');
  rmSync(logDir, { recursive: true, force: true });
  mkdirSync(logDir, { recursive: true });
  signal.addEventListener('abort', () => console.log('\nStopping.'));
  console.log(`Starting the shop. The logs are in ${logDir}`);
  const system = await ShopSystem.start({
    wellKnownPorts: options.freePorts ? false : portsFromEnvironment(),
    timeScale: options.timeScale ?? STORY_TIME_SCALE,
    proxied: BEHIND_FAULTS,
    logDir,
    signal,
    onFolders: (folders) => updateDemoState({ folders }),
    onProgress: say,
  });
  try {
    updateDemoState({
      databaseUrls: system.databaseUrls,
      providerEndpoint: system.providerEndpoint,
      folders: system.folders,
    });
    say('ready');
    const outcome = await Promise.race([arrived, playAndProve(system, signal)]);
    if (outcome === 'interrupted') return INTERRUPTED;
    if (!options.once) {
      await Promise.race([arrived, letPersonBuy(system, options, logDir)]);
      await arrived;
    }
    return outcome ? 0 : 1;
  } finally {
    await system.stop();
  }
}

async function playAndProve(system: ShopSystem, interrupted: AbortSignal): Promise<boolean> {
  const played = await playStories(system.urls, controlProcesses(system), interrupted);
  const holds = await proveInvariants(system.databaseUrls, system.providerEndpoint);
  return played && holds;
}

/** Gives a person more time than the stories need, and shows what to type. */
async function letPersonBuy(system: ShopSystem, { timeScale }: DemoOptions, logs: string): Promise<void> {
  if (timeScale === undefined) {
    const unpaidTimeoutMs = (MINUTES_TO_PAY * 60_000 * STORY_TIME_SCALE) / PERSON_TIME_SCALE;
    await system.restartProgram('order', { UNPAID_TIMEOUT_MS: String(unpaidTimeoutMs) });
  }
  printNextSteps({
    urls: system.urls,
    pages: {
      'what there is to buy': `${system.urls.stock}/goods`,
      'interface of order': `${system.internalUrl('order')}/docs`,
      'interface of pay': `${system.internalUrl('pay')}/docs`,
      'interface of the provider': `${system.internalUrl('pay-provider')}/docs`,
      'metrics of order': `${system.internalUrl('order')}/metrics`,
      'metrics of the broker': `${system.internalUrl('broker')}/metrics`,
    },
    minutesToPay: MINUTES_TO_PAY / (timeScale ?? PERSON_TIME_SCALE),
    logs,
    folders: system.folders,
  });
}
