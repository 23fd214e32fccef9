import { Producer } from '@rocketshop/mq-client';
import type { AdminClient } from '@rocketshop/mq-client';
import { until } from '@rocketshop/shop-testkit';
import type { ClientProgram } from './clients/client-programs.js';
import { RunningClient } from './clients/running-client.js';
import { bodyOf, messageId, TEXT } from './kinds.js';
import { judge, reasonOf } from './report.js';
import type { Row } from './report.js';
import { untilCommitted } from './until-committed.js';

const QUEUES = 8;
const MESSAGES = 1_000;
/** A member looks again on its own every 20 s at the latest, should a notice be missed. */
const SETTLE_LIMIT_MS = 45_000;
const ARRIVE_LIMIT_MS = 30_000;

/**
 * Two client programs as members of one group: each joins the other and leaves again. After every change the queues must
 * be shared without overlap, and what is sent then must reach exactly the owner of its queue, once.
 */
export async function mixedGroup(
  first: ClientProgram,
  second: ClientProgram,
  namesrvAddr: string,
  admin: AdminClient,
): Promise<Row[]> {
  const story = await MixedGroup.begin(first, second, namesrvAddr, admin);
  try {
    await story.step('first alone', () => story.join(0), [QUEUES, 0]);
    await story.step('second joins', () => story.join(1), [QUEUES / 2, QUEUES / 2]);
    await story.step('first leaves', () => story.leave(0), [0, QUEUES]);
    await story.step('first joins again', () => story.join(0), [QUEUES / 2, QUEUES / 2]);
    await story.step('second leaves', () => story.leave(1), [QUEUES, 0]);
    await story.stepUnderLoad('second joins under load', () => story.join(1), [QUEUES / 2, QUEUES / 2]);
  } finally {
    await story.end();
  }
  return story.rows;
}

class MixedGroup {
  readonly rows: Row[] = [];
  private readonly members: (RunningClient | undefined)[] = [undefined, undefined];
  private readonly everyMember: RunningClient[] = [];
  private steps = 0;
  /** A step did not end as it must; the following ones make no sense then. */
  private failed = false;

  private constructor(
    private readonly programs: readonly [ClientProgram, ClientProgram],
    private readonly namesrvAddr: string,
    private readonly admin: AdminClient,
    private readonly producer: Producer,
    private readonly topic: string,
    private readonly group: string,
  ) {}

  static async begin(
    first: ClientProgram,
    second: ClientProgram,
    namesrvAddr: string,
    admin: AdminClient,
  ): Promise<MixedGroup> {
    const name = `compat-mixed-${first.name}-${second.name}`.replaceAll(/[^\w-]/g, '-');
    await admin.createTopic(name, { readQueueNums: QUEUES });
    const producer = new Producer({ namesrvAddr, producerGroup: 'compat-mixed-producers', sendMsgTimeout: 10_000 });
    await producer.start();
    return new MixedGroup([first, second], namesrvAddr, admin, producer, name, `${name}-members`);
  }

  join(index: 0 | 1): Promise<void> {
    const args = ['consume', this.namesrvAddr, this.group, `${this.topic}=*`];
    const member = RunningClient.start(this.programs[index], args);
    this.members[index] = member;
    this.everyMember.push(member);
    return Promise.resolve();
  }

  async leave(index: 0 | 1): Promise<void> {
    await this.members[index]?.leave();
    this.members[index] = undefined;
  }

  /** Changes the membership while nothing is under way, then sends. */
  async step(kind: string, change: () => Promise<void>, shares: readonly [number, number]): Promise<void> {
    await this.row(kind, async () => {
      await change();
      await this.untilShared(shares);
      const sent = await this.send(MESSAGES, 0);
      const strays = await this.untilReceived(sent, true);
      return { sent, problems: strays, twiceAllowed: false };
    });
  }

  /** Changes the membership in the middle of sending: a message in the hands of the old owner may come again. */
  async stepUnderLoad(kind: string, change: () => Promise<void>, shares: readonly [number, number]): Promise<void> {
    await this.row(kind, async () => {
      const sending = this.send(MESSAGES, 4);
      await change();
      const sent = await sending;
      await this.untilShared(shares);
      await this.untilReceived(sent, false);
      return { sent, problems: [], twiceAllowed: true };
    });
  }

  /** A member that cannot leave in good order is a row of its own. */
  async end(): Promise<void> {
    const leaving = await Promise.allSettled(this.members.map(async (member) => member?.leave()));
    await this.producer.shutdown();
    for (const result of leaving) {
      if (result.status === 'fulfilled') continue;
      this.rows.push({ client: this.client, kind: 'leaving', seconds: 0, ok: false, note: reasonOf(result.reason) });
    }
  }

  private get client(): string {
    return `${this.programs[0].name} + ${this.programs[1].name}`;
  }

  private async row(
    kind: string,
    play: () => Promise<{ sent: string[]; problems: string[]; twiceAllowed: boolean }>,
  ): Promise<void> {
    if (this.failed) return;
    const { client } = this;
    const started = performance.now();
    const seconds = (): number => (performance.now() - started) / 1000;
    this.steps += 1;
    try {
      const { sent, problems, twiceAllowed } = await play();
      const mine = this.everyMember.flatMap(({ received }) => received).filter(({ id }) => sent.includes(id));
      const { problems: damages, ...figures } = judge(sent, mine);
      const all = [...problems, ...damages];
      const ok = figures.lost === 0 && (twiceAllowed || figures.twice === 0) && all.length === 0;
      const shares = this.members.map((member) => member?.held.length ?? 0).join(' + ');
      const note = all.length > 0 ? all.join('; ') : `queues ${shares}`;
      this.rows.push({ client, kind, sent: sent.length, ...figures, seconds: seconds(), ok, note });
    } catch (error) {
      this.rows.push({ client, kind, seconds: seconds(), ok: false, note: reasonOf(error) });
      this.failed = true;
    }
  }

  private async untilShared(shares: readonly [number, number]): Promise<void> {
    const isShared = (): boolean => {
      const held = this.members.map((member) => member?.held ?? []);
      return held.every((queues, index) => queues.length === shares[index]) && new Set(held.flat()).size === QUEUES;
    };
    const description = `the queues to be shared ${shares.join(' + ')}`;
    const member = this.members.find((candidate) => candidate !== undefined);
    await member?.until(isShared, SETTLE_LIMIT_MS, description).catch((error: unknown) => {
      const held = this.members.map((candidate) => `[${candidate?.held.join(' ') ?? ''}]`).join(' and ');
      throw new Error(`${reasonOf(error)}, held ${held}`);
    });
  }

  private async send(count: number, pauseMs: number): Promise<string[]> {
    const ids = Array.from({ length: count }, (_, n) => messageId(`step${this.steps}`, n));
    for (const id of ids) {
      await this.producer.send({ topic: this.topic, body: bodyOf(id), properties: { text: TEXT } });
      if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    return ids;
  }

  /** @returns a sentence for each message that reached somebody who does not hold its queue */
  private async untilReceived(sent: readonly string[], byOwner: boolean): Promise<string[]> {
    const wanted = new Set(sent);
    const arrived = (): boolean =>
      new Set(this.everyMember.flatMap(({ received }) => received.map(({ id }) => id)).filter((id) => wanted.has(id)))
        .size === wanted.size;
    // What does not arrive is counted by the caller.
    await until(arrived, { timeoutMs: ARRIVE_LIMIT_MS }).catch(() => undefined);
    await untilCommitted(this.admin, this.group, this.topic);
    if (!byOwner) return [];
    const strays = this.members.flatMap((member) =>
      (member?.received ?? []).filter(({ id, queue }) => wanted.has(id) && !member?.held.includes(queue)),
    );
    return strays.length > 0 ? [`${strays.length} reached a member that does not hold their queue`] : [];
  }
}
