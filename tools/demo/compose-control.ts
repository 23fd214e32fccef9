import { RemoteFaultPoint, untilReady, untilServing } from '@rocketshop/shop-testkit';
import type { ProgramName, ShopUrls } from '@rocketshop/shop-testkit';
import { Compose } from './compose.js';
import type { Variables } from './compose.js';
import type { ServiceBehindFaults, ShopControl } from './shop-control.js';

export const COMPOSE_URLS: ShopUrls = {
  order: 'http://127.0.0.1:3001',
  stock: 'http://127.0.0.1:3002',
  coupon: 'http://127.0.0.1:3003',
  user: 'http://127.0.0.1:3004',
  pay: 'http://127.0.0.1:3005',
  provider: 'http://127.0.0.1:3010',
};

const URL_OF: Readonly<Partial<Record<ProgramName, string>>> = {
  order: COMPOSE_URLS.order,
  stock: COMPOSE_URLS.stock,
  coupon: COMPOSE_URLS.coupon,
  user: COMPOSE_URLS.user,
  pay: COMPOSE_URLS.pay,
  'pay-provider': COMPOSE_URLS.provider,
};

const FAULTS_URL = 'http://127.0.0.1:3020';
/** With these variables the order service calls stock and coupon through the fault proxies. */
const THROUGH_FAULTS = { STOCK_RPC: 'faults:4002', COUPON_RPC: 'faults:4003' };
const FAULTS_PROFILE = ['--profile', 'faults'];

const READY_MS = 60_000;
/** This is short, since the user has waited for the shop before the demo. */
const FIRST_ANSWER_MS = 5_000;

/**
 * Controls the containers of docker-compose.yml. Its states:
 *   found      the shop is up, and nothing is changed
 *   prepared   the container faults is up, and order calls stock and coupon through it
 *   put back   order calls them directly, faults is gone, everything else is up; a story that still runs can do nothing
 */
export class ComposeControl implements ShopControl {
  private readonly compose = new Compose();
  private readonly containerIds = new Map<ProgramName, string>();
  /** Programs that were killed and that have not been started again. */
  private readonly down = new Set<ProgramName>();
  private isPutBack = false;

  private constructor(readonly timeScale: number) {}

  static async find(timeScale: number): Promise<ComposeControl> {
    const control = new ComposeControl(timeScale);
    const { compose } = control;
    const urls = Object.values(COMPOSE_URLS) as string[];
    const answers = await Promise.allSettled(urls.map((url) => untilServing(url, FIRST_ANSWER_MS)));
    const silent = urls.filter((_url, index) => answers[index]?.status === 'rejected');
    const advice = `start the shop first: ${compose.commandLine('up', '-d')} && npm run wait`;
    if (silent.length > 0) throw new Error(`not ready: ${silent.join(', ')}; ${advice}`);
    // Another shop may answer at this URL, for example a demo on processes. A container beside it would get no port.
    if ((await compose.run(['ps', '-q', 'order'])).trim() === '')
      throw new Error(`the order service at ${COMPOSE_URLS.order} runs in no container; ${advice}`);
    return control;
  }

  async prepare(): Promise<void> {
    await this.runForStory([...FAULTS_PROFILE, 'up', '-d', '--no-deps', 'faults']);
    await untilReady(FAULTS_URL, READY_MS).catch((cause: unknown) => {
      throw new Error(`faults did not come up: ${this.compose.commandLine(...FAULTS_PROFILE, 'logs', 'faults')}`, {
        cause,
      });
    });
    await recreateOrder((args) => this.runForStory(args, THROUGH_FAULTS));
    // A story kills coupon while a request is held, which must be faster than RPC_TIMEOUT_MS, so the id is looked up now.
    await this.containerIdOf('coupon');
  }

  /** Puts back all containers, also those that an interrupted demo before this one has left changed. */
  async putBack(): Promise<void> {
    this.isPutBack = true;
    const steps = [
      ...[...this.down].map((program) => () => this.compose.run(['start', program])),
      () => recreateOrder((args) => this.compose.run(args)),
      () => this.compose.run([...FAULTS_PROFILE, 'rm', '--stop', '--force', '-v', 'faults']),
    ];
    const problems: string[] = [];
    for (const step of steps) {
      await step().catch((error: Error) => problems.push(error.message));
    }
    if (problems.length === 0) return;
    const byHand = `${this.compose.commandLine(...FAULTS_PROFILE, 'down')} && ${this.compose.commandLine('up', '-d')}`;
    throw new Error(`The containers are not as they were; this puts them back: ${byHand}\n${problems.join('\n')}`);
  }

  async kill(program: ProgramName): Promise<void> {
    const id = await this.containerIdOf(program);
    this.refuseWhenPutBack();
    this.down.add(program);
    await this.compose.kill(id);
  }

  async start(program: ProgramName): Promise<void> {
    await this.runForStory(['start', program]);
    this.down.delete(program);
    await untilServing(URL_OF[program] ?? COMPOSE_URLS.order, READY_MS);
  }

  faults(service: ServiceBehindFaults): RemoteFaultPoint {
    return new RemoteFaultPoint(`${FAULTS_URL}/faults/${service}`);
  }

  /** Calls run one after the other, so a call that starts here is over before {@link putBack} makes its first call. */
  private async runForStory(args: readonly string[], variables: Variables = {}): Promise<void> {
    this.refuseWhenPutBack();
    await this.compose.run(args, variables);
  }

  private refuseWhenPutBack(): void {
    if (this.isPutBack) throw new Error('the containers are put back, the demo is over');
  }

  private async containerIdOf(program: ProgramName): Promise<string> {
    const id = this.containerIds.get(program) ?? (await this.compose.run(['ps', '-q', program])).trim();
    if (id === '') throw new Error(`${program} runs in no container`);
    this.containerIds.set(program, id);
    return id;
  }
}

/** Removes the container first: version 1 of compose cannot recreate a container on a current engine. */
async function recreateOrder(run: (args: readonly string[]) => Promise<unknown>): Promise<void> {
  await run(['rm', '--stop', '--force', '-v', 'order']);
  await run(['up', '-d', '--no-deps', '--no-build', 'order']);
  await untilServing(COMPOSE_URLS.order, READY_MS);
}
