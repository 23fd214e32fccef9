import { checkInvariants, readShopRecords, ShopSystem, until } from '@rocketshop/shop-testkit';
import type { DatabaseUrls, ShopUrls } from '@rocketshop/shop-testkit';
import { databaseUrlsFromEnvironment } from '../invariants/invariants.config.js';
import { printInvariants } from '../invariants/print-invariants.js';
import { COMPOSE_URLS, ComposeControl } from './compose-control.js';
import { removeDemoState, writeDemoState } from './demo-state.js';
import { listenForInterruption } from './interruption.js';
import { controlProcesses } from './process-control.js';
import { BEHIND_FAULTS } from './shop-control.js';
import type { ShopControl } from './shop-control.js';
import { logInAll, STORIES } from './stories.js';

/** 30 minutes to pay become 5 seconds, and 10 seconds until a retry become 28 milliseconds. */
const TIME_SCALE = 360;
/** The outbox tries a message again after 30 s at the latest, so a shop that lost its broker may need longer than that to rest. */
const REST_LIMIT_MS = 60_000;
/** The exit code of a program that Ctrl-C has ended, as shells have it. */
const INTERRUPTED = 130;

interface DemoOptions {
  readonly once: boolean;
  readonly compose: boolean;
}

function parseArguments(args: readonly string[]): DemoOptions {
  const unknown = args.filter((arg) => !['--once', '--compose'].includes(arg));
  if (unknown.length > 0) {
    console.error(
      `unknown option ${unknown.join(' ')}; known: --once (stop after the script), --compose (play against docker compose)`,
    );
    process.exit(2);
  }
  return { once: args.includes('--once'), compose: args.includes('--compose') };
}

async function playStories(urls: ShopUrls, control: ShopControl, interrupted: AbortSignal): Promise<boolean> {
  const buyers = await logInAll(urls);
  const reset = await buyers.ada.resetDemo();
  if (reset.status !== 200) throw new Error(`the shop was not reset: ${reset.status} ${JSON.stringify(reset.body)}`);
  let ok = true;
  console.log(`\nTwelve orders (a day of the shop's timers takes ${Math.round(86_400 / control.timeScale)} s here):\n`);
  for (const [index, story] of STORIES.entries()) {
    const line = `${String(index + 1).padStart(2)}  ${story.title.padEnd(42)}`;
    let outcome: string;
    try {
      const { happened, inconsistentMs } = await story.play(buyers, control);
      outcome = `${happened}${inconsistentMs > 0 ? ` (inconsistent for ${inconsistentMs} ms)` : ''}`;
    } catch (error) {
      ok = false;
      outcome = `FAILED: ${messageOf(error)}`;
    }
    // After an interruption the shop is stopped while the story runs, so its outcome means nothing.
    interrupted.throwIfAborted();
    console.log(`${line}${outcome}`);
  }
  return ok;
}

/** The invariants hold when the shop is at rest, so this waits for the last messages first. */
async function proveInvariants(urls: DatabaseUrls): Promise<boolean> {
  const read = async () => checkInvariants(await readShopRecords(urls));
  const isBroken = (invariants: Awaited<ReturnType<typeof read>>) =>
    invariants.some(({ violations }) => violations.length > 0);
  await until(async () => !isBroken(await read()), { timeoutMs: REST_LIMIT_MS, intervalMs: 200 }).catch(
    () => undefined,
  );
  console.log('\nInvariants, read from the five databases:\n');
  return printInvariants(await read());
}

function printNextSteps(system: ShopSystem): void {
  const { urls } = system;
  const pages = (name: 'order' | 'pay' | 'pay-provider') => `${system.internalUrl(name)}/docs`;
  console.log(`
The shop is up. Try:
  ${pages('order')}   order      ${urls.stock}/goods   what there is to buy
  ${pages('pay')}   pay        ${pages('pay-provider')}   the payment provider
  TOKEN=$(curl -s -X POST ${urls.user}/demo/token -H 'content-type: application/json' -d '{"userId":"ada"}' | sed 's/.*"token":"\\([^"]*\\).*/\\1/')
  curl -s -X POST ${urls.order}/orders -H "authorization: Bearer $TOKEN" -H 'idempotency-key: "my-first"' \\
       -H 'content-type: application/json' -d '{"items":[{"goodsId":"teapot","quantity":1}]}'
  npm run invariants     in another terminal, at any moment
Ctrl-C stops everything.`);
}

async function demoOnProcesses(options: DemoOptions): Promise<number> {
  const started = performance.now();
  const seconds = () => `${((performance.now() - started) / 1000).toFixed(1).padStart(5)} s`;
  const { signal, arrived } = listenForInterruption();
  const system = await ShopSystem.start({
    wellKnownPorts: true,
    timeScale: TIME_SCALE,
    proxied: BEHIND_FAULTS,
    onProgress: (what) => console.log(`${seconds()}  ${what}`),
  });
  try {
    writeDemoState({ pid: process.pid, databaseUrls: system.databaseUrls });
    console.log(`${seconds()}  ready`);
    const outcome = await Promise.race([arrived, playAndProve(system, signal)]);
    if (outcome !== 'interrupted' && !options.once) {
      printNextSteps(system);
      await arrived;
    }
    if (outcome === 'interrupted' || !options.once) console.log('\nStopping.');
    return outcome === 'interrupted' ? INTERRUPTED : outcome ? 0 : 1;
  } finally {
    removeDemoState();
    await system.stop();
  }
}

async function playAndProve(system: ShopSystem, interrupted: AbortSignal): Promise<boolean> {
  const played = await playStories(system.urls, controlProcesses(system), interrupted);
  const holds = await proveInvariants(system.databaseUrls);
  return played && holds;
}

async function demoOnCompose(): Promise<number> {
  const { signal, arrived } = listenForInterruption();
  const control = await ComposeControl.find(Number(process.env['TIME_SCALE'] ?? 60));
  try {
    const outcome = await Promise.race([arrived, playAndProveOnCompose(control, signal)]);
    return outcome === 'interrupted' ? INTERRUPTED : outcome ? 0 : 1;
  } catch (error) {
    // The error is printed now, since putting the containers back may fail too.
    console.error(`\n${messageOf(error)}`);
    return 1;
  } finally {
    console.log('\nPutting the containers back.');
    await control.putBack();
  }
}

async function playAndProveOnCompose(control: ComposeControl, interrupted: AbortSignal): Promise<boolean> {
  console.log('Putting the fault proxy between order and stock, coupon.');
  await control.prepare();
  const played = await playStories(COMPOSE_URLS, control, interrupted);
  const holds = await proveInvariants(databaseUrlsFromEnvironment({}));
  return played && holds;
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

const options = parseArguments(process.argv.slice(2));
try {
  process.exitCode = options.compose ? await demoOnCompose() : await demoOnProcesses(options);
} catch (error) {
  console.error(`\n${messageOf(error)}`);
  process.exitCode = 1;
}
// The interrupted story still waits for a state that will not come, so the process must be ended.
if (process.exitCode === INTERRUPTED) process.exit();
