import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { untilStatus } from '@rocketshop/shop-testkit';
import { InProcessShop } from '@rocketshop/shop-testkit/in-process';
import { buyerCommands } from '@rocketshop/tools/next-steps';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

jest.setTimeout(120_000);

const run = promisify(execFile);
let shop: InProcessShop;

beforeAll(async () => {
  shop = await InProcessShop.start();
});

afterAll(() => shop.stop());

/** Types the commands with these titles into one shell. @returns what the last one printed */
async function type(titles: readonly string[]): Promise<string> {
  const commands = buyerCommands(shop.urls).filter(([title]) => titles.includes(title));
  expect(commands).toHaveLength(titles.length);
  const { stdout } = await run('sh', ['-c', commands.map(([, command]) => command).join('\n')]);
  return stdout;
}

it('the commands that the demo prints place, read and pay an order', async () => {
  const printed = await type(['log in', 'place', 'read', 'pay']);
  const [orderId = ''] = printed.split('\n');
  expect(printed).toContain('"status":"CONFIRMED"');
  await untilStatus(shop.buyer(), orderId, 'PAID');
});

it('the commands that the demo prints cancel an order that is not paid', async () => {
  const [orderId = ''] = (await type(['log in', 'place', 'cancel'])).split('\n');
  await untilStatus(shop.buyer(), orderId, 'CANCELLED');
});
