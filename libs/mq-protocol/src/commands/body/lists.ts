import { scalarText } from '../../json/index.js';
import { jsonBody } from './body-codec.js';

/** `{"table":{k:v}}`. Source: remoting/protocol/body/KVTable.java. */
export const kvTableBody = jsonBody<Map<string, string>>(
  'KVTable',
  (reader) => reader.entries('table', scalarText),
  (table) => ({ table }),
);

/** `brokerAddr` is there only in a name server's answer to GET_SYSTEM_TOPIC_LIST_FROM_NS. */
export interface TopicList {
  topicList: string[];
  brokerAddr?: string | undefined;
}

/** Source: remoting/protocol/body/TopicList.java. */
export const topicListBody = jsonBody<TopicList>(
  'TopicList',
  (reader) => ({ topicList: reader.strings('topicList'), brokerAddr: reader.optionalString('brokerAddr') }),
  (list) => ({ brokerAddr: list.brokerAddr, topicList: list.topicList }),
);

/** `{"groupList":[...]}`. Source: remoting/protocol/body/GroupList.java. */
export const groupListBody = jsonBody<string[]>(
  'GroupList',
  (reader) => reader.strings('groupList'),
  (groupList) => ({ groupList }),
);
