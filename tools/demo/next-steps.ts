import type { ShopUrls } from '@rocketshop/shop-testkit';

/** The value of a field of a JSON text, with what every system has. */
const field = (name: string) => `sed 's/.*"${name}":"\\([^"]*\\)".*/\\1/'`;

const JSON_BODY = `-H 'content-type: application/json'`;
const AS_ADA = `-H "authorization: Bearer $TOKEN"`;
const NEW_KEY = `-H "idempotency-key: \\"$(date +%s)\\""`;

/** What a buyer does by hand. Each line is one command for a POSIX shell; a later one uses the variables of those before. */
export const buyerCommands = (urls: ShopUrls): readonly (readonly [title: string, command: string])[] => [
  ['log in', `TOKEN=$(curl -s ${urls.user}/demo/token ${JSON_BODY} -d '{"userId":"ada"}' | ${field('token')})`],
  [
    'place',
    `ORDER=$(curl -s ${urls.order}/orders ${AS_ADA} ${NEW_KEY} ${JSON_BODY} -d '{"items":[{"goodsId":"teapot","quantity":1}]}' | ${field('orderId')}); echo $ORDER`,
  ],
  ['read', `curl -s ${urls.order}/orders/$ORDER ${AS_ADA}`],
  [
    'pay',
    `PAY=$(curl -s ${urls.pay}/payments ${AS_ADA} ${NEW_KEY} ${JSON_BODY} -d "{\\"orderId\\":\\"$ORDER\\"}" | ${field('payUrl')}); curl -s $PAY ${JSON_BODY} -d '{}'`,
  ],
  ['cancel', `curl -s -X POST ${urls.order}/orders/$ORDER/cancel ${AS_ADA}`],
];

interface Place {
  readonly urls: ShopUrls;
  /** Pages by title. */
  readonly pages: Readonly<Record<string, string>>;
  readonly minutesToPay: number;
  readonly logs: string;
  readonly folders: readonly string[];
}

export function printNextSteps({ urls, pages, minutesToPay, logs, folders }: Place): void {
  const minutes = Number(minutesToPay.toFixed(1));
  console.log(`
The shop is up. Buy something: type these lines in another terminal. You have ${minutes} minute${minutes === 1 ? '' : 's'} to pay, or the order is
cancelled; the token is good for 15 minutes. To cancel, place an order and do not pay it.
`);
  for (const [title, command] of buyerCommands(urls)) console.log(`# ${title}\n${command}`);
  console.log('\nLook around:');
  for (const [title, page] of Object.entries(pages)) console.log(`  ${title.padEnd(26)} ${page}`);
  console.log(`  ${'does everything add up?'.padEnd(26)} npm run invariants`);
  console.log(`  ${'logs of every program'.padEnd(26)} ${logs}`);
  console.log(`  ${'databases, broker’s store'.padEnd(26)} ${folders.join('  ')}`);
  console.log('\nCtrl-C stops everything.');
}
