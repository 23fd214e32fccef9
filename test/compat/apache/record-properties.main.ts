import { connectPeer } from '@rocketshop/mq-protocol';
import { startApacheRocketmq } from '@rocketshop/shop-testkit';
import { PropertyWalk } from '../../conformance/support/property-walk.js';

/** Prints what Apache RocketMQ makes of a message's properties: the source of `test/conformance/apache-properties.json`. */
const version = process.argv[2] ?? '5.5.0';
const apache = await startApacheRocketmq({ version });
try {
  const peer = await connectPeer({ host: '127.0.0.1', port: apache.brokerPort });
  const table = await new PropertyWalk(peer, 'DefaultCluster').run();
  console.log(JSON.stringify(table, undefined, 2));
  peer.close();
} finally {
  await apache.stop();
}
