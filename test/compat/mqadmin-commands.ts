/** What is there when the commands run. */
export interface AdminScene {
  /** Prefix of names that are free. */
  readonly name: string;
  readonly namesrvAddr: string;
  readonly brokerAddr: string;
  /** Four queues, `messages` messages in them, all consumed by `group`. */
  readonly topic: string;
  readonly group: string;
  readonly producerGroup: string;
  readonly messages: number;
}

export interface AdminCommand {
  readonly name: string;
  readonly args: readonly string[];
  /** mqadmin ends with 0 even when a command failed: what it printed decides. @returns what is wrong with it */
  readonly check: (output: string) => string | undefined;
}

type Check = AdminCommand['check'];

const FAILURE = /SubCommandException|MQClientException|MQBrokerException|RemotingConnectException|CODE: \d+/;

/** Every pattern is there, and no sign of a failure. */
const shows =
  (...patterns: readonly (RegExp | string)[]): Check =>
  (output) => {
    const failure = FAILURE.exec(output);
    if (failure) return `it failed with ${failure[0]}`;
    const missing = patterns.find((pattern) =>
      typeof pattern === 'string' ? !output.includes(pattern) : !pattern.test(output),
    );
    return missing === undefined ? undefined : `${String(missing)} is not in it`;
  };

const lacks =
  (text: string): Check =>
  (output) =>
    FAILURE.test(output) ? 'it failed' : output.includes(text) ? `"${text}" is still in it` : undefined;

const refuses =
  (code: number): Check =>
  (output) =>
    output.includes(`CODE: ${code}`) ? undefined : `it was not refused with CODE: ${code}`;

const both =
  (first: Check, second: Check): Check =>
  (output) =>
    first(output) ?? second(output);

/** The lines of a table that name `text`, split at blanks. */
const linesWith = (output: string, text: string): string[][] =>
  output
    .split('\n')
    .filter((line) => line.includes(text))
    .map((line) => line.trim().split(/\s+/));

const sum = (numbers: readonly (string | undefined)[]): number =>
  numbers.reduce((total, number) => total + Number(number), 0);

/** In the order they are run: later ones rely on what earlier ones changed. */
export function adminCommands(scene: AdminScene): AdminCommand[] {
  const { namesrvAddr, brokerAddr, name } = scene;
  const toNameServer = ['-n', namesrvAddr];
  const toCluster = [...toNameServer, '-c', 'DefaultCluster'];
  const command = (label: string, args: readonly string[], check: Check): AdminCommand => ({
    name: label,
    args: [label.split(' ')[0] ?? '', ...args],
    check,
  });
  const newTopic = `${name}-new`;
  const newGroup = `${name}-new-group`;
  return [
    command('clusterList', toNameServer, shows(new RegExp(`DefaultCluster\\s+broker-a\\s+0\\s+${brokerAddr}`))),
    command('clusterList -m', [...toNameServer, '-m'], shows(/DefaultCluster\s+broker-a/)),
    command('topicList', toNameServer, shows(new RegExp(`^${scene.topic}$`, 'm'), '%RETRY%' + scene.group)),
    command('topicRoute', [...toNameServer, '-t', scene.topic], shows(brokerAddr, /"writeQueueNums":4/)),
    command('topicClusterList', [...toNameServer, '-t', scene.topic], shows(/^DefaultCluster$/m)),
    command('topicStatus', [...toNameServer, '-t', scene.topic], checkTopicStatus(scene)),
    command('consumerProgress -g', [...toNameServer, '-g', scene.group], checkProgress(scene)),
    command('consumerProgress', toNameServer, shows(scene.group)),
    command('consumerConnection', [...toNameServer, '-g', scene.group], shows('CLUSTERING', scene.topic, '127.0.0.1:')),
    command('producerConnection', [...toNameServer, '-g', scene.producerGroup, '-t', scene.topic], shows('127.0.0.1:')),
    command('brokerStatus', ['-b', brokerAddr], shows(/brokerVersionDesc\s*:/, /commitLogMaxOffset\s*:/, /putTps\s*:/)),
    command('updateTopic', [...toCluster, '-t', newTopic, '-r', '6', '-w', '6'], shows('success')),
    command('topicRoute after', [...toNameServer, '-t', newTopic], shows(/"readQueueNums":6/)),
    command('updateTopic again', [...toCluster, '-t', newTopic, '-r', '8', '-w', '8'], shows('success')),
    command('topicStatus after', [...toNameServer, '-t', newTopic], checkQueues(newTopic, 8)),
    command('updateTopic bad', ['-n', namesrvAddr, '-b', brokerAddr, '-t', 'TBW102'], refuses(29)),
    command('deleteTopic', [...toCluster, '-t', newTopic], shows(`delete topic [${newTopic}]`, 'success')),
    command('topicList after', toNameServer, both(shows(scene.topic), lacks(newTopic))),
    command('updateSubGroup', [...toCluster, '-g', newGroup, '-r', '3'], shows('success')),
    command('getConsumerConfig', [...toNameServer, '-g', newGroup], shows(/retryMaxTimes\s*=\s*3/)),
    command('deleteSubGroup', [...toCluster, '-g', newGroup, '-r', 'true'], shows('success')),
    command('getConsumerConfig after', [...toNameServer, '-g', newGroup], lacks('retryMaxTimes')),
  ];
}

function checkTopicStatus({ topic, messages }: AdminScene): Check {
  return both(checkQueues(topic, 4), (output) => {
    // Broker, queue, least offset, greatest offset, time of the last message.
    const total = sum(linesWith(output, 'broker-a').map((line) => line[3]));
    return total === messages ? undefined : `greatest offsets add up to ${total}, not ${messages}`;
  });
}

function checkQueues(topic: string, count: number): Check {
  return both(shows(), (output) => {
    const queues = linesWith(output, 'broker-a').map((line) => line[1]);
    return new Set(queues).size === count ? undefined : `${queues.length} queues of ${topic}, not ${count}`;
  });
}

function checkProgress({ topic, messages }: AdminScene): Check {
  return both(shows(/Diff Total: 0\b/), (output) => {
    // Topic, broker, queue, broker's offset, consumer's offset, ...
    const lines = linesWith(output, 'broker-a').filter(([first]) => first === topic);
    const [stored, consumed] = [sum(lines.map((line) => line[3])), sum(lines.map((line) => line[4]))];
    if (lines.length === 4 && stored === messages && consumed === messages) return undefined;
    return `${lines.length} queues, ${stored} stored and ${consumed} consumed`;
  });
}
