const MESSAGE_TYPES = ['UNSPECIFIED', 'NORMAL', 'FIFO', 'DELAY', 'TRANSACTION', 'MIXED'];

/** What `+key=value` may set. Others are refused rather than stored without effect. */
const KNOWN_ATTRIBUTES: Readonly<Record<string, readonly string[]>> = {
  'message.type': MESSAGE_TYPES,
  'queue.type': ['SimpleCQ'],
  'cleanup.policy': ['DELETE'],
};

/**
 * Applies an attribute change as administrators send it: `+key=value` adds or replaces, `-key` removes, separated by
 * commas. Throws a RangeError that names the part which is wrong.
 *
 * Source: common/attribute/AttributeUtil.java, common/TopicAttributes.java.
 */
export function applyAttributeChange(current: Record<string, string>, change: string): Record<string, string> {
  const next = { ...current };
  for (const part of change.split(',').filter((text) => text.trim() !== '')) {
    const [, sign, key, value] = /^\s*([+-])([^=\s]+)(?:=(.*))?$/.exec(part) ?? [];
    const allowed = key === undefined || !Object.hasOwn(KNOWN_ATTRIBUTES, key) ? undefined : KNOWN_ATTRIBUTES[key];
    if (key === undefined || allowed === undefined) throw new RangeError(`unsupported attribute: ${part}`);
    if (sign === '-') {
      delete next[key];
      continue;
    }
    if (value === undefined || !allowed.includes(value)) {
      throw new RangeError(`attribute ${key} must be one of ${allowed.join(', ')}`);
    }
    next[key] = value;
  }
  return next;
}
